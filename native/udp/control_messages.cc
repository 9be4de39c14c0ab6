// Reading and writing of control messages. The libc's CMSG_NXTHDR is not used: when writing it
// looks at the length of the header that does not exist yet, and when reading it trusts lengths
// more than a fuzz target may.
#include "control_messages.h"

#include <sys/socket.h>

#include <algorithm>
#include <cstring>

namespace burstwire {
namespace {

constexpr size_t kHeaderBytes = CMSG_LEN(0);

constexpr size_t aligned(size_t size) noexcept {
  return (size + sizeof(size_t) - 1) & ~(sizeof(size_t) - 1);
}

// The kernel writes some fields as int, some as one byte, and a few vendors as two: takes what
// there is.
int32_t read_int(const uint8_t* data, size_t size) noexcept {
  if (size >= sizeof(int32_t)) {
    int32_t value = 0;
    std::memcpy(&value, data, sizeof value);
    return value;
  }
  if (size >= sizeof(uint16_t)) {
    uint16_t value = 0;
    std::memcpy(&value, data, sizeof value);
    return value;
  }
  return size == 1 ? data[0] : 0;
}

void map_ipv4(in6_addr& to, const in_addr& from) noexcept {
  to = {};
  to.s6_addr[10] = 0xff;
  to.s6_addr[11] = 0xff;
  std::memcpy(to.s6_addr + 12, &from, sizeof from);
}

void read_ipv4(ReceivedControl& into, int type, const uint8_t* data, size_t size) noexcept {
  if (type == IP_TOS) {
    into.ecn = static_cast<uint8_t>(read_int(data, size) & 3);
  } else if (type == IP_PKTINFO && size >= sizeof(in_pktinfo)) {
    in_pktinfo info{};
    std::memcpy(&info, data, sizeof info);
    // ipi_addr is the destination in the header; ipi_spec_dst is only the address that routing
    // would answer from.
    map_ipv4(into.local, info.ipi_addr);
    into.interface_index = static_cast<uint32_t>(info.ipi_ifindex);
    into.has_local = true;
  }
}

void read_ipv6(ReceivedControl& into, int type, const uint8_t* data, size_t size) noexcept {
  if (type == IPV6_TCLASS) {
    into.ecn = static_cast<uint8_t>(read_int(data, size) & 3);
  } else if (type == IPV6_PKTINFO && size >= sizeof(in6_pktinfo)) {
    in6_pktinfo info{};
    std::memcpy(&info, data, sizeof info);
    into.local = info.ipi6_addr;
    into.interface_index = info.ipi6_ifindex;
    into.has_local = true;
  }
}

void read_one(ReceivedControl& into, const cmsghdr& header, const uint8_t* data,
              size_t size) noexcept {
  if (header.cmsg_level == kSolUdp && header.cmsg_type == kUdpGro) {
    into.segment_size = std::max(0, read_int(data, size));
  } else if (header.cmsg_level == IPPROTO_IP) {
    read_ipv4(into, header.cmsg_type, data, size);
  } else if (header.cmsg_level == IPPROTO_IPV6) {
    read_ipv6(into, header.cmsg_type, data, size);
  } else if (header.cmsg_level == SOL_SOCKET && header.cmsg_type == SO_RXQ_OVFL &&
             size >= sizeof(uint32_t)) {
    std::memcpy(&into.drops, data, sizeof into.drops);
    into.has_drops = true;
  }
}

class ControlWriter {
 public:
  explicit ControlWriter(uint8_t* control) noexcept : control_(control) {}

  void append(int level, int type, const void* data, size_t size) noexcept {
    cmsghdr header{};
    header.cmsg_len = kHeaderBytes + size;
    header.cmsg_level = level;
    header.cmsg_type = type;
    std::memcpy(control_ + used_, &header, sizeof header);
    std::memcpy(control_ + used_ + kHeaderBytes, data, size);
    // The padding is not read by the kernel, but uninitialised bytes do not leave the process.
    const size_t end = used_ + kHeaderBytes + size;
    used_ += aligned(kHeaderBytes + size);
    std::memset(control_ + end, 0, used_ - end);
  }
  size_t used() const noexcept { return used_; }

 private:
  uint8_t* control_;
  size_t used_ = 0;
};

}  // namespace

ReceivedControl read_control(const uint8_t* control, size_t size) noexcept {
  ReceivedControl result;
  size_t at = 0;
  while (at < size && size - at >= kHeaderBytes) {
    cmsghdr header{};
    std::memcpy(&header, control + at, sizeof header);
    if (header.cmsg_len < kHeaderBytes || header.cmsg_len > size - at) break;
    read_one(result, header, control + at + kHeaderBytes, header.cmsg_len - kHeaderBytes);
    at += aligned(header.cmsg_len);
  }
  return result;
}

size_t write_control(uint8_t* control, const SentControl& sent) noexcept {
  static_assert(CMSG_SPACE(sizeof(uint16_t)) + CMSG_SPACE(sizeof(int)) +
                    CMSG_SPACE(sizeof(in6_pktinfo)) <=
                kSentControlBytes);
  ControlWriter writer(control);
  // UDP_SEGMENT first and, where possible, alone: a message with nothing else keeps a connected
  // socket's cached route.
  if (sent.segment_size != 0) {
    writer.append(kSolUdp, kUdpSegment, &sent.segment_size, sizeof sent.segment_size);
  }
  if (sent.ecn != 0) {
    const int tos = sent.ecn;
    if (sent.ipv4) {
      writer.append(IPPROTO_IP, IP_TOS, &tos, sizeof tos);
    } else {
      writer.append(IPPROTO_IPV6, IPV6_TCLASS, &tos, sizeof tos);
    }
  }
  if (sent.source != nullptr && sent.ipv4) {
    in_pktinfo info{};
    std::memcpy(&info.ipi_spec_dst, sent.source->s6_addr + 12, sizeof info.ipi_spec_dst);
    writer.append(IPPROTO_IP, IP_PKTINFO, &info, sizeof info);
  } else if (sent.source != nullptr) {
    in6_pktinfo info{};
    info.ipi6_addr = *sent.source;
    info.ipi6_ifindex = sent.interface_index;
    writer.append(IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof info);
  }
  return writer.used();
}

}  // namespace burstwire
