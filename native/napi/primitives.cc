// See primitives.h.
#include "primitives.h"

#include "../crypto/secret.h"
#include "process_symbol.h"
#include "values.h"

namespace burstwire {
namespace {

constexpr size_t kResultBytes = 32;
static_assert(kResultBytes == kX25519Bytes && kResultBytes == kSha256Bytes);

constexpr size_t kArguments = 3;

struct Call {
  Primitives* self = nullptr;
  uint8_t* result = nullptr;
  uint8_t* input = nullptr;
  size_t input_bytes = 0;  // room for inputs
  uint32_t sizes[kArguments - 1] = {};
};

// (memory: Uint8Array, ...sizes), of which `wanted_sizes` must be there. The data of an array that
// was transferred away is null.
bool read_call(napi_env env, napi_callback_info info, size_t wanted_sizes, Call& call) {
  napi_value arguments[kArguments];
  size_t count = kArguments;
  napi_value self = nullptr;
  void* wrapped = nullptr;
  if (napi_get_cb_info(env, info, &count, arguments, &self, nullptr) != napi_ok ||
      count < 1 + wanted_sizes || napi_unwrap(env, self, &wrapped) != napi_ok) {
    return false;
  }
  for (size_t i = 0; i < wanted_sizes; i++) {
    if (napi_get_value_uint32(env, arguments[1 + i], &call.sizes[i]) != napi_ok) return false;
  }
  napi_typedarray_type type = napi_int8_array;
  size_t length = 0;
  void* data = nullptr;
  if (napi_get_typedarray_info(env, arguments[0], &type, &length, &data, nullptr, nullptr) !=
          napi_ok ||
      type != napi_uint8_array || data == nullptr || length < kResultBytes) {
    return false;
  }
  call.self = static_cast<Primitives*>(wrapped);
  call.result = static_cast<uint8_t*>(data);
  call.input = call.result + kResultBytes;
  call.input_bytes = length - kResultBytes;
  return true;
}

napi_value boolean(napi_env env, bool value) {
  napi_value result = nullptr;
  napi_get_boolean(env, value, &result);
  return result;
}

}  // namespace

Primitives::Primitives(const Napi::CallbackInfo& info) : Napi::ObjectWrap<Primitives>(info) {
  const char* failure = x25519_.open(process_symbol);
  if (failure == nullptr) failure = sha256_.open(process_symbol);
  if (failure == nullptr) return;
  Napi::Error::New(info.Env(), std::string("no OpenSSL for handshakes: ") + failure)
      .ThrowAsJavaScriptException();
}

// In: private key, public key.
napi_value Primitives::x25519(napi_env env, napi_callback_info info) {
  Call call;
  if (!read_call(env, info, 0, call) || call.input_bytes < 2 * kX25519Bytes) {
    return boolean(env, false);
  }
  const uint8_t* remote = call.input + kX25519Bytes;
  const bool done = call.self->x25519_.shared_secret(call.input, remote, call.result);
  wipe(call.input, kX25519Bytes);
  return boolean(env, done);
}

// In: private key.
napi_value Primitives::x25519_public(napi_env env, napi_callback_info info) {
  Call call;
  if (!read_call(env, info, 0, call) || call.input_bytes < kX25519Bytes) {
    return boolean(env, false);
  }
  const bool done = call.self->x25519_.public_key(call.input, call.result);
  wipe(call.input, kX25519Bytes);
  return boolean(env, done);
}

// In: sizes[0] bytes.
napi_value Primitives::sha256(napi_env env, napi_callback_info info) {
  Call call;
  if (!read_call(env, info, 1, call) || call.sizes[0] > call.input_bytes) {
    return boolean(env, false);
  }
  return boolean(env, call.self->sha256_.hash(call.input, call.sizes[0], call.result));
}

// In: a key of sizes[0] bytes, data of sizes[1].
napi_value Primitives::hmac_sha256(napi_env env, napi_callback_info info) {
  Call call;
  if (!read_call(env, info, 2, call)) return boolean(env, false);
  const size_t key_bytes = call.sizes[0];
  const size_t data_bytes = call.sizes[1];
  if (key_bytes + data_bytes > call.input_bytes) return boolean(env, false);
  const bool done = call.self->sha256_.hmac(call.input, key_bytes, call.input + key_bytes,
                                            data_bytes, call.result);
  wipe(call.input, key_bytes + data_bytes);
  return boolean(env, done);
}

Napi::Function Primitives::define(Napi::Env env) {
  Napi::Function constructor = DefineClass(env, "Primitives", {});
  const auto method = [](const char* name, napi_callback callback) {
    return napi_property_descriptor{name,    nullptr, callback,     nullptr,
                                    nullptr, nullptr, napi_default, nullptr};
  };
  const napi_property_descriptor methods[] = {
      method("x25519", x25519), method("x25519Public", x25519_public), method("sha256", sha256),
      method("hmacSha256", hmac_sha256)};
  define_methods(env, constructor, methods);
  return constructor;
}

}  // namespace burstwire
