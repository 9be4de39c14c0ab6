// The receiving half of the secure ceiling: takes trains from the kernel, opens every packet with
// the addon's code, replay window included, copies the payloads to where an application would have
// them, and returns credit once a call. Called by main(). Allocates nothing while it runs.
// Invariants: every packet is counted once, and only when it was opened; what the application holds
// at the end is what the sender's holds.
#include <arpa/inet.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <vector>

#include "options.h"
#include "protection.h"
#include "roles.h"
#include "window.h"

#ifndef UDP_GRO
#define UDP_GRO 104
#endif

namespace burstwire::ceiling {
namespace {

constexpr size_t kTrainBytes = 65'536;
// UDP_MAX_SEGMENTS of the newest kernels.
constexpr int32_t kMaxSegments = 128;
// As in ../receiver.cc: distance of two messages, patience of an idle receiver, and its end.
constexpr size_t kStrideBytes = kTrainBytes + 320;
constexpr int kIdleMs = 50;
constexpr double kForgottenSeconds = 60;

struct alignas(8) ReceiveControl {
  char bytes[64];
};

class Receiver {
 public:
  Receiver(const Options& options, Keyed& keyed, int descriptor)
      : options_(options),
        keyed_(keyed),
        descriptor_(descriptor),
        window_(options.warmup_seconds, options.seconds),
        application_(kApplicationBytes),
        slab_(static_cast<size_t>(options.messages) * kStrideBytes),
        rows_(static_cast<size_t>(kMaxSegments) * kRowInts),
        vectors_(static_cast<size_t>(options.messages)),
        names_(static_cast<size_t>(options.messages)),
        controls_(static_cast<size_t>(options.messages)),
        messages_(static_cast<size_t>(options.messages)) {
    for (size_t i = 0; i < messages_.size(); i++) {
      vectors_[i] = {slab_.data() + i * kStrideBytes, kTrainBytes};
      messages_[i].msg_hdr.msg_iov = &vectors_[i];
      messages_[i].msg_hdr.msg_iovlen = 1;
      messages_[i].msg_hdr.msg_name = &names_[i];
    }
  }

  bool run() {
    const int64_t give_up =
        now_ns() + static_cast<int64_t>((kForgottenSeconds + options_.seconds) * 1e9);
    for (;;) {
      const int count = take();
      if (count < 0) return false;
      const int64_t now = now_ns();
      if (count > 0 && !window_.started()) window_.start(now);
      if (window_.started()) window_.tick(now, total_);
      if (count == 0 && (now >= give_up || input_closed())) return verify();
    }
  }

  void report() { window_.report(total_, drops(), "payloadBytes"); }

 private:
  // One system call and all that follows from it. 0: nothing came in time; -1: an error.
  int take() {
    for (size_t i = 0; i < messages_.size(); i++) {
      // The kernel writes these three on each call.
      msghdr& header = messages_[i].msg_hdr;
      header.msg_namelen = sizeof(sockaddr_in);
      header.msg_control = controls_[i].bytes;
      header.msg_controllen = sizeof(controls_[i].bytes);
    }
    const int count = receive();
    if (count < 0) return errno == EAGAIN || errno == EINTR ? 0 : fail("receive");
    for (int i = 0; i < count; i++) {
      // A train at a time: what was opened is still near when it is copied out.
      if (!consume(static_cast<size_t>(i))) return -1;
    }
    return count > 0 && !send_credit() ? -1 : count;
  }

  int receive() {
    const auto most = static_cast<unsigned>(messages_.size());
    int count = -1;
    int64_t end = 0;
    while (count < 0 && options_.spin_seconds > 0) {
      count = ::recvmmsg(descriptor_, messages_.data(), most, MSG_DONTWAIT, nullptr);
      total_.calls++;
      if (count >= 0 || errno != EAGAIN) return count;
      const int64_t now = now_ns();
      if (end == 0) end = now + static_cast<int64_t>(options_.spin_seconds * 1e9);
      if (now >= end) break;
    }
    total_.calls++;
    return ::recvmmsg(descriptor_, messages_.data(), most, MSG_WAITFORONE, nullptr);
  }

  bool consume(size_t index) {
    const mmsghdr& message = messages_[index];
    const auto length = static_cast<int32_t>(message.msg_len);
    const int32_t segment = segment_bytes(message.msg_hdr, length);
    int32_t rows = 0;
    for (int32_t offset = 0; offset < length && rows < kMaxSegments; offset += segment) {
      int32_t* row = rows_.data() + static_cast<ptrdiff_t>(rows++) * kRowInts;
      row[kOffset] = offset;
      row[kLength] = std::min(segment, length - offset);
      row[kFlags] = 0;
      row[kStatus] = 0;
      row[kKey] = keyed_.key();
    }
    uint8_t* bytes = slab_.data() + index * kStrideBytes;
    const RowView view = {bytes, kTrainBytes, rows_.data(), nullptr};
    const int32_t opened = keyed_.unseal(view, rows);
    if (opened != rows) {
      std::fprintf(stderr, "secure-ceiling: %d of %d packets were not opened\n", rows - opened,
                   rows);
      return false;
    }
    for (int32_t i = 0; i < rows; i++) {
      copy_out(bytes, rows_.data() + static_cast<ptrdiff_t>(i) * kRowInts);
    }
    return true;
  }

  static int32_t segment_bytes(const msghdr& header, int32_t length) {
    for (cmsghdr* item = CMSG_FIRSTHDR(&header); item != nullptr;
         item = CMSG_NXTHDR(const_cast<msghdr*>(&header), item)) {
      if (item->cmsg_level != SOL_UDP || item->cmsg_type != UDP_GRO) continue;
      int size = 0;
      std::memcpy(&size, CMSG_DATA(item), sizeof(size));
      return size > 0 ? size : length;
    }
    return std::max(length, 1);
  }

  // Where a payload belongs follows from its packet number: two CPUs of the kernel may swap trains.
  void copy_out(const uint8_t* bytes, const int32_t* row) {
    double number = 0;
    std::memcpy(&number, row + kPacketNumber, sizeof(number));
    auto left = static_cast<size_t>(row[kPlaintextLength]);
    const uint8_t* from = bytes + row[kOffset] + kPacketHeaderBytes;
    size_t to = static_cast<size_t>(number) * left % kApplicationBytes;
    total_.datagrams++;
    total_.bytes += static_cast<int64_t>(left);
    while (left > 0) {
      const size_t part = std::min(left, kApplicationBytes - to);
      std::memcpy(application_.data() + to, from, part);
      from += part;
      left -= part;
      to = 0;
    }
  }

  bool send_credit() {
    const Credit credit{total_.datagrams};
    const ssize_t sent =
        ::sendto(descriptor_, &credit, sizeof(credit), 0,
                 reinterpret_cast<const sockaddr*>(names_.data()), sizeof(sockaddr_in));
    total_.calls++;
    // The sender may have gone, or have no room: the next credit says more.
    const bool passing =
        errno == EAGAIN || errno == EINTR || errno == ECONNREFUSED || errno == ENOBUFS;
    return sent >= 0 || passing || fail("credit") == 0;
  }

  // The harness closes our stdin when the sender has ended; what is still queued has been read by
  // then.
  static bool input_closed() {
    pollfd input{STDIN_FILENO, POLLIN, 0};
    return ::poll(&input, 1, 0) > 0;
  }

  // Whether all packets came, and their bytes to the right places.
  bool verify() const {
    const double lost = keyed_.count(kKeyCountLargest) + 1 - keyed_.count(kKeyCountOpened);
    if (lost != 0) {
      std::fprintf(stderr, "secure-ceiling: %.0f packets are missing\n", lost);
      return false;
    }
    const size_t filled = std::min(static_cast<size_t>(total_.bytes), kApplicationBytes);
    for (size_t i = 0; i < filled; i++) {
      if (application_[i] == pattern_byte(i)) continue;
      std::fprintf(stderr, "secure-ceiling: byte %zu is not what was sent\n", i);
      return false;
    }
    return true;
  }

  int64_t drops() const {
    uint32_t info[SK_MEMINFO_VARS] = {};
    socklen_t length = sizeof(info);
    const int result = ::getsockopt(descriptor_, SOL_SOCKET, SO_MEMINFO, info, &length);
    return result == 0 ? static_cast<int64_t>(info[SK_MEMINFO_DROPS]) : -1;
  }

  static int fail(const char* what) {
    std::fprintf(stderr, "secure-ceiling: %s: %s\n", what, std::strerror(errno));
    return -1;
  }

  const Options& options_;
  Keyed& keyed_;
  int descriptor_;
  Window window_;
  Counts total_;
  std::vector<uint8_t> application_;
  std::vector<uint8_t> slab_;
  std::vector<int32_t> rows_;
  std::vector<iovec> vectors_;
  std::vector<sockaddr_in> names_;
  std::vector<ReceiveControl> controls_;
  std::vector<mmsghdr> messages_;
};

// A socket that takes trains; -1 when there is none.
int open_socket(const Options& options) {
  const int descriptor = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return -1;
  ::setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &options.buffer_bytes,
               sizeof(options.buffer_bytes));
  const timeval idle{0, kIdleMs * 1000};
  ::setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &idle, sizeof(idle));
  const int on = 1;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::setsockopt(descriptor, SOL_UDP, UDP_GRO, &on, sizeof(on)) == 0 &&
      ::bind(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0) {
    return descriptor;
  }
  ::close(descriptor);
  return -1;
}

// The first line of stdout: where to send, and what opens.
void announce(int descriptor, const char* kernel) {
  sockaddr_in address{};
  socklen_t length = sizeof(address);
  ::getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &length);
  std::printf("{\"ports\":[%u],\"kernel\":\"%s\"}\n", unsigned{ntohs(address.sin_port)}, kernel);
  std::fflush(stdout);
}

}  // namespace

int run_receiver(const Options& options) {
  const auto keyed = Keyed::open(options.kernel, Direction::kOpen);
  if (keyed == nullptr) return 1;
  const int descriptor = open_socket(options);
  if (descriptor < 0) {
    std::perror("secure-ceiling: socket");
    return 1;
  }
  announce(descriptor, keyed->kernel_name());
  Receiver receiver(options, *keyed, descriptor);
  if (!receiver.run()) return 1;
  receiver.report();
  ::close(descriptor);
  return 0;
}

}  // namespace burstwire::ceiling
