// See self_test.h. Every input counts up from 0; the answers were computed with OpenSSL 3.0 and,
// independently, with @noble/ciphers 2.4. A tag covers the whole ciphertext, so it stands for it.
#include "self_test.h"

#include <algorithm>
#include <vector>

#include "header_key.h"

namespace burstwire {
namespace {

constexpr size_t kHeaderBytes = 13;

struct KnownTag {
  Aead aead;
  size_t payload_bytes;
  uint8_t tag[kTagBytes];
};

// No block, a part of a block behind two whole ones, and enough for the widest loop of each kernel.
constexpr KnownTag kKnownTags[] = {
    {Aead::kAes128Gcm,
     0,
     {0x6d, 0xda, 0x27, 0x13, 0xe1, 0x17, 0x0f, 0xfa, 0x27, 0x3b, 0x9c, 0xcd, 0x71, 0xcc, 0x28,
      0x26}},
    {Aead::kAes128Gcm,
     33,
     {0x19, 0x8f, 0xa4, 0x80, 0xfd, 0x10, 0xe3, 0x3f, 0x06, 0xb1, 0x97, 0x36, 0xbd, 0x6b, 0x5d,
      0x71}},
    {Aead::kAes128Gcm,
     1400,
     {0x9d, 0x61, 0x76, 0xd8, 0xef, 0x44, 0x84, 0xce, 0x07, 0xd8, 0xe8, 0x70, 0x27, 0x8b, 0x00,
      0xf2}},
    {Aead::kAes256Gcm,
     0,
     {0xbc, 0x75, 0x70, 0x6e, 0xc3, 0x24, 0xc2, 0xed, 0xbe, 0xc7, 0x1b, 0x07, 0xb5, 0xfe, 0xf6,
      0xd6}},
    {Aead::kAes256Gcm,
     33,
     {0xa4, 0x3e, 0xa9, 0x62, 0xb9, 0xb8, 0x84, 0xa3, 0xc2, 0x6c, 0x8c, 0xd1, 0x6d, 0x13, 0x69,
      0x4e}},
    {Aead::kAes256Gcm,
     1400,
     {0xb0, 0x6f, 0xa1, 0xa0, 0x5d, 0x50, 0x34, 0x12, 0x2a, 0x21, 0x8b, 0xb8, 0xa3, 0xa4, 0x58,
      0x7e}},
    {Aead::kChaCha20Poly1305,
     0,
     {0xb9, 0xbf, 0xbd, 0x73, 0x34, 0x08, 0x2a, 0xb0, 0x96, 0xb9, 0x25, 0x64, 0xba, 0x6f, 0x71,
      0xc3}},
    {Aead::kChaCha20Poly1305,
     33,
     {0x02, 0x4c, 0x24, 0xc3, 0x2d, 0xa3, 0x37, 0xe0, 0x92, 0x71, 0x14, 0x43, 0xdc, 0xec, 0xea,
      0xd6}},
    {Aead::kChaCha20Poly1305,
     1400,
     {0x46, 0xe5, 0x09, 0x9f, 0xb0, 0x52, 0x6b, 0x97, 0x31, 0x01, 0x38, 0x4d, 0x83, 0x8f, 0x52,
      0xce}},
};

struct KnownMask {
  Aead aead;
  uint8_t mask[5];
};

constexpr KnownMask kKnownMasks[] = {
    {Aead::kAes128Gcm, {0x0a, 0x94, 0x0b, 0xb5, 0x41}},
    {Aead::kAes256Gcm, {0x5a, 0x6e, 0x04, 0x57, 0x08}},
    {Aead::kChaCha20Poly1305, {0xb6, 0x5b, 0x70, 0xa7, 0x16}},
};

void count_up(uint8_t* bytes, size_t size) noexcept {
  for (size_t i = 0; i < size; i++) bytes[i] = static_cast<uint8_t>(i);
}

const char* check(const AeadMaker& maker, const KnownTag& known) noexcept {
  uint8_t key[kMostKeyBytes];
  uint8_t nonce[kNonceBytes];
  count_up(key, sizeof(key));
  count_up(nonce, sizeof(nonce));
  const auto sealing = maker.make(known.aead, Direction::kSeal, key);
  const auto opening = maker.make(known.aead, Direction::kOpen, key);
  if (sealing == nullptr || opening == nullptr) return "a key could not be set up";

  std::vector<uint8_t> bytes(kHeaderBytes + known.payload_bytes + kTagBytes);
  const Message message{bytes.data(), kHeaderBytes, known.payload_bytes};
  count_up(message.bytes, kHeaderBytes);
  count_up(message.payload(), known.payload_bytes);
  const std::vector<uint8_t> plain(message.payload(), message.tag());
  if (!sealing->seal(nonce, message) ||
      !std::equal(message.tag(), message.tag() + kTagBytes, known.tag)) {
    return "a known message was sealed wrongly";
  }
  if (!opening->open(nonce, message) ||
      !std::equal(plain.begin(), plain.end(), message.payload())) {
    return "a known message was opened wrongly";
  }
  message.tag()[0] ^= 1;
  if (opening->open(nonce, message)) return "a forged message was opened";
  return nullptr;
}

}  // namespace

const char* self_test(const AeadMaker& maker) noexcept {
  for (const KnownTag& known : kKnownTags) {
    if (const char* failure = check(maker, known)) return failure;
  }
  return nullptr;
}

const char* self_test_header_keys(const EvpFunctions& functions,
                                  ChaChaMasks chacha_masks) noexcept {
  uint8_t key[kMostKeyBytes];
  count_up(key, sizeof(key));
  for (const KnownMask& known : kKnownMasks) {
    const auto header_key = HeaderKey::make(functions, chacha_masks, known.aead, key);
    if (header_key == nullptr) return "a header key could not be set up";
    uint8_t sample[kSampleBytes];
    count_up(sample, sizeof(sample));
    if (!header_key->make_masks(sample, 1) ||
        !std::equal(sample, sample + sizeof(known.mask), known.mask)) {
      return "a known header mask came out wrong";
    }
  }
  return nullptr;
}

}  // namespace burstwire
