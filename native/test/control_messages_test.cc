// Control messages: what is written can be read back, by this code and by the C library's macros,
// and nothing that a kernel could hand over makes the reader leave its buffer.
#include "../udp/control_messages.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <vector>

#include "batch_fixture.h"
#include "check.h"
#include "random.h"

namespace burstwire::test {
namespace {

// Builds received control data: exactly as many bytes as asked for, so that the sanitizer sees a
// read behind the end.
class ControlData {
 public:
  template <typename T>
  ControlData& add(int level, int type, const T& value) {
    return add_bytes(level, type, &value, sizeof value, CMSG_LEN(sizeof value));
  }
  ControlData& add_bytes(int level, int type, const void* data, size_t size, size_t said_length) {
    cmsghdr header{};
    header.cmsg_len = said_length;
    header.cmsg_level = level;
    header.cmsg_type = type;
    const size_t at = bytes_.size();
    bytes_.resize(at + CMSG_SPACE(size));
    std::memcpy(bytes_.data() + at, &header, sizeof header);
    std::memcpy(bytes_.data() + at + CMSG_LEN(0), data, size);
    return *this;
  }
  void cut(size_t size) { bytes_.resize(size); }
  size_t size() const { return bytes_.size(); }
  ReceivedControl read() const {
    const Bytes exact(bytes_);
    return read_control(exact.data(), exact.size());
  }

 private:
  Bytes bytes_;
};

in_pktinfo info_of(const char* address, int interface_index) {
  in_pktinfo info{};
  info.ipi_ifindex = interface_index;
  inet_pton(AF_INET, address, &info.ipi_addr);
  return info;
}

in6_pktinfo info6_of(const char* address, unsigned interface_index) {
  in6_pktinfo info{};
  info.ipi6_ifindex = interface_index;
  inet_pton(AF_INET6, address, &info.ipi6_addr);
  return info;
}

// What SentControl asked for, found by the C library's macros. 17 and 103 are SOL_UDP and
// UDP_SEGMENT of linux/udp.h.
struct Found {
  int messages = 0;
  int32_t segment = 0;
  size_t segment_bytes = 0;
  int32_t mark = 0;
  int mark_level = 0;
  int source_level = 0;
  in6_addr source6{};
  in_addr source4{};
  uint32_t interface_index = 0;
};

Found find_all(uint8_t* control, size_t size) {
  Found found;
  msghdr header{};
  header.msg_control = size > 0 ? control : nullptr;
  header.msg_controllen = size;
  for (cmsghdr* at = CMSG_FIRSTHDR(&header); at != nullptr; at = CMSG_NXTHDR(&header, at)) {
    found.messages++;
    if (at->cmsg_level == 17 && at->cmsg_type == 103) {
      found.segment_bytes = at->cmsg_len - CMSG_LEN(0);
      uint16_t segment = 0;
      std::memcpy(&segment, CMSG_DATA(at), sizeof segment);
      found.segment = segment;
    } else if (at->cmsg_type == (at->cmsg_level == IPPROTO_IP ? IP_TOS : IPV6_TCLASS)) {
      found.mark_level = at->cmsg_level;
      std::memcpy(&found.mark, CMSG_DATA(at), sizeof found.mark);
    } else if (at->cmsg_level == IPPROTO_IP && at->cmsg_type == IP_PKTINFO) {
      in_pktinfo info{};
      std::memcpy(&info, CMSG_DATA(at), sizeof info);
      found.source_level = IPPROTO_IP;
      found.source4 = info.ipi_spec_dst;
      found.interface_index = static_cast<uint32_t>(info.ipi_ifindex);
    } else if (at->cmsg_level == IPPROTO_IPV6 && at->cmsg_type == IPV6_PKTINFO) {
      in6_pktinfo info{};
      std::memcpy(&info, CMSG_DATA(at), sizeof info);
      found.source_level = IPPROTO_IPV6;
      found.source6 = info.ipi6_addr;
      found.interface_index = info.ipi6_ifindex;
    }
  }
  return found;
}

void check_written(bool ipv4, uint16_t segment, uint8_t ecn, bool with_source) {
  const PeerKey source = ipv4 ? key_of("192.0.2.7", 0) : key_of("2001:db8::7", 0);
  SentControl sent;
  sent.ipv4 = ipv4;
  sent.segment_size = segment;
  sent.ecn = ecn;
  if (with_source) sent.source = &source.address;
  sent.interface_index = 3;
  alignas(cmsghdr) uint8_t control[kSentControlBytes];
  std::memset(control, 0xee, sizeof control);
  const size_t size = write_control(control, sent);
  REQUIRE(size <= sizeof control);
  for (size_t i = size; i < sizeof control; i++) REQUIRE_EQ(control[i], 0xee);

  const Found found = find_all(control, size);
  const int family_level = ipv4 ? IPPROTO_IP : IPPROTO_IPV6;
  CHECK_EQ(found.messages, (segment > 0) + (ecn > 0) + static_cast<int>(with_source));
  CHECK_EQ(found.segment, segment);
  CHECK_EQ(found.segment_bytes, segment > 0 ? sizeof(uint16_t) : 0U);
  CHECK_EQ(found.mark, ecn);
  CHECK_EQ(found.mark_level, ecn > 0 ? family_level : 0);
  CHECK_EQ(found.source_level, with_source ? family_level : 0);
  if (!with_source) return;
  if (ipv4) {
    CHECK(std::memcmp(&found.source4, source.address.s6_addr + 12, 4) == 0);
    // The kernel picks the interface of an IPv4 source by route.
    CHECK_EQ(found.interface_index, 0);
  } else {
    CHECK(std::memcmp(&found.source6, &source.address, 16) == 0);
    CHECK_EQ(found.interface_index, 3);
  }
}

TEST(write_all_combinations) {
  for (const bool ipv4 : {true, false}) {
    for (const int segment : {0, 1, 1400, 65535}) {
      for (const int ecn : {0, 1, 2, 3}) {
        for (const bool with_source : {false, true}) {
          check_written(ipv4, static_cast<uint16_t>(segment), static_cast<uint8_t>(ecn),
                        with_source);
        }
      }
    }
  }
}

TEST(written_mark_and_ipv6_source_read_back) {
  const PeerKey source = key_of("fe80::1", 0);
  SentControl sent;
  sent.segment_size = 1200;
  sent.ecn = 2;
  sent.source = &source.address;
  sent.interface_index = 9;
  alignas(cmsghdr) uint8_t control[kSentControlBytes];
  const ReceivedControl read = read_control(control, write_control(control, sent));
  CHECK_EQ(read.ecn, 2);
  CHECK(read.has_local);
  CHECK(std::memcmp(&read.local, &source.address, 16) == 0);
  CHECK_EQ(read.interface_index, 9);
  CHECK_EQ(read.segment_size, 0);  // UDP_SEGMENT is not UDP_GRO
}

TEST(nothing_to_write_is_no_control_data) {
  alignas(cmsghdr) uint8_t control[kSentControlBytes];
  CHECK_EQ(write_control(control, SentControl{}), 0);
}

TEST(nothing_read_keeps_defaults) {
  const ReceivedControl read = read_control(nullptr, 0);
  CHECK_EQ(read.segment_size, 0);
  CHECK_EQ(read.ecn, 0);
  CHECK(!read.has_local);
  CHECK(!read.has_drops);
}

TEST(read_in_any_order_and_past_unknown_messages) {
  const int32_t segment = 1452;
  const uint32_t drops = 0xfffffff0U;
  const uint8_t tos = 0xb9;  // DSCP 46 and ECT(1)
  const in_pktinfo info = info_of("192.0.2.9", 5);
  const uint64_t timestamp[2] = {1, 2};
  int order[] = {0, 1, 2, 3, 4};
  int orders = 0;
  do {
    ControlData data;
    for (const int which : order) {
      if (which == 0) data.add(kSolUdp, kUdpGro, segment);
      if (which == 1) data.add(SOL_SOCKET, SO_RXQ_OVFL, drops);
      if (which == 2) data.add(IPPROTO_IP, IP_TOS, tos);
      if (which == 3) data.add(IPPROTO_IP, IP_PKTINFO, info);
      if (which == 4) data.add(SOL_SOCKET, 35, timestamp);  // SO_TIMESTAMPNS: never asked for
    }
    const ReceivedControl read = data.read();
    REQUIRE_EQ(read.segment_size, segment);
    REQUIRE(read.has_drops);
    REQUIRE_EQ(read.drops, drops);
    REQUIRE_EQ(read.ecn, 1);
    REQUIRE(read.has_local);
    REQUIRE(std::memcmp(read.local.s6_addr + 12, &info.ipi_addr, 4) == 0);
    REQUIRE(IN6_IS_ADDR_V4MAPPED(&read.local));
    REQUIRE_EQ(read.interface_index, 5);
    orders++;
  } while (std::next_permutation(order, order + 5));
  CHECK_EQ(orders, 120);
}

TEST(traffic_class_of_one_and_four_bytes) {
  CHECK_EQ(ControlData().add(IPPROTO_IP, IP_TOS, uint8_t{0x03}).read().ecn, 3);
  CHECK_EQ(ControlData().add(IPPROTO_IP, IP_TOS, int32_t{0x02}).read().ecn, 2);
  CHECK_EQ(ControlData().add(IPPROTO_IPV6, IPV6_TCLASS, int32_t{0xb8 | 1}).read().ecn, 1);
  CHECK_EQ(ControlData().add(IPPROTO_IPV6, IPV6_TCLASS, uint8_t{0x02}).read().ecn, 2);
}

TEST(segment_size_of_two_and_four_bytes) {
  CHECK_EQ(ControlData().add(kSolUdp, kUdpGro, int32_t{65000}).read().segment_size, 65000);
  CHECK_EQ(ControlData().add(kSolUdp, kUdpGro, uint16_t{1200}).read().segment_size, 1200);
  CHECK_EQ(ControlData().add(kSolUdp, kUdpGro, int32_t{-5}).read().segment_size, 0);
}

TEST(ipv6_packet_info) {
  const in6_pktinfo info = info6_of("2001:db8::5", 2);
  const ReceivedControl read = ControlData().add(IPPROTO_IPV6, IPV6_PKTINFO, info).read();
  CHECK(read.has_local);
  CHECK(std::memcmp(&read.local, &info.ipi6_addr, 16) == 0);
  CHECK_EQ(read.interface_index, 2);
}

TEST(a_malformed_length_ends_the_reading) {
  const int32_t segment = 1200;
  for (const size_t length :
       {size_t{0}, size_t{1}, CMSG_LEN(0) - 1, size_t{4096}, std::numeric_limits<size_t>::max(),
        std::numeric_limits<size_t>::max() - 7}) {
    ControlData data;
    data.add(IPPROTO_IP, IP_TOS, uint8_t{1});
    data.add_bytes(kSolUdp, kUdpGro, &segment, sizeof segment, length);
    data.add(SOL_SOCKET, SO_RXQ_OVFL, uint32_t{7});
    const ReceivedControl read = data.read();
    CHECK_EQ(read.ecn, 1);  // what was read before stands
    CHECK_EQ(read.segment_size, 0);
    CHECK(!read.has_drops);
  }
}

TEST(a_message_too_short_for_its_type_is_skipped) {
  const uint8_t few[4] = {1, 2, 3, 4};
  ControlData data;
  data.add_bytes(IPPROTO_IP, IP_PKTINFO, few, sizeof few, CMSG_LEN(sizeof few));
  data.add_bytes(IPPROTO_IPV6, IPV6_PKTINFO, few, sizeof few, CMSG_LEN(sizeof few));
  data.add_bytes(SOL_SOCKET, SO_RXQ_OVFL, few, 2, CMSG_LEN(2));
  data.add_bytes(kSolUdp, kUdpGro, few, 0, CMSG_LEN(0));
  data.add(IPPROTO_IP, IP_TOS, uint8_t{2});
  const ReceivedControl read = data.read();
  CHECK(!read.has_local);
  CHECK(!read.has_drops);
  CHECK_EQ(read.segment_size, 0);
  CHECK_EQ(read.ecn, 2);
}

TEST(a_buffer_cut_anywhere_is_safe) {
  ControlData whole;
  whole.add(IPPROTO_IP, IP_TOS, uint8_t{3}).add(kSolUdp, kUdpGro, int32_t{1000});
  whole.add(IPPROTO_IP, IP_PKTINFO, info_of("127.0.0.1", 1));
  for (size_t size = 0; size <= whole.size(); size++) {
    ControlData data = whole;
    data.cut(size);
    const ReceivedControl read = data.read();
    CHECK_EQ(read.ecn, size >= CMSG_LEN(1) ? 3 : 0);
    CHECK_EQ(read.segment_size, size >= CMSG_SPACE(1) + CMSG_LEN(4) ? 1000 : 0);
  }
}

TEST(random_bytes_stay_inside) {
  Random random(1);
  for (int round = 0; round < 100000; round++) {
    Bytes data(static_cast<size_t>(random.between(0, 200)));
    for (uint8_t& byte : data) byte = static_cast<uint8_t>(random.next());
    // A believable length now and then, so that more than the first header is looked at.
    if (data.size() >= 16 && random.one_in(2)) {
      const uint64_t length = static_cast<uint64_t>(random.between(0, 64));
      std::memcpy(data.data(), &length, sizeof length);
    }
    const ReceivedControl read = read_control(data.data(), data.size());
    REQUIRE(read.segment_size >= 0);
    REQUIRE(read.ecn <= 3);
  }
}

}  // namespace
}  // namespace burstwire::test
