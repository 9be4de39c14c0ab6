// Packet numbers: from the 32 bits on the wire to the full number, and into a nonce.
//
// Pure arithmetic; used by seal.cc and open.cc. Numbers are int64 and below 2^53, so that
// JavaScript can hold each of them in a double.
#pragma once

#include <cstdint>
#include <cstring>

#include "aead.h"

namespace burstwire {

inline constexpr int64_t kLargestPacketNumber = (INT64_C(1) << 53) - 1;

// RFC 9000 appendix A.3 with 32 bits: the number nearest to `expected` that ends in `truncated`.
// Above kLargestPacketNumber where only such a one is near. `expected` is the largest number opened
// plus one.
inline int64_t expand_packet_number(uint32_t truncated, int64_t expected) noexcept {
  constexpr int64_t kWindow = INT64_C(1) << 32;
  constexpr int64_t kHalf = kWindow / 2;
  const int64_t candidate = (expected & ~(kWindow - 1)) | static_cast<int64_t>(truncated);
  if (candidate <= expected - kHalf && candidate + kWindow <= kLargestPacketNumber) {
    return candidate + kWindow;
  }
  if (candidate > expected + kHalf && candidate >= kWindow) return candidate - kWindow;
  return candidate;
}

// IV XOR number, the number as 64 bits in the last 8 of the 12 bytes (RFC 9001 section 5.3).
inline void write_nonce(const uint8_t* iv, int64_t number, uint8_t* nonce) noexcept {
  uint64_t tail = 0;
  std::memcpy(&tail, iv + 4, sizeof(tail));
  tail ^= __builtin_bswap64(static_cast<uint64_t>(number));
  std::memcpy(nonce, iv, 4);
  std::memcpy(nonce + 4, &tail, sizeof(tail));
}

inline uint32_t read_uint32(const uint8_t* bytes) noexcept {
  uint32_t value = 0;
  std::memcpy(&value, bytes, sizeof(value));
  return __builtin_bswap32(value);
}

inline void write_uint32(uint8_t* bytes, uint32_t value) noexcept {
  value = __builtin_bswap32(value);
  std::memcpy(bytes, &value, sizeof(value));
}

}  // namespace burstwire
