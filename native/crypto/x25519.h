// X25519 (RFC 7748) by the OpenSSL of the running process, over raw keys of 32 bytes.
//
// Hashes nothing and remembers no key. Called by native/napi/primitives.cc. Two ways lead to the
// same multiplication: EVP, which every OpenSSL since 1.1.1 has, and the function below it, which
// Node's own build of OpenSSL 3 exports as well. EVP computes the public key of every private key
// that it is given, a second multiplication that nobody asked for, so the direct way is taken where
// it is there. Invariant: nothing is computed before the known answers of RFC 7748 section 6.1 have
// come out right.
#pragma once

#include <cstddef>
#include <cstdint>

#include "evp.h"

namespace burstwire {

inline constexpr size_t kX25519Bytes = 32;

class X25519 {
 public:
  // Looks the functions up and tests them. Null, or what is missing or failed; then the object must
  // not be used.
  const char* open(SymbolLookup lookup) noexcept;

  // The shared secret. False, with `secret` zero, when it would be all zero: `public_key` is a
  // point of low order (RFC 7748 section 6.1). Also when OpenSSL has no memory left.
  bool shared_secret(const uint8_t* private_key, const uint8_t* public_key,
                     uint8_t* secret) const noexcept;

  // The public key of a private one. False, with `public_key` zero, when OpenSSL has no memory
  // left.
  bool public_key(const uint8_t* private_key, uint8_t* public_key) const noexcept;

  // Whether the direct way is taken.
  bool direct() const noexcept { return multiply_ != nullptr; }

 private:
  // OpenSSL's own types, never looked into.
  struct Key;
  struct Context;

  const char* find_evp_functions(SymbolLookup lookup) noexcept;
  void find_direct_functions(SymbolLookup lookup) noexcept;
  const char* self_test() const noexcept;
  bool derive(const uint8_t* private_key, const uint8_t* public_key,
              uint8_t* secret) const noexcept;
  bool derive(Key* own, Key* remote, uint8_t* secret) const noexcept;

  Key* (*new_private_)(int type, void* engine, const uint8_t* key, size_t bytes) = nullptr;
  Key* (*new_public_)(int type, void* engine, const uint8_t* key, size_t bytes) = nullptr;
  int (*get_public_)(const Key* key, uint8_t* out, size_t* bytes) = nullptr;
  void (*free_key_)(Key* key) = nullptr;  // wipes it, too
  Context* (*new_context_)(Key* key, void* engine) = nullptr;
  void (*free_context_)(Context* context) = nullptr;
  int (*derive_init_)(Context* context) = nullptr;
  int (*derive_set_peer_)(Context* context, Key* peer) = nullptr;
  int (*derive_)(Context* context, uint8_t* out, size_t* bytes) = nullptr;
  int (*set_mark_)() = nullptr;
  int (*pop_to_mark_)() = nullptr;

  // 0 for an all-zero secret.
  int (*multiply_)(uint8_t* out, const uint8_t* private_key, const uint8_t* public_key) = nullptr;
  void (*multiply_base_)(uint8_t* out, const uint8_t* private_key) = nullptr;
};

}  // namespace burstwire
