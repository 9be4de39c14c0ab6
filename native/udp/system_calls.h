// Every system call of the engine, behind one table, so that a test can answer in the kernel's
// place.
//
// Holds no policy: what an errno means stands in send.cc and receive.cc. Used by all of native/udp;
// the addon uses `real_system_calls()`, tests a FaultySystemCalls (fault_injection.h). Invariant: a
// result below 0 is -errno; `errno` itself is never read outside system_calls.cc.
#pragma once

#include <sys/socket.h>
#include <sys/types.h>

#include <cstdint>

namespace burstwire {

class SystemCalls {
 public:
  virtual ~SystemCalls() = default;

  // sendmmsg(2), recvmmsg(2): the number of messages, or -errno of the first one.
  virtual int send_messages(int fd, mmsghdr* messages, unsigned count, int flags) noexcept = 0;
  virtual int receive_messages(int fd, mmsghdr* messages, unsigned count, int flags) noexcept = 0;
  // sendmsg(2), recvmsg(2): bytes, or -errno.
  virtual int64_t send_message(int fd, const msghdr* message, int flags) noexcept = 0;
  virtual int64_t receive_message(int fd, msghdr* message, int flags) noexcept = 0;

  virtual int open_socket(int family, int type, int protocol) noexcept = 0;
  virtual int bind_socket(int fd, const sockaddr* address, socklen_t size) noexcept = 0;
  virtual int socket_name(int fd, sockaddr* address, socklen_t* size) noexcept = 0;
  virtual int connect_socket(int fd, const sockaddr* address, socklen_t size) noexcept = 0;
  virtual int peer_name(int fd, sockaddr* address, socklen_t* size) noexcept = 0;
  virtual int set_option(int fd, int level, int name, const void* value,
                         socklen_t size) noexcept = 0;
  virtual int get_option(int fd, int level, int name, void* value, socklen_t* size) noexcept = 0;
  // fcntl(2), F_DUPFD_CLOEXEC: another descriptor of the same socket, or -errno.
  virtual int duplicate_descriptor(int fd) noexcept = 0;
  virtual int close_descriptor(int fd) noexcept = 0;

  // A monotonic clock in milliseconds; only how long a refusal is remembered depends on it.
  virtual int64_t now_ms() noexcept = 0;
};

// The kernel itself. Lives as long as the process, holds no state, safe on every thread.
SystemCalls& real_system_calls() noexcept;

}  // namespace burstwire
