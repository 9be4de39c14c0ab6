// Marks an IP packet as having met congestion (RFC 3168). Knows no queue; called by link.cc when
// the queue is long. Invariant: the checksum of an IPv4 header is right afterwards if it was
// before.
#pragma once

#include <cstddef>
#include <cstdint>

namespace burstwire::netlab {

// Borrows `packet` for the call. False when the packet is not ECT, and nothing was changed then.
inline bool mark_ce(uint8_t* packet, size_t length) {
  constexpr int kCe = 3;
  const int version = length < 20 ? 0 : packet[0] >> 4;
  if (version == 6) {
    if (((packet[1] >> 4) & kCe) == 0) return false;
    packet[1] = static_cast<uint8_t>(packet[1] | (kCe << 4));
    return true;
  }
  if (version != 4 || (packet[1] & kCe) == 0) return false;
  const uint32_t added = kCe - static_cast<uint32_t>(packet[1] & kCe);
  packet[1] = static_cast<uint8_t>(packet[1] | kCe);
  // RFC 1624: the word grew by `added`, so the one's complement sum did, and its complement
  // shrinks.
  uint32_t sum = static_cast<uint32_t>(~(packet[10] << 8 | packet[11])) & 0xffff;
  sum += added;
  sum = (sum & 0xffff) + (sum >> 16);
  packet[10] = static_cast<uint8_t>(~sum >> 8);
  packet[11] = static_cast<uint8_t>(~sum);
  return true;
}

}  // namespace burstwire::netlab
