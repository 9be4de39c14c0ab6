// The kernel that every process with OpenSSL has: EVP, one context a key.
//
// The context keeps the expanded key, so a packet costs an IV, not a key schedule. Owns contexts;
// copies the function table. Used by kernels.cc, and by ipsec_mb_aead.cc for ChaCha20-Poly1305.
#pragma once

#include "aead.h"
#include "evp.h"

namespace burstwire {

class EvpAeadMaker final : public AeadMaker {
 public:
  explicit EvpAeadMaker(const EvpFunctions& functions) noexcept : functions_(functions) {}

  const char* name() const noexcept override { return "openssl evp"; }
  // The key borrows this maker's function table: it must not outlive the maker.
  std::unique_ptr<AeadKey> make(Aead aead, Direction direction,
                                const uint8_t* key) const noexcept override;

 private:
  EvpFunctions functions_;
};

}  // namespace burstwire
