// Secret bytes: wiping them so that no compiler leaves it out, and comparing them without telling
// where they differ.
//
// Owns nothing but what SecretBytes holds. Used by every file of native/crypto that holds a key.
// Invariant: a SecretBytes is zero before its memory is given back.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace burstwire {

// Overwrites memory with zeros. The empty statement takes the address, so the store is not dead.
inline void wipe(void* memory, size_t size) noexcept {
  if (size == 0) return;
  std::memset(memory, 0, size);
  __asm__ __volatile__("" : : "r"(memory) : "memory");
}

// Compares 16 bytes in a time that does not depend on them.
inline bool equal_16_constant_time(const uint8_t* left, const uint8_t* right) noexcept {
  uint64_t words[4];
  std::memcpy(words, left, 16);
  std::memcpy(words + 2, right, 16);
  uint64_t difference = (words[0] ^ words[2]) | (words[1] ^ words[3]);
  // Hides where the value comes from: else the first word might be compared, and branched on,
  // alone.
  __asm__("" : "+r"(difference));
  return difference == 0;
}

// A fixed number of secret bytes, wiped at the end of its life.
template <size_t kSize>
class SecretBytes {
 public:
  SecretBytes() noexcept = default;
  ~SecretBytes() { wipe(bytes_.data(), kSize); }
  SecretBytes(const SecretBytes&) = delete;
  SecretBytes& operator=(const SecretBytes&) = delete;

  void assign(const uint8_t* bytes) noexcept { std::memcpy(bytes_.data(), bytes, kSize); }
  void assign(const SecretBytes& other) noexcept { assign(other.data()); }
  void clear() noexcept { wipe(bytes_.data(), kSize); }
  uint8_t* data() noexcept { return bytes_.data(); }
  const uint8_t* data() const noexcept { return bytes_.data(); }

 private:
  std::array<uint8_t, kSize> bytes_{};
};

}  // namespace burstwire
