// SHA-256 (FIPS 180-4) and HMAC-SHA256 (RFC 2104) by the OpenSSL of the running process.
//
// No state between calls but one context where only EVP is there. Called by
// native/napi/primitives.cc, on one thread at a time. Invariant: a call allocates nothing, and what
// was mixed with a key is wiped before it returns.
#pragma once

#include <cstddef>
#include <cstdint>

#include "evp.h"

namespace burstwire {

inline constexpr size_t kSha256Bytes = 32;

class Sha256 {
 public:
  Sha256() noexcept = default;
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  // Looks the functions up and tests them. Null, or what is missing or failed; then the object must
  // not be used.
  const char* open(SymbolLookup lookup) noexcept;

  // 32 bytes to `digest`, which may lie within `data`. False when OpenSSL refuses.
  bool hash(const uint8_t* data, size_t bytes, uint8_t* digest) noexcept;

  // 32 bytes to `mac`, which may lie within `key` or `data`. Keys of any size.
  bool hmac(const uint8_t* key, size_t key_bytes, const uint8_t* data, size_t bytes,
            uint8_t* mac) noexcept;

  // Whether the functions below EVP are there.
  bool direct() const noexcept { return init_ != nullptr; }

 private:
  // OpenSSL's own types, never looked into. The state of the direct functions is 112 bytes
  // (SHA256_CTX, a public structure).
  struct Context;
  struct Digest;
  struct State {
    alignas(16) uint8_t bytes[256];
  };

  void find_direct_functions(SymbolLookup lookup) noexcept;
  const char* find_evp_functions(SymbolLookup lookup) noexcept;
  const char* self_test() noexcept;
  bool hash_two(const uint8_t* first, size_t first_bytes, const uint8_t* second,
                size_t second_bytes, uint8_t* digest) noexcept;

  int (*init_)(State* state) = nullptr;
  int (*update_)(State* state, const void* data, size_t bytes) = nullptr;
  int (*final_)(uint8_t* digest, State* state) = nullptr;

  Context* (*context_new_)() = nullptr;
  void (*context_free_)(Context* context) = nullptr;
  int (*evp_init_)(Context* context, const Digest* digest, void* engine) = nullptr;
  int (*evp_update_)(Context* context, const void* data, size_t bytes) = nullptr;
  int (*evp_final_)(Context* context, uint8_t* digest, unsigned* bytes) = nullptr;
  Context* context_ = nullptr;
};

}  // namespace burstwire
