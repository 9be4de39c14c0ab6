// The receiving half of the ceiling: the fastest plain C++ way to take datagrams from the kernel,
// one loop a mode. Touches one byte of each datagram, as the JavaScript receivers do, and allocates
// nothing while it runs. Called by main(). Invariant: every datagram that the kernel delivered is
// counted once, a train as its datagrams.
#include <arpa/inet.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <vector>

#include "options.h"
#include "roles.h"
#include "window.h"

#ifndef UDP_GRO
#define UDP_GRO 104
#endif

namespace burstwire::ceiling {
namespace {

// A whole train fits into one message.
constexpr size_t kTrainBytes = 65'536;
// Messages 64 KiB apart would share a few sets of the cache; five lines more spread them.
constexpr size_t kStrideBytes = kTrainBytes + 320;
// How long a receiver without traffic waits before it looks whether it should end.
constexpr int kIdleMs = 50;
// Safety: a receiver that is forgotten ends by itself.
constexpr double kForgottenSeconds = 60;

struct alignas(8) ReceiveControl {
  char bytes[64];
};

class Receiver {
 public:
  explicit Receiver(const Options& options)
      : options_(options), window_(options.warmup_seconds, options.seconds) {}

  ~Receiver() {
    for (const int descriptor : descriptors_) ::close(descriptor);
    if (epoll_ >= 0) ::close(epoll_);
  }

  Receiver(const Receiver&) = delete;
  Receiver& operator=(const Receiver&) = delete;

  bool open() {
    for (int32_t i = 0; i < options_.destinations; i++) {
      if (!open_socket()) return false;
    }
    if (options_.destinations > 1 && !open_epoll()) return false;
    prepare_messages();
    announce();
    return true;
  }

  bool run() {
    give_up_ns_ = now_ns() + static_cast<int64_t>((kForgottenSeconds + options_.seconds) * 1e9);
    return epoll_ >= 0 ? receive_many() : receive_one();
  }

  void report() {
    window_.report(total_, drops());
    // Nobody needs the sum, but without a use of it the compiler would drop the reads of the
    // datagrams.
    [[maybe_unused]] volatile unsigned keep = touched_;
  }

 private:
  bool open_socket() {
    const int flags = SOCK_CLOEXEC | (options_.destinations > 1 ? SOCK_NONBLOCK : 0);
    const int descriptor = ::socket(AF_INET, SOCK_DGRAM | flags, 0);
    if (descriptor < 0) return fail("socket");
    descriptors_.push_back(descriptor);
    ::setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &options_.buffer_bytes,
                 sizeof(options_.buffer_bytes));
    const timeval idle{0, kIdleMs * 1000};
    ::setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &idle, sizeof(idle));
    const int on = 1;
    if (options_.mode == Mode::kTrain &&
        ::setsockopt(descriptor, SOL_UDP, UDP_GRO, &on, sizeof(on)) != 0) {
      return fail("UDP_GRO");
    }
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::bind(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) {
      return fail("bind");
    }
    return true;
  }

  bool open_epoll() {
    epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
    if (epoll_ < 0) return fail("epoll_create1");
    for (const int descriptor : descriptors_) {
      epoll_event event{};
      event.events = EPOLLIN;
      event.data.fd = descriptor;
      if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &event) != 0) return fail("epoll_ctl");
    }
    return true;
  }

  void prepare_messages() {
    const size_t count =
        options_.mode == Mode::kSingle ? 1 : static_cast<size_t>(options_.messages);
    slab_.resize(count * kStrideBytes);
    vectors_.resize(count);
    names_.resize(count);
    controls_.resize(count);
    messages_.resize(count);
    for (size_t i = 0; i < count; i++) {
      vectors_[i] = {slab_.data() + i * kStrideBytes, kTrainBytes};
      messages_[i].msg_hdr.msg_iov = &vectors_[i];
      messages_[i].msg_hdr.msg_iovlen = 1;
      messages_[i].msg_hdr.msg_name = &names_[i];
    }
  }

  // The first line of stdout: where to send.
  void announce() const {
    std::printf("{\"ports\":[");
    for (size_t i = 0; i < descriptors_.size(); i++) {
      sockaddr_in address{};
      socklen_t length = sizeof(address);
      ::getsockname(descriptors_[i], reinterpret_cast<sockaddr*>(&address), &length);
      std::printf(i == 0 ? "%u" : ",%u", static_cast<unsigned>(ntohs(address.sin_port)));
    }
    std::printf("]}\n");
    std::fflush(stdout);
  }

  bool receive_one() {
    const int descriptor = descriptors_[0];
    for (;;) {
      const int outcome = take(descriptor);
      const int64_t now = now_ns();
      if (outcome < 0) return false;
      if (outcome > 0 && !window_.started()) window_.start(now);
      if (window_.started()) window_.tick(now, total_);
      if (outcome == 0 && should_end(now)) return true;
    }
  }

  bool receive_many() {
    std::array<epoll_event, 64> events{};
    for (;;) {
      const int ready =
          ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), kIdleMs);
      if (ready < 0 && errno != EINTR) return fail("epoll_wait");
      for (int i = 0; i < ready; i++) {
        if (take(events[static_cast<size_t>(i)].data.fd) < 0) return false;
      }
      const int64_t now = now_ns();
      if (ready > 0 && !window_.started()) window_.start(now);
      if (window_.started()) window_.tick(now, total_);
      if (ready <= 0 && should_end(now)) return true;
    }
  }

  // One system call. 1: something came; 0: nothing in time; -1: an error that will not go away.
  int take(int descriptor) {
    const int count =
        options_.mode == Mode::kSingle ? take_single(descriptor) : take_messages(descriptor);
    total_.calls++;
    if (count > 0) return 1;
    const bool passing = count == 0 || errno == EAGAIN || errno == EINTR || errno == ECONNREFUSED;
    if (passing) return 0;
    fail("receive");
    return -1;
  }

  int take_single(int descriptor) {
    socklen_t name_length = sizeof(names_[0]);
    const ssize_t length = ::recvfrom(descriptor, slab_.data(), kTrainBytes, 0,
                                      reinterpret_cast<sockaddr*>(names_.data()), &name_length);
    if (length < 0) return -1;
    total_.datagrams++;
    total_.bytes += length;
    touched_ += slab_[0];
    return 1;
  }

  int take_messages(int descriptor) {
    const bool trains = options_.mode == Mode::kTrain;
    for (size_t i = 0; i < messages_.size(); i++) {
      // The kernel writes these three on each call.
      msghdr& header = messages_[i].msg_hdr;
      header.msg_namelen = sizeof(sockaddr_in);
      header.msg_control = trains ? controls_[i].bytes : nullptr;
      header.msg_controllen = trains ? sizeof(controls_[i].bytes) : 0;
    }
    const int count = ::recvmmsg(descriptor, messages_.data(),
                                 static_cast<unsigned>(messages_.size()), MSG_WAITFORONE, nullptr);
    for (int i = 0; i < count; i++) consume(static_cast<size_t>(i));
    return count;
  }

  // Counts the datagrams of one message and touches each.
  void consume(size_t index) {
    const mmsghdr& message = messages_[index];
    const size_t length = message.msg_len;
    const size_t segment = segment_bytes(message.msg_hdr, length);
    const unsigned char* bytes = slab_.data() + index * kStrideBytes;
    total_.bytes += static_cast<int64_t>(length);
    size_t offset = 0;
    do {
      touched_ += bytes[offset];
      total_.datagrams++;
      offset += segment;
    } while (offset < length);
  }

  static size_t segment_bytes(const msghdr& header, size_t length) {
    if (header.msg_controllen == 0) return length;
    for (cmsghdr* item = CMSG_FIRSTHDR(&header); item != nullptr;
         item = CMSG_NXTHDR(const_cast<msghdr*>(&header), item)) {
      if (item->cmsg_level != SOL_UDP || item->cmsg_type != UDP_GRO) continue;
      int size = 0;
      std::memcpy(&size, CMSG_DATA(item), sizeof(size));
      return size > 0 ? static_cast<size_t>(size) : length;
    }
    return length;
  }

  // The harness closes our stdin when the sender has ended; what is still queued has been read by
  // then.
  bool should_end(int64_t now) const {
    if (now >= give_up_ns_) return true;
    pollfd input{STDIN_FILENO, POLLIN, 0};
    return ::poll(&input, 1, 0) > 0;
  }

  // SO_RXQ_OVFL tells of drops only with the next datagram; SO_MEMINFO tells at any time.
  int64_t drops() const {
    int64_t sum = 0;
    for (const int descriptor : descriptors_) {
      uint32_t info[SK_MEMINFO_VARS] = {};
      socklen_t length = sizeof(info);
      if (::getsockopt(descriptor, SOL_SOCKET, SO_MEMINFO, info, &length) != 0) return -1;
      sum += info[SK_MEMINFO_DROPS];
    }
    return sum;
  }

  static bool fail(const char* what) {
    std::fprintf(stderr, "ceiling: %s: %s\n", what, std::strerror(errno));
    return false;
  }

  const Options& options_;
  Window window_;
  int64_t give_up_ns_ = 0;
  Counts total_;
  unsigned touched_ = 0;
  int epoll_ = -1;
  std::vector<int> descriptors_;
  std::vector<unsigned char> slab_;
  std::vector<iovec> vectors_;
  std::vector<sockaddr_in> names_;
  std::vector<ReceiveControl> controls_;
  std::vector<mmsghdr> messages_;
};

}  // namespace

int run_receiver(const Options& options) {
  Receiver receiver(options);
  if (!receiver.open() || !receiver.run()) return 1;
  receiver.report();
  return 0;
}

}  // namespace burstwire::ceiling
