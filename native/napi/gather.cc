// See gather.h. Raw Node-API, as in socket_hot.cc: it runs once for each stream and batch, and no
// JavaScript runs in between.
#include "gather.h"

#include "../batch/gather.h"

namespace burstwire {
namespace {

constexpr size_t kArguments = 4;

// The data of a typed array of `wanted`. Nothing, of length 0, for anything else, and for one that
// is empty or was transferred away.
void* data_of(napi_env env, napi_value value, napi_typedarray_type wanted, size_t& length) {
  napi_typedarray_type type = napi_int8_array;
  void* data = nullptr;
  const napi_status status =
      napi_get_typedarray_info(env, value, &type, &length, &data, nullptr, nullptr);
  if (status == napi_ok && type == wanted && data != nullptr) return data;
  length = 0;
  return nullptr;
}

// False unless `count` pieces are there.
bool read_call(napi_env env, napi_callback_info info, Gathering& gathering) {
  napi_value arguments[kArguments];
  size_t given = kArguments;
  int32_t count = 0;
  if (napi_get_cb_info(env, info, &given, arguments, nullptr, nullptr) != napi_ok ||
      given < kArguments || napi_get_value_int32(env, arguments[3], &count) != napi_ok) {
    return false;
  }
  size_t places = 0;
  gathering.target =
      static_cast<uint8_t*>(data_of(env, arguments[0], napi_uint8_array, gathering.target_bytes));
  gathering.source = static_cast<const uint8_t*>(
      data_of(env, arguments[1], napi_uint8_array, gathering.source_bytes));
  gathering.pieces =
      static_cast<const int32_t*>(data_of(env, arguments[2], napi_int32_array, places));
  gathering.count = static_cast<size_t>(count);
  return count >= 0 && gathering.count <= places / 2;
}

}  // namespace

napi_value gather(napi_env env, napi_callback_info info) {
  Gathering gathering;
  const bool complete = read_call(env, info, gathering);
  napi_value result = nullptr;
  napi_create_int64(env, complete ? gather_pieces(gathering) : -1, &result);
  return result;
}

}  // namespace burstwire
