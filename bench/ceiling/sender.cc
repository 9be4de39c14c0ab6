// The sending half of the ceiling: the fastest plain C++ way to hand datagrams to the kernel, one
// loop a mode. Builds its messages once and allocates nothing afterwards. Called by main().
// Invariant: every datagram has the same size, and only datagrams that the kernel took are counted.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <vector>

#include "options.h"
#include "roles.h"
#include "window.h"

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

namespace burstwire::ceiling {
namespace {

// Limits of one train: UDP_MAX_SEGMENTS of the oldest kernels that know UDP_SEGMENT, and the
// longest UDP payload.
constexpr int32_t kMaxSegments = 64;
constexpr int32_t kMaxTrainBytes = 65'507;
// Clock reads between single sends would cost a percent; one in this many does not.
constexpr int64_t kSingleTickMask = 15;

struct alignas(8) SegmentControl {
  char bytes[CMSG_SPACE(sizeof(uint16_t))] = {};
};

sockaddr_in loopback(uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

class Sender {
 public:
  Sender(const Options& options, int descriptor)
      : options_(options),
        descriptor_(descriptor),
        window_(options.warmup_seconds, options.seconds) {
    for (const uint16_t port : options.ports) addresses_.push_back(loopback(port));
    end_ns_ =
        now_ns() + static_cast<int64_t>(
                       (options.warmup_seconds + options.seconds + options.tail_seconds) * 1e9);
    window_.start(now_ns());
  }

  bool run() {
    if (options_.mode != Mode::kSingle) {
      prepare_messages();
      return send_messages();
    }
    slab_.assign(static_cast<size_t>(options_.size_bytes), 0x5a);
    return options_.rate > 0 ? send_paced() : send_singles();
  }

  void report() { window_.report(total_, 0); }

 private:
  bool done(int64_t now) const { return now >= end_ns_ && window_.closed(); }

  // One datagram, one call. False: an error that will not go away.
  bool send_one(size_t destination) {
    const sockaddr_in& to = addresses_[destination];
    const ssize_t taken = options_.connected
                              ? ::send(descriptor_, slab_.data(), slab_.size(), 0)
                              : ::sendto(descriptor_, slab_.data(), slab_.size(), 0,
                                         reinterpret_cast<const sockaddr*>(&to), sizeof(to));
    total_.calls++;
    if (taken >= 0) {
      total_.datagrams++;
      total_.bytes += taken;
      return true;
    }
    return is_passing(errno);
  }

  bool send_singles() {
    for (size_t destination = 0;;) {
      if (!send_one(destination)) return false;
      if (++destination == addresses_.size()) destination = 0;
      if ((total_.calls & kSingleTickMask) != 0) continue;
      const int64_t now = now_ns();
      window_.tick(now, total_);
      if (done(now)) return true;
    }
  }

  // `burst` datagrams, then a wait by the clock until the next burst is due. It spins: a sleep is
  // not exact enough.
  bool send_paced() {
    const double gap_ns = 1e9 * options_.burst / static_cast<double>(options_.rate);
    const int64_t begin = now_ns();
    for (int64_t burst = 0;; burst++) {
      const int64_t due = begin + static_cast<int64_t>(gap_ns * static_cast<double>(burst));
      int64_t now = now_ns();
      while (now < due) now = now_ns();
      window_.tick(now, total_);
      if (done(now)) return true;
      for (int32_t i = 0; i < options_.burst; i++) {
        if (!send_one(0)) return false;
      }
    }
  }

  void prepare_messages() {
    const size_t size = static_cast<size_t>(options_.size_bytes);
    const bool trains = options_.mode == Mode::kTrain;
    segments_ = trains ? std::clamp(kMaxTrainBytes / options_.size_bytes, 1, kMaxSegments) : 1;
    const size_t count = static_cast<size_t>(options_.messages);
    const size_t message_bytes = size * static_cast<size_t>(segments_);
    slab_.assign(count * message_bytes, 0x5a);
    payload_.assign(message_bytes, 0xa5);
    vectors_.resize(count);
    messages_.resize(count);
    controls_.resize(count);
    for (size_t i = 0; i < count; i++) {
      vectors_[i] = {slab_.data() + i * message_bytes, message_bytes};
      msghdr& header = messages_[i].msg_hdr;
      header.msg_iov = &vectors_[i];
      header.msg_iovlen = 1;
      header.msg_name = &addresses_[i % addresses_.size()];
      header.msg_namelen = sizeof(sockaddr_in);
      if (segments_ > 1) attach_segment_size(header, controls_[i]);
    }
  }

  void attach_segment_size(msghdr& header, SegmentControl& control) {
    header.msg_control = control.bytes;
    header.msg_controllen = sizeof(control.bytes);
    cmsghdr* item = CMSG_FIRSTHDR(&header);
    item->cmsg_level = SOL_UDP;
    item->cmsg_type = UDP_SEGMENT;
    item->cmsg_len = CMSG_LEN(sizeof(uint16_t));
    const uint16_t size = static_cast<uint16_t>(options_.size_bytes);
    std::memcpy(CMSG_DATA(item), &size, sizeof(size));
  }

  // With many destinations each datagram is a new one, so the application's copy into the batch is
  // part of the work.
  void refill() {
    for (const iovec& vector : vectors_) {
      std::memcpy(vector.iov_base, payload_.data(), vector.iov_len);
    }
  }

  bool send_messages() {
    const unsigned count = static_cast<unsigned>(options_.messages);
    unsigned from = 0;
    for (;;) {
      if (from == 0 && addresses_.size() > 1) refill();
      const int taken = ::sendmmsg(descriptor_, messages_.data() + from, count - from, 0);
      total_.calls++;
      if (taken < 0 && !is_passing(errno)) return false;
      for (int i = 0; i < taken; i++) {
        const unsigned length = messages_[from + static_cast<unsigned>(i)].msg_len;
        total_.bytes += length;
        total_.datagrams += segments_;
      }
      if (taken > 0) from = (from + static_cast<unsigned>(taken)) % count;
      const int64_t now = now_ns();
      window_.tick(now, total_);
      if (done(now)) return true;
    }
  }

  static bool is_passing(int error) {
    // ECONNREFUSED: the connected receiver has just gone; ENOBUFS: no room at the moment. Neither
    // ends the run.
    if (error == EINTR || error == EAGAIN || error == ENOBUFS || error == ECONNREFUSED) return true;
    std::fprintf(stderr, "ceiling: send: %s\n", std::strerror(error));
    return false;
  }

  const Options& options_;
  int descriptor_;
  Window window_;
  int64_t end_ns_ = 0;
  int32_t segments_ = 1;
  Counts total_;
  std::vector<sockaddr_in> addresses_;
  std::vector<unsigned char> slab_;
  std::vector<unsigned char> payload_;
  std::vector<iovec> vectors_;
  std::vector<mmsghdr> messages_;
  std::vector<SegmentControl> controls_;
};

}  // namespace

int run_sender(const Options& options) {
  const int descriptor = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) {
    std::perror("ceiling: socket");
    return 1;
  }
  ::setsockopt(descriptor, SOL_SOCKET, SO_SNDBUF, &options.buffer_bytes,
               sizeof(options.buffer_bytes));
  if (options.connected) {
    const sockaddr_in to = loopback(options.ports[0]);
    if (::connect(descriptor, reinterpret_cast<const sockaddr*>(&to), sizeof(to)) != 0) {
      std::perror("ceiling: connect");
      return 1;
    }
  }
  Sender sender(options, descriptor);
  if (!sender.run()) return 1;
  sender.report();
  ::close(descriptor);
  return 0;
}

}  // namespace burstwire::ceiling
