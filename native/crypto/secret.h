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

// Compares in a time that depends on `size` alone.
inline bool equal_constant_time(const uint8_t* left, const uint8_t* right, size_t size) noexcept {
  uint8_t difference = 0;
  for (size_t i = 0; i < size; i++) {
    difference = static_cast<uint8_t>(difference | (left[i] ^ right[i]));
    // Hides the value so far: without it the loop could be ended at the first difference.
    __asm__ __volatile__("" : "+r"(difference));
  }
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
