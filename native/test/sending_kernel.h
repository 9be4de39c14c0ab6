// A kernel that takes messages and answers by script: what it took, and in which order, can be
// compared with the rows.
//
// Plays sendmmsg(2) and sendmsg(2) as Linux does: sendmmsg stops at the first message that fails or
// is taken in part, and hides that message's error when one went before it. Reads control data with
// the C library's own macros, so that the engine's writer is not judged by its own reader.
// Invariant, checked on every message: UDP_SEGMENT is 2 bytes, never on a single datagram, at most
// 64 segments, at most what one IP packet carries.
#pragma once

#include <netinet/in.h>

#include <algorithm>
#include <cstring>
#include <deque>
#include <functional>
#include <vector>

#include "../udp/control_messages.h"
#include "batch_fixture.h"
#include "check.h"
#include "unavailable_calls.h"

namespace burstwire::test {

// One message as the kernel sees it.
struct SeenMessage {
  PeerKey to;
  Bytes bytes;
  int32_t segment = 0;  // 0 = no UDP_SEGMENT
  int32_t ecn = 0;
  bool has_source = false;
  PeerKey source;
  size_t vectors = 0;
  bool by_sendmmsg = false;
};

struct TakenDatagram {
  uint16_t port;
  Bytes bytes;
  int32_t ecn;
};

class SendingKernel final : public UnavailableCalls {
 public:
  // Answers to the next messages offered, whichever call offers them: 0 = taken, below 0 = -errno,
  // above 0 = only so many bytes taken. Empty: `rule` decides.
  std::deque<int64_t> answers;
  // Answers to the next sendmmsg calls, before any message is looked at: kPass, -errno, 0, or above
  // 0 = at most so many messages.
  std::deque<int> batch_answers;
  // The same for sendmsg: kPass or -errno.
  std::deque<int> single_answers;
  // 0 = taken, below 0 = -errno, above 0 = only so many bytes taken.
  std::function<int64_t(const SeenMessage&)> rule = [](const SeenMessage&) { return 0; };
  bool sendmmsg_goes_on_after_a_part = false;  // as no Linux with UDP_SEGMENT should
  int64_t clock_ms = 0;
  int bind_answer = 0;  // is the address one of this machine?

  std::vector<SeenMessage> offered;  // each message of each call that looked at messages
  std::vector<TakenDatagram> taken;
  int batch_calls = 0;
  int single_calls = 0;

  static constexpr int kPass = 1 << 30;

  int calls() const { return batch_calls + single_calls; }
  int64_t now_ms() noexcept override { return clock_ms; }
  int bound = 0;
  int open_sockets = 0;
  int open_socket(int, int, int) noexcept override { return ++open_sockets; }
  int bind_socket(int, const sockaddr*, socklen_t) noexcept override {
    bound++;
    return bind_answer;
  }
  int close_descriptor(int) noexcept override {
    open_sockets--;
    return 0;
  }

  int send_messages(int, mmsghdr* messages, unsigned count, int flags) noexcept override {
    batch_calls++;
    CHECK_EQ(flags, MSG_DONTWAIT);
    CHECK(count >= 1 && count <= static_cast<unsigned>(kMostMessages));
    const int answer = pop(batch_answers);
    if (answer <= 0) return answer;
    const unsigned most = std::min(count, static_cast<unsigned>(answer));
    for (unsigned i = 0; i < most; i++) {
      const int64_t result = offer(messages[i].msg_hdr, true);
      if (result < 0) return i > 0 ? static_cast<int>(i) : static_cast<int>(result);
      messages[i].msg_len = static_cast<unsigned>(result);
      const bool whole = static_cast<size_t>(result) == offered.back().bytes.size();
      if (!whole && !sendmmsg_goes_on_after_a_part) return static_cast<int>(i) + 1;
    }
    return static_cast<int>(most);
  }

  int64_t send_message(int, const msghdr* message, int flags) noexcept override {
    single_calls++;
    CHECK_EQ(flags, MSG_DONTWAIT);
    const int answer = pop(single_answers);
    return answer <= 0 ? answer : offer(*message, false);
  }

 private:
  static int pop(std::deque<int>& script) {
    if (script.empty()) return kPass;
    const int answer = script.front();
    script.pop_front();
    return answer;
  }

  int64_t offer(const msghdr& header, bool by_sendmmsg) {
    SeenMessage message = look_at(header);
    message.by_sendmmsg = by_sendmmsg;
    check_limits(message);
    offered.push_back(message);
    int64_t answer = 0;
    if (answers.empty()) {
      answer = rule(message);
    } else {
      answer = answers.front();
      answers.pop_front();
    }
    if (answer < 0) return answer;
    const int64_t size = static_cast<int64_t>(message.bytes.size());
    const int64_t bytes = answer > 0 ? std::min(answer, size) : size;
    take(message, static_cast<size_t>(bytes));
    return bytes;
  }

  // A datagram of which only a part was taken did not leave.
  void take(const SeenMessage& message, size_t bytes) {
    const size_t step = message.segment > 0 ? static_cast<size_t>(message.segment)
                                            : std::max<size_t>(message.bytes.size(), 1);
    size_t at = 0;
    do {
      const size_t end = std::min(at + step, message.bytes.size());
      if (end > bytes) return;
      const auto from = message.bytes.begin();
      taken.push_back({message.to.port,
                       Bytes(from + static_cast<ptrdiff_t>(at), from + static_cast<ptrdiff_t>(end)),
                       message.ecn});
      at = end;
    } while (at < message.bytes.size());
  }

  static void check_limits(const SeenMessage& message) {
    const size_t most = message.to.is_ipv4() ? 65507 : 65527;
    if (message.segment == 0) return;
    const size_t segment = static_cast<size_t>(message.segment);
    CHECK(message.bytes.size() > segment);
    CHECK((message.bytes.size() + segment - 1) / segment <= 64);
    CHECK(message.bytes.size() <= most);
  }

  static SeenMessage look_at(const msghdr& header) {
    SeenMessage message;
    CHECK(read_sockaddr(static_cast<const sockaddr*>(header.msg_name), header.msg_namelen,
                        message.to));
    message.vectors = header.msg_iovlen;
    CHECK(header.msg_iovlen <= static_cast<size_t>(kMostVectors));
    for (size_t i = 0; i < header.msg_iovlen; i++) {
      const uint8_t* start = static_cast<const uint8_t*>(header.msg_iov[i].iov_base);
      message.bytes.insert(message.bytes.end(), start, start + header.msg_iov[i].iov_len);
    }
    msghdr copy = header;
    CHECK((copy.msg_controllen == 0) == (copy.msg_control == nullptr));
    for (cmsghdr* at = CMSG_FIRSTHDR(&copy); at != nullptr; at = CMSG_NXTHDR(&copy, at)) {
      read_one(message, *at);
    }
    return message;
  }

  static void read_one(SeenMessage& message, cmsghdr& header) {
    const uint8_t* data = CMSG_DATA(&header);
    if (header.cmsg_level == kSolUdp && header.cmsg_type == kUdpSegment) {
      CHECK_EQ(header.cmsg_len, CMSG_LEN(sizeof(uint16_t)));
      uint16_t segment = 0;
      std::memcpy(&segment, data, sizeof segment);
      CHECK(segment > 0);
      message.segment = segment;
    } else if ((header.cmsg_level == IPPROTO_IP && header.cmsg_type == IP_TOS) ||
               (header.cmsg_level == IPPROTO_IPV6 && header.cmsg_type == IPV6_TCLASS)) {
      CHECK_EQ(header.cmsg_level == IPPROTO_IP, message.to.is_ipv4());
      std::memcpy(&message.ecn, data, sizeof message.ecn);
    } else if (header.cmsg_level == IPPROTO_IP && header.cmsg_type == IP_PKTINFO) {
      in_pktinfo info{};
      std::memcpy(&info, data, sizeof info);
      message.has_source = true;
      message.source = key_of("::ffff:0.0.0.0", 0);
      std::memcpy(message.source.address.s6_addr + 12, &info.ipi_spec_dst, 4);
    } else if (header.cmsg_level == IPPROTO_IPV6 && header.cmsg_type == IPV6_PKTINFO) {
      in6_pktinfo info{};
      std::memcpy(&info, data, sizeof info);
      message.has_source = true;
      message.source.address = info.ipi6_addr;
      message.source.scope = info.ipi6_ifindex;
    } else {
      CHECK(!"a control message that the engine should not write");
    }
  }
};

}  // namespace burstwire::test
