// See evp_aead.h. The order of calls is that of EVP_EncryptInit(3), section "AEAD Interface".
#include "evp_aead.h"

#include <climits>

#include "secret.h"

namespace burstwire {
namespace {

class EvpKey final : public AeadKey {
 public:
  EvpKey(const EvpFunctions& functions, EvpContext* context) noexcept
      : evp_(functions), context_(context) {}
  ~EvpKey() override { evp_.context_free(context_); }

  bool seal(const uint8_t* nonce, const Message& message) noexcept override {
    if (encrypt(nonce, message)) return true;
    wipe(message.payload(), message.payload_bytes);
    return false;
  }

  bool open(const uint8_t* nonce, const Message& message) noexcept override {
    if (decrypt(nonce, message)) return true;
    wipe(message.payload(), message.payload_bytes);
    return false;
  }

  bool rekey(Direction direction, const uint8_t* key) noexcept override {
    return init(direction, nullptr, key);
  }

  // `cipher`: null for the one that the context has.
  bool init(Direction direction, const EvpCipher* cipher, const uint8_t* key) noexcept {
    const auto start = direction == Direction::kSeal ? evp_.encrypt_init : evp_.decrypt_init;
    return start(context_, cipher, nullptr, key, nullptr) == 1;
  }

 private:
  bool encrypt(const uint8_t* nonce, const Message& message) noexcept {
    if (message.payload_bytes > INT_MAX) return false;
    uint8_t* payload = message.payload();
    const int bytes = static_cast<int>(message.payload_bytes);
    int written = 0;
    return evp_.encrypt_init(context_, nullptr, nullptr, nullptr, nonce) == 1 &&
           evp_.encrypt_update(context_, nullptr, &written, message.bytes,
                               static_cast<int>(message.header_bytes)) == 1 &&
           (bytes == 0 || evp_.encrypt_update(context_, payload, &written, payload, bytes) == 1) &&
           evp_.encrypt_final(context_, message.tag(), &written) == 1 &&
           evp_.control(context_, kEvpGetTag, static_cast<int>(kTagBytes), message.tag()) == 1;
  }

  bool decrypt(const uint8_t* nonce, const Message& message) noexcept {
    if (message.payload_bytes > INT_MAX) return false;
    uint8_t* payload = message.payload();
    const int bytes = static_cast<int>(message.payload_bytes);
    int written = 0;
    uint8_t rest[kTagBytes];  // no AEAD writes here; a pointer is asked for
    return evp_.decrypt_init(context_, nullptr, nullptr, nullptr, nonce) == 1 &&
           evp_.control(context_, kEvpSetTag, static_cast<int>(kTagBytes), message.tag()) == 1 &&
           evp_.decrypt_update(context_, nullptr, &written, message.bytes,
                               static_cast<int>(message.header_bytes)) == 1 &&
           (bytes == 0 || evp_.decrypt_update(context_, payload, &written, payload, bytes) == 1) &&
           evp_.decrypt_final(context_, rest, &written) == 1;
  }

  const EvpFunctions& evp_;
  EvpContext* context_;
};

const EvpCipher* cipher_of(const EvpFunctions& functions, Aead aead) noexcept {
  switch (aead) {
    case Aead::kAes128Gcm:
      return functions.aes_128_gcm();
    case Aead::kAes256Gcm:
      return functions.aes_256_gcm();
    case Aead::kChaCha20Poly1305:
      return functions.chacha20_poly1305();
  }
  return nullptr;
}

}  // namespace

std::unique_ptr<AeadKey> EvpAeadMaker::make(Aead aead, Direction direction,
                                            const uint8_t* key) const noexcept {
  EvpContext* context = functions_.context_new();
  if (context == nullptr) return nullptr;
  auto result = std::make_unique<EvpKey>(functions_, context);
  const EvpCipher* cipher = cipher_of(functions_, aead);
  if (cipher == nullptr || !result->init(direction, cipher, key)) return nullptr;
  return result;
}

}  // namespace burstwire
