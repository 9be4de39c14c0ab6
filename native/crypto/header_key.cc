// See header_key.h.
#include "header_key.h"

#include <new>

namespace burstwire {

std::unique_ptr<HeaderKey> HeaderKey::make(const EvpFunctions& functions, ChaChaMasks chacha_masks,
                                           Aead aead, const uint8_t* key) noexcept {
  std::unique_ptr<HeaderKey> result(new (std::nothrow) HeaderKey(functions, chacha_masks));
  if (result == nullptr) return nullptr;
  if (aead == Aead::kChaCha20Poly1305) {
    result->chacha_key_.assign(key);
    return result;
  }
  result->ecb_ = functions.context_new();
  if (result->ecb_ == nullptr) return nullptr;
  const EvpCipher* cipher =
      aead == Aead::kAes128Gcm ? functions.aes_128_ecb() : functions.aes_256_ecb();
  if (functions.encrypt_init(result->ecb_, cipher, nullptr, key, nullptr) != 1 ||
      functions.set_padding(result->ecb_, 0) != 1) {
    return nullptr;
  }
  return result;
}

bool HeaderKey::rekey(const uint8_t* key) noexcept {
  if (ecb_ != nullptr) return evp_.encrypt_init(ecb_, nullptr, nullptr, key, nullptr) == 1;
  chacha_key_.assign(key);
  return true;
}

HeaderKey::~HeaderKey() {
  if (ecb_ != nullptr) evp_.context_free(ecb_);
}

bool HeaderKey::make_masks(uint8_t* samples, size_t count) noexcept {
  if (ecb_ == nullptr) {
    chacha_masks_(chacha_key_.data(), samples, count);
    return true;
  }
  int written = 0;
  return evp_.encrypt_update(ecb_, samples, &written, samples,
                             static_cast<int>(count * kSampleBytes)) == 1;
}

}  // namespace burstwire
