// Control messages (cmsg(3)) of UDP sockets: reading what came with a datagram, writing what goes
// with a train.
//
// Knows bytes only, no sockets and no rows. Called by receive.cc and trains.cc. The reader takes
// its input from the kernel but trusts none of it: any length, any order, unknown messages skipped;
// it is a fuzz target. Invariant: neither direction touches a byte outside the given buffer.
#pragma once

#include <netinet/in.h>

#include <cstddef>
#include <cstdint>

namespace burstwire {

// Absent from older libc headers; linux/udp.h.
inline constexpr int kSolUdp = 17;
inline constexpr int kUdpSegment = 103;
inline constexpr int kUdpGro = 104;

// What came with one message. Fields keep their defaults where the kernel said nothing.
struct ReceivedControl {
  int32_t segment_size = 0;  // UDP_GRO; 0 = a single datagram
  uint8_t ecn = 0;           // IP_TOS, IPV6_TCLASS: the two low bits
  bool has_local = false;    // IP_PKTINFO, IPV6_PKTINFO
  in6_addr local{};          // IPv4 as ::ffff:a.b.c.d
  uint32_t interface_index = 0;
  bool has_drops = false;  // SO_RXQ_OVFL: cumulative, wraps at 2^32
  uint32_t drops = 0;
};

// Reads `size` bytes of control data. Malformed data ends the reading; what was read before stands.
ReceivedControl read_control(const uint8_t* control, size_t size) noexcept;

// What goes with one message.
struct SentControl {
  uint16_t segment_size = 0;         // UDP_SEGMENT; 0 = none: never attached to a single datagram
  uint8_t ecn = 0;                   // 0 = none
  const in6_addr* source = nullptr;  // the address to send from; nullptr = the kernel chooses
  uint32_t interface_index = 0;      // for a link-local source
  bool ipv4 = false;                 // the destination is IPv4, also on an IPv6 socket
};

// Room for the three messages that write_control can write, for either family.
inline constexpr size_t kSentControlBytes = 128;
// Room for what is asked for on receive: GRO, TOS or TCLASS, PKTINFO of both families, drops; and
// to spare.
inline constexpr size_t kReceivedControlBytes = 256;

// Writes into `control` (kSentControlBytes, aligned for cmsghdr); returns the bytes used, 0 for no
// control data.
size_t write_control(uint8_t* control, const SentControl& sent) noexcept;

}  // namespace burstwire
