// A kernel that has messages to receive and hands them out by script.
//
// Plays recvmmsg(2) and recvmsg(2) as Linux does: an error in the middle of a batch waits for the
// next call, lengths are in-out and come back shorter, iovecs stay as they are. Invariant, checked
// on every call: each in-out field has its full value again, and the flags are those that the
// engine must always give.
#pragma once

#include <netinet/in.h>

#include <algorithm>
#include <cstring>
#include <deque>
#include <vector>

#include "../udp/control_messages.h"
#include "batch_fixture.h"
#include "check.h"
#include "unavailable_calls.h"

namespace burstwire::test {

// What the kernel has for one message: bytes, or an error in its place.
struct Arrival {
  int error = 0;  // -errno: there is no message
  Bytes bytes;
  Bytes name;
  Bytes control;
  int flags = 0;  // msg_flags
};

template <typename T>
void append_control(Bytes& control, int level, int type, const T& value) {
  cmsghdr header{};
  header.cmsg_len = CMSG_LEN(sizeof value);
  header.cmsg_level = level;
  header.cmsg_type = type;
  const size_t at = control.size();
  control.resize(at + CMSG_SPACE(sizeof value));
  std::memcpy(control.data() + at, &header, sizeof header);
  std::memcpy(control.data() + at + CMSG_LEN(0), &value, sizeof value);
}

inline Bytes name_of(const PeerKey& key, int family) {
  sockaddr_in6 storage{};
  const socklen_t size = write_sockaddr(key, family, storage);
  const uint8_t* start = reinterpret_cast<const uint8_t*>(&storage);
  return Bytes(start, start + size);
}

// A datagram, or a train when `segment` is above 0, from an IPv4 peer.
inline Arrival arrival_of(size_t length, uint16_t port = 1, int32_t segment = 0) {
  Arrival arrival;
  arrival.bytes.assign(length, static_cast<uint8_t>(port));
  arrival.name = name_of(key_of("192.0.2.1", port), AF_INET);
  if (segment > 0) append_control(arrival.control, kSolUdp, kUdpGro, segment);
  return arrival;
}

inline Arrival error_of(int error) {
  Arrival arrival;
  arrival.error = -error;
  return arrival;
}

class ReceivingKernel final : public UnavailableCalls {
 public:
  std::deque<Arrival> queue;
  // Answers to the next recvmmsg calls before the queue is looked at: -errno or 0.
  std::deque<int> batch_answers;
  int batch_calls = 0;
  int single_calls = 0;
  unsigned asked = 0;  // messages that the last recvmmsg call asked for

  int calls() const { return batch_calls + single_calls; }

  int receive_messages(int, mmsghdr* messages, unsigned count, int flags) noexcept override {
    batch_calls++;
    asked = count;
    CHECK_EQ(flags, MSG_DONTWAIT | MSG_TRUNC);
    if (!batch_answers.empty()) {
      const int answer = batch_answers.front();
      batch_answers.pop_front();
      return answer;
    }
    for (unsigned i = 0; i < count; i++) check_reset(messages[i].msg_hdr);
    for (unsigned i = 0; i < count; i++) {
      // An error in the middle is kept for the next call.
      if (i > 0 && !queue.empty() && queue.front().error != 0) return static_cast<int>(i);
      const int64_t result = hand_out(messages[i].msg_hdr);
      if (result < 0) return i > 0 ? static_cast<int>(i) : static_cast<int>(result);
      messages[i].msg_len = static_cast<unsigned>(result);
    }
    return static_cast<int>(count);
  }

  int64_t receive_message(int, msghdr* message, int flags) noexcept override {
    single_calls++;
    CHECK_EQ(flags, MSG_DONTWAIT | MSG_TRUNC);
    check_reset(*message);
    return hand_out(*message);
  }

 private:
  static void check_reset(const msghdr& header) {
    CHECK(header.msg_name != nullptr);
    CHECK_EQ(header.msg_namelen, sizeof(sockaddr_in6));
    CHECK(header.msg_control != nullptr);
    CHECK_EQ(header.msg_controllen, kReceivedControlBytes);
    CHECK_EQ(header.msg_flags, 0);
    CHECK_EQ(header.msg_iovlen, 1);
    // 64 KiB for each, or a train would be cut.
    CHECK_EQ(header.msg_iov[0].iov_len, 65536);
  }

  int64_t hand_out(msghdr& header) {
    if (queue.empty()) return -EAGAIN;
    const Arrival arrival = queue.front();
    queue.pop_front();
    if (arrival.error != 0) return arrival.error;
    const size_t size = std::min(arrival.bytes.size(), header.msg_iov[0].iov_len);
    if (size > 0) std::memcpy(header.msg_iov[0].iov_base, arrival.bytes.data(), size);
    const size_t name = std::min<size_t>(arrival.name.size(), header.msg_namelen);
    if (name > 0) std::memcpy(header.msg_name, arrival.name.data(), name);
    header.msg_namelen = static_cast<socklen_t>(arrival.name.size());
    const size_t control = std::min(arrival.control.size(), header.msg_controllen);
    if (control > 0) std::memcpy(header.msg_control, arrival.control.data(), control);
    header.msg_controllen = control;
    header.msg_flags = arrival.flags;
    // MSG_TRUNC among the flags of the call: the true length.
    return static_cast<int64_t>(arrival.bytes.size());
  }
};

}  // namespace burstwire::test
