// The real system calls: each one as it is, with the errno turned into the result. EINTR is not
// retried here, since the callers' loops are bounded and count it.
#include "system_calls.h"

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>

namespace burstwire {
namespace {

class RealSystemCalls final : public SystemCalls {
 public:
  int send_messages(int fd, mmsghdr* messages, unsigned count, int flags) noexcept override {
    const int result = sendmmsg(fd, messages, count, flags);
    return result < 0 ? -errno : result;
  }
  int receive_messages(int fd, mmsghdr* messages, unsigned count, int flags) noexcept override {
    // No timeout: recvmmsg(2) looks at it only after each datagram, so it cannot bound the wait.
    const int result = recvmmsg(fd, messages, count, flags, nullptr);
    return result < 0 ? -errno : result;
  }
  int64_t send_message(int fd, const msghdr* message, int flags) noexcept override {
    const ssize_t result = sendmsg(fd, message, flags);
    return result < 0 ? -errno : result;
  }
  int64_t receive_message(int fd, msghdr* message, int flags) noexcept override {
    const ssize_t result = recvmsg(fd, message, flags);
    return result < 0 ? -errno : result;
  }
  int open_socket(int family, int type, int protocol) noexcept override {
    const int result = socket(family, type, protocol);
    return result < 0 ? -errno : result;
  }
  int bind_socket(int fd, const sockaddr* address, socklen_t size) noexcept override {
    return bind(fd, address, size) < 0 ? -errno : 0;
  }
  int socket_name(int fd, sockaddr* address, socklen_t* size) noexcept override {
    return getsockname(fd, address, size) < 0 ? -errno : 0;
  }
  int connect_socket(int fd, const sockaddr* address, socklen_t size) noexcept override {
    return connect(fd, address, size) < 0 ? -errno : 0;
  }
  int peer_name(int fd, sockaddr* address, socklen_t* size) noexcept override {
    return getpeername(fd, address, size) < 0 ? -errno : 0;
  }
  int set_option(int fd, int level, int name, const void* value, socklen_t size) noexcept override {
    return setsockopt(fd, level, name, value, size) < 0 ? -errno : 0;
  }
  int get_option(int fd, int level, int name, void* value, socklen_t* size) noexcept override {
    return getsockopt(fd, level, name, value, size) < 0 ? -errno : 0;
  }
  int duplicate_descriptor(int fd) noexcept override {
    const int result = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    return result < 0 ? -errno : result;
  }
  int close_descriptor(int fd) noexcept override {
    // Never retried on EINTR: Linux has released the descriptor by then (close(2)).
    return close(fd) < 0 ? -errno : 0;
  }
  int64_t now_ms() noexcept override {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return static_cast<int64_t>(now.tv_sec) * 1000 + now.tv_nsec / 1000000;
  }
};

// Ready before any code runs: a local static would bring locks and their exceptions along.
constinit RealSystemCalls the_system_calls;

}  // namespace

SystemCalls& real_system_calls() noexcept { return the_system_calls; }

}  // namespace burstwire
