// Arguments and results of the calls that run once per batch, in raw Node-API.
//
// Used by socket_hot.cc and dgram_calls.cc. Invariant: runs no JavaScript; what is not of the
// expected type is nothing, never an error.
#pragma once

#include <node_api.h>
#include <sys/uio.h>

#include <cstddef>
#include <cstdint>

namespace burstwire {

inline napi_value make_integer(napi_env env, int32_t value) {
  napi_value result = nullptr;
  napi_create_int32(env, value, &result);
  return result;
}

// The bytes of a Uint8Array; empty when it is none, or when its buffer was transferred away.
inline iovec bytes_of(napi_env env, napi_value value) {
  napi_typedarray_type type = napi_int8_array;
  size_t length = 0;
  void* data = nullptr;
  const napi_status status =
      napi_get_typedarray_info(env, value, &type, &length, &data, nullptr, nullptr);
  if (status != napi_ok || type != napi_uint8_array || data == nullptr) return {nullptr, 0};
  return {data, length};
}

// The object behind `this` and exactly kCount arguments; nullptr when there are fewer.
template <typename Wrapped, size_t kCount>
Wrapped* read_arguments(napi_env env, napi_callback_info info, napi_value (&arguments)[kCount]) {
  size_t count = kCount;
  napi_value self = nullptr;
  void* wrapped = nullptr;
  if (napi_get_cb_info(env, info, &count, arguments, &self, nullptr) != napi_ok || count < kCount ||
      napi_unwrap(env, self, &wrapped) != napi_ok) {
    return nullptr;
  }
  return static_cast<Wrapped*>(wrapped);
}

template <typename Wrapped>
Wrapped* read_self(napi_env env, napi_callback_info info) {
  size_t count = 0;
  napi_value self = nullptr;
  void* wrapped = nullptr;
  if (napi_get_cb_info(env, info, &count, nullptr, &self, nullptr) != napi_ok ||
      napi_unwrap(env, self, &wrapped) != napi_ok) {
    return nullptr;
  }
  return static_cast<Wrapped*>(wrapped);
}

}  // namespace burstwire
