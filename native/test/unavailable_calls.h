// A system-call table with nothing behind it: every call answers ENOSYS and the clock stands at 0.
//
// The base of the scripted kernels, which override the calls they play. Invariant: no test that
// uses it reaches the real kernel.
#pragma once

#include <cerrno>

#include "../udp/system_calls.h"

namespace burstwire::test {

class UnavailableCalls : public SystemCalls {
 public:
  int send_messages(int, mmsghdr*, unsigned, int) noexcept override { return -ENOSYS; }
  int receive_messages(int, mmsghdr*, unsigned, int) noexcept override { return -ENOSYS; }
  int64_t send_message(int, const msghdr*, int) noexcept override { return -ENOSYS; }
  int64_t receive_message(int, msghdr*, int) noexcept override { return -ENOSYS; }
  int open_socket(int, int, int) noexcept override { return -ENOSYS; }
  int bind_socket(int, const sockaddr*, socklen_t) noexcept override { return -ENOSYS; }
  int socket_name(int, sockaddr*, socklen_t*) noexcept override { return -ENOSYS; }
  int connect_socket(int, const sockaddr*, socklen_t) noexcept override { return -ENOSYS; }
  int peer_name(int, sockaddr*, socklen_t*) noexcept override { return -ENOSYS; }
  int set_option(int, int, int, const void*, socklen_t) noexcept override { return -ENOSYS; }
  int get_option(int, int, int, void*, socklen_t*) noexcept override { return -ENOSYS; }
  int duplicate_descriptor(int) noexcept override { return -ENOSYS; }
  int close_descriptor(int) noexcept override { return -ENOSYS; }
  int64_t now_ms() noexcept override { return 0; }
};

}  // namespace burstwire::test
