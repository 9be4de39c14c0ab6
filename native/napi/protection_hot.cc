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

// Of `open`; `seal` takes the sources behind them.
constexpr size_t kArguments = 4;
constexpr size_t kSealArguments = 5;

struct Call {
  Protection* self = nullptr;
  napi_value arguments[kSealArguments];
  RowView view;
  int32_t from = 0;
  int32_t to = 0;
};

// (bytes: Uint8Array, rows: Int32Array, from, to): the receiver and the two numbers. An argument
// that was not given is undefined.
bool read_call(napi_env env, napi_callback_info info, Call& call) {
  size_t count = kSealArguments;
  napi_value self = nullptr;
  void* wrapped = nullptr;
  if (napi_get_cb_info(env, info, &count, call.arguments, &self, nullptr) != napi_ok ||
      count < kArguments || napi_unwrap(env, self, &wrapped) != napi_ok ||
      napi_get_value_int32(env, call.arguments[2], &call.from) != napi_ok ||
      napi_get_value_int32(env, call.arguments[3], &call.to) != napi_ok) {
    return false;
  }
  call.self = static_cast<Protection*>(wrapped);
  return true;
}

// Slab and rows. False unless the two numbers name rows that exist.
bool read_memory(napi_env env, Call& call) {
  size_t places = 0;
  call.view.slab = static_cast<uint8_t*>(
      data_of(env, call.arguments[0], napi_uint8_array, call.view.slab_bytes));
  call.view.rows = static_cast<int32_t*>(data_of(env, call.arguments[1], napi_int32_array, places));
  return call.view.slab != nullptr && call.view.rows != nullptr && call.from >= 0 &&
         call.from <= call.to && static_cast<size_t>(call.to) <= places / kRowInts;
}

}  // namespace

// The array's elements first, all of them, then their addresses: an array that is not the caller's
// own may run JavaScript when it is read, and nothing that was asked for before holds then. Rows
// that name a place behind `most` are not sealed. False when JavaScript threw, or called back here.
bool Protection::read_sources(napi_env env, napi_value array, size_t most, RowView& view) {
  uint32_t length = 0;
  if (is_reading_sources_) return false;
  if (napi_get_array_length(env, array, &length) != napi_ok) return true;
  const size_t count = std::min(static_cast<size_t>(length), most);
  if (sources_.size() < count) {
    sources_.resize(count);
    elements_.resize(count);
  }
  is_reading_sources_ = true;
  bool read = true;
  for (uint32_t i = 0; read && i < count; i++) {
    read = napi_get_element(env, array, i, &elements_[i]) == napi_ok;
  }
  is_reading_sources_ = false;
  for (size_t i = 0; read && i < count; i++) {
    Source& source = sources_[i];
    source.data =
        static_cast<const uint8_t*>(data_of(env, elements_[i], napi_uint8_array, source.size));
    if (source.data == nullptr) source.size = 0;
  }
  view.sources = sources_.data();
  view.source_count = count;
  return read;
}

// (..., sources: Uint8Array[]) -> rows sealed. A source that is none, or was transferred away, has
// no bytes.
napi_value Protection::seal(napi_env env, napi_callback_info info) {
  Call call;
  size_t places = 0;
  if (!read_call(env, info, call)) return integer(env, 0);
  data_of(env, call.arguments[1], napi_int32_array, places);
  if (!call.self->read_sources(env, call.arguments[kArguments], places / kRowInts, call.view) ||
      !read_memory(env, call)) {
    return integer(env, 0);
  }
  call.view.counts = call.self->counts(env);
  if (call.view.counts == nullptr) return integer(env, 0);
  return integer(env, call.self->protection_->seal(call.view, call.from, call.to));
}

// -> rows opened.
napi_value Protection::open(napi_env env, napi_callback_info info) {
  Call call;
  if (!read_call(env, info, call) || !read_memory(env, call)) return integer(env, 0);
  call.view.counts = call.self->counts(env);
  if (call.view.counts == nullptr) return integer(env, 0);
  return integer(env, call.self->protection_->open(call.view, call.from, call.to));
}

}  // namespace burstwire
