// The header key of a slot: from samples of ciphertext to the masks that hide packet number and
// phase (RFC 9001 section 5.4).
//
// Knows no packet format. AES: one call of EVP's AES-ECB for all samples; ChaCha20: chacha_masks.h.
// Owns the key; wiped when it ends. Used by seal.cc and open.cc for each run of rows of one slot.
#pragma once

#include "aead.h"
#include "chacha_masks.h"
#include "evp.h"
#include "secret.h"

namespace burstwire {

class HeaderKey {
 public:
  // Copies `key_bytes(aead)` bytes of the key; borrows the function table as long as it lives. Null
  // only if memory or the library beneath fails.
  static std::unique_ptr<HeaderKey> make(const EvpFunctions& functions, ChaChaMasks chacha_masks,
                                         Aead aead, const uint8_t* key) noexcept;
  // Becomes another key of the same AEAD, in the same memory. False, and of no use any more, only
  // if the library beneath fails.
  bool rekey(const uint8_t* key) noexcept;
  ~HeaderKey();
  HeaderKey(const HeaderKey&) = delete;
  HeaderKey& operator=(const HeaderKey&) = delete;

  // Replaces `count` samples, kSampleBytes apart, by their masks: the first 5 bytes of each place.
  // False, with nothing to be used, only if the library beneath fails.
  bool make_masks(uint8_t* samples, size_t count) noexcept;

 private:
  HeaderKey(const EvpFunctions& functions, ChaChaMasks chacha_masks) noexcept
      : evp_(functions), chacha_masks_(chacha_masks) {}

  const EvpFunctions& evp_;
  ChaChaMasks chacha_masks_;
  EvpContext* ecb_ = nullptr;  // null for ChaCha20
  SecretBytes<32> chacha_key_;
};

}  // namespace burstwire
