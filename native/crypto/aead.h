// The AEADs of packets, and what a kernel must bring: one key of one AEAD that seals and opens in
// place.
//
// Knows no packet format, no packet numbers and no key slots. Implemented by evp_aead.cc and
// ipsec_mb_aead.cc; used by key_table.cc, seal.cc and open.cc. Invariant: `open` never leaves
// plaintext behind that it did not authenticate.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace burstwire {

// The values are those that JavaScript passes.
enum class Aead : uint8_t { kAes128Gcm = 0, kAes256Gcm = 1, kChaCha20Poly1305 = 2 };
inline constexpr int kAeadCount = 3;

// What a key is for; no key does both. The values are those that JavaScript passes.
enum class Direction : uint8_t { kSeal = 0, kOpen = 1 };

inline constexpr size_t kNonceBytes = 12;
inline constexpr size_t kTagBytes = 16;
inline constexpr size_t kMostKeyBytes = 32;

// Of a key, and of the header key that belongs to it.
constexpr size_t key_bytes(Aead aead) noexcept { return aead == Aead::kAes128Gcm ? 16 : 32; }

// One message in place: associated data, then the payload, then the tag, without a gap.
struct Message {
  uint8_t* bytes = nullptr;
  size_t header_bytes = 0;
  size_t payload_bytes = 0;

  uint8_t* payload() const noexcept { return bytes + header_bytes; }
  uint8_t* tag() const noexcept { return payload() + payload_bytes; }
};

// One key of one direction, expanded: the method of the other direction is not called. Owns it and
// wipes it when it ends. Not for two threads at a time.
class AeadKey {
 public:
  AeadKey() noexcept = default;
  virtual ~AeadKey() = default;
  AeadKey(const AeadKey&) = delete;
  AeadKey& operator=(const AeadKey&) = delete;

  // Encrypts the payload and writes the tag. False, with the payload wiped, only if the library
  // beneath fails. The caller never uses a nonce twice.
  virtual bool seal(const uint8_t* nonce, const Message& message) noexcept = 0;
  // Decrypts the payload. False when the tag does not fit; the payload is wiped then.
  virtual bool open(const uint8_t* nonce, const Message& message) noexcept = 0;
  // Becomes another key of the same AEAD, for that direction, in the same memory; nothing of the
  // old one is left. Copies the bytes. False, and of no use any more, only if the library beneath
  // fails.
  virtual bool rekey(Direction direction, const uint8_t* key) noexcept = 0;
};

// Makes keys for one kernel.
class AeadMaker {
 public:
  AeadMaker() noexcept = default;
  virtual ~AeadMaker() = default;
  AeadMaker(const AeadMaker&) = delete;
  AeadMaker& operator=(const AeadMaker&) = delete;

  // What does the work, as `Protection.kernel` tells it.
  virtual const char* name() const noexcept = 0;
  // Copies `key_bytes(aead)` bytes. Null only if memory or the library beneath fails.
  virtual std::unique_ptr<AeadKey> make(Aead aead, Direction direction,
                                        const uint8_t* key) const noexcept = 0;
};

}  // namespace burstwire
