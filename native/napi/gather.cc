// See gather.h. Raw Node-API, as in socket_hot.cc: it runs once for each stream and batch.
#include "gather.h"

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace burstwire {
namespace {

constexpr size_t kArguments = 4;

// The data of a typed array of `wanted`; null for anything else, and for one transferred away.
void* data_of(napi_env env, napi_value value, napi_typedarray_type wanted, size_t& length) {
  napi_typedarray_type type = napi_int8_array;
  void* data = nullptr;
  const napi_status status =
      napi_get_typedarray_info(env, value, &type, &length, &data, nullptr, nullptr);
  return status == napi_ok && type == wanted ? data : nullptr;
}

// Bytes of all pieces together; -1 when one lies outside `source_bytes`.
int64_t total_of(const int32_t* pieces, size_t count, size_t source_bytes) {
  int64_t total = 0;
  for (size_t i = 0; i < count; i++) {
    const int32_t offset = pieces[2 * i];
    const int32_t length = pieces[2 * i + 1];
    if (offset < 0 || length < 0) return -1;
    if (static_cast<size_t>(offset) + static_cast<size_t>(length) > source_bytes) return -1;
    total += length;
  }
  return total;
}

int64_t gather_pieces(napi_env env, napi_callback_info info) {
  napi_value arguments[kArguments];
  size_t given = kArguments;
  int32_t count = 0;
  if (napi_get_cb_info(env, info, &given, arguments, nullptr, nullptr) != napi_ok ||
      given < kArguments || napi_get_value_int32(env, arguments[3], &count) != napi_ok ||
      count < 0) {
    return -1;
  }
  size_t target_bytes = 0;
  size_t source_bytes = 0;
  size_t places = 0;
  auto* target =
      static_cast<uint8_t*>(data_of(env, arguments[0], napi_uint8_array, target_bytes));
  const auto* source =
      static_cast<const uint8_t*>(data_of(env, arguments[1], napi_uint8_array, source_bytes));
  const auto* pieces =
      static_cast<const int32_t*>(data_of(env, arguments[2], napi_int32_array, places));
  if (target == nullptr || source == nullptr || pieces == nullptr) return -1;
  const auto wanted = static_cast<size_t>(count);
  if (wanted > places / 2) return -1;
  const int64_t total = total_of(pieces, wanted, source_bytes);
  if (total < 0 || static_cast<size_t>(total) > target_bytes) return -1;
  size_t at = 0;
  for (size_t i = 0; i < wanted; i++) {
    const auto length = static_cast<size_t>(pieces[2 * i + 1]);
    std::memcpy(target + at, source + pieces[2 * i], length);
    at += length;
  }
  return total;
}

}  // namespace

napi_value gather(napi_env env, napi_callback_info info) {
  napi_value result = nullptr;
  napi_create_int64(env, gather_pieces(env, info), &result);
  return result;
}

}  // namespace burstwire
