// Primitives, the class that JavaScript holds for its handshakes: X25519, SHA-256, HMAC-SHA256.
//
// Knows no protocol and keeps no key. Its caller is lib/crypto/native-primitives.ts, which checks
// sizes first. Raw Node-API: a handshake makes some eighty calls, of a microsecond each.
//
// Every call takes one array, `memory`: 32 bytes for the result, then the inputs (PRIMITIVES_* in
// binding.ts). One array that stays, since V8 keeps short arrays within its own heap and has to
// move each of them out before an addon may see it. It is borrowed until return of the call, and
// asked for in each. Invariant: every method is safe to call with anything; keys are wiped from
// `memory` before it returns.
#pragma once

#include <napi.h>

#include "../crypto/sha256.h"
#include "../crypto/x25519.h"

namespace burstwire {

class Primitives final : public Napi::ObjectWrap<Primitives> {
 public:
  static Napi::Function define(Napi::Env env);

  // (): throws an Error with the reason if this process offers no OpenSSL, or a wrong one.
  explicit Primitives(const Napi::CallbackInfo& info);
  Primitives(const Primitives&) = delete;
  Primitives& operator=(const Primitives&) = delete;

 private:
  static napi_value x25519(napi_env env, napi_callback_info info);
  static napi_value x25519_public(napi_env env, napi_callback_info info);
  static napi_value sha256(napi_env env, napi_callback_info info);
  static napi_value hmac_sha256(napi_env env, napi_callback_info info);

  X25519 x25519_;
  Sha256 sha256_;
};

}  // namespace burstwire
