// The two calls that run once per batch and direction. Raw Node-API, as in socket_hot.cc: every
// pointer is asked for here and forgotten on return; no JavaScript runs in between.
#include <algorithm>

#include "protection_wrap.h"

namespace burstwire {
namespace {

napi_value integer(napi_env env, int32_t value) {
  napi_value result = nullptr;
  napi_create_int32(env, value, &result);
  return result;
}

// The data of a typed array of `wanted`; null for anything else, and for one transferred away.
void* data_of(napi_env env, napi_value value, napi_typedarray_type wanted, size_t& length) {
  napi_typedarray_type type = napi_int8_array;
  void* data = nullptr;
  const napi_status status =
      napi_get_typedarray_info(env, value, &type, &length, &data, nullptr, nullptr);
  return status == napi_ok && type == wanted ? data : nullptr;
}

constexpr size_t kArguments = 4;
// Of seal: the sources behind them.
constexpr size_t kSealArguments = 5;
// Sources in one batch; rows that name more are not sealed.
constexpr uint32_t kMostSources = 1024;

struct Call {
  Protection* self = nullptr;
  RowView view;
  int32_t from = 0;
  int32_t to = 0;
};

// (bytes: Uint8Array, rows: Int32Array, from, to). False unless they name rows that exist.
bool read_call(napi_env env, napi_callback_info info, Call& call) {
  napi_value arguments[kArguments];
  size_t count = kArguments;
  napi_value self = nullptr;
  void* wrapped = nullptr;
  if (napi_get_cb_info(env, info, &count, arguments, &self, nullptr) != napi_ok ||
      count < kArguments || napi_unwrap(env, self, &wrapped) != napi_ok ||
      napi_get_value_int32(env, arguments[2], &call.from) != napi_ok ||
      napi_get_value_int32(env, arguments[3], &call.to) != napi_ok) {
    return false;
  }
  size_t places = 0;
  call.self = static_cast<Protection*>(wrapped);
  call.view.slab =
      static_cast<uint8_t*>(data_of(env, arguments[0], napi_uint8_array, call.view.slab_bytes));
  call.view.rows = static_cast<int32_t*>(data_of(env, arguments[1], napi_int32_array, places));
  return call.view.slab != nullptr && call.view.rows != nullptr && call.from >= 0 &&
         call.from <= call.to && static_cast<size_t>(call.to) <= places / kRowInts;
}

// The fifth argument, if there is one. False when it cannot be read.
bool read_sources(napi_env env, napi_callback_info info, Source* sources, RowView& view) {
  napi_value arguments[kSealArguments];
  size_t count = kSealArguments;
  uint32_t length = 0;
  if (napi_get_cb_info(env, info, &count, arguments, nullptr, nullptr) != napi_ok) return false;
  if (count < kSealArguments) return true;
  if (napi_get_array_length(env, arguments[kArguments], &length) != napi_ok) return false;
  length = std::min(length, kMostSources);
  for (uint32_t i = 0; i < length; i++) {
    napi_value element = nullptr;
    if (napi_get_element(env, arguments[kArguments], i, &element) != napi_ok) return false;
    sources[i].data =
        static_cast<const uint8_t*>(data_of(env, element, napi_uint8_array, sources[i].size));
    if (sources[i].data == nullptr) sources[i].size = 0;
  }
  view.sources = sources;
  view.source_count = length;
  return true;
}

}  // namespace

// (..., sources: Uint8Array[]) -> rows sealed. A source that is none, or was transferred away, has
// no bytes.
napi_value Protection::seal(napi_env env, napi_callback_info info) {
  Call call;
  Source sources[kMostSources];
  if (!read_call(env, info, call) || !read_sources(env, info, sources, call.view)) {
    return integer(env, 0);
  }
  call.view.counts = call.self->counts(env);
  if (call.view.counts == nullptr) return integer(env, 0);
  return integer(env, call.self->protection_->seal(call.view, call.from, call.to));
}

// -> rows opened.
napi_value Protection::open(napi_env env, napi_callback_info info) {
  Call call;
  if (!read_call(env, info, call)) return integer(env, 0);
  call.view.counts = call.self->counts(env);
  if (call.view.counts == nullptr) return integer(env, 0);
  return integer(env, call.self->protection_->open(call.view, call.from, call.to));
}

}  // namespace burstwire
