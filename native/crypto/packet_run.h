// What seal.cc and open.cc share: where a packet lies, and the masks of a run of rows.
//
// Private to those two files, packet_protection.cc and the benchmark. Invariant: a pointer made
// here lies inside the slab, with a whole header, sample and tag behind it.
#pragma once

#include <cstring>

#include "packet_number.h"
#include "packet_protection.h"

namespace burstwire {

inline constexpr int32_t kLeastPacketBytes = kPacketHeaderBytes + kPacketTagBytes;
// Rows of one slot whose masks are made in one call; their samples fill 1 KB of stack.
inline constexpr size_t kRunRows = 64;

struct PacketProtection::Run {
  size_t length = 0;
  // Of the row at hand. The nonce of packet 0 is the IV itself, so it must not stay on the stack.
  SecretBytes<kNonceBytes> nonce;
  int32_t* rows[kRunRows];
  alignas(64) uint8_t masks[kRunRows * kSampleBytes];

  uint8_t* mask(size_t i) noexcept { return masks + i * kSampleBytes; }
  // The sample is what follows the header (RFC 9001 section 5.4.2 with a number of 4 bytes).
  void take_sample(size_t i, const uint8_t* packet) noexcept {
    std::memcpy(mask(i), packet + kPacketHeaderBytes, kSampleBytes);
  }
};

inline uint8_t* packet_of(const RowView& view, const int32_t* row) noexcept {
  return view.slab + row[kOffset];
}

inline double* counts_of(const RowView& view, const KeySlot& slot) noexcept {
  return view.counts + static_cast<ptrdiff_t>(slot.index) * kKeyCounts;
}

inline Message message_of(uint8_t* packet, int32_t length) noexcept {
  return {packet, static_cast<size_t>(kPacketHeaderBytes),
          static_cast<size_t>(length - kLeastPacketBytes)};
}

// Puts header protection on, or takes it off: the same.
inline void apply_mask(uint8_t* packet, const uint8_t* mask) noexcept {
  packet[0] = static_cast<uint8_t>(packet[0] ^ (mask[0] & kHeaderMaskBits));
  uint8_t* number = packet + kPacketNumberOffset;
  write_uint32(number, read_uint32(number) ^ read_uint32(mask + 1));
}

}  // namespace burstwire
