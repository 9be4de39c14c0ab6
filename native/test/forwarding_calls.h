// A system-call table that hands every call to the real kernel; a test overrides the one it wants
// to watch or to hold back. And what tests of real sockets share.
#pragma once

#include <dirent.h>
#include <netinet/in.h>
#include <poll.h>
#include <unistd.h>

#include "../udp/system_calls.h"

namespace burstwire::test {

class ForwardingCalls : public SystemCalls {
 public:
  int send_messages(int fd, mmsghdr* messages, unsigned count, int flags) noexcept override {
    return real_system_calls().send_messages(fd, messages, count, flags);
  }
  int receive_messages(int fd, mmsghdr* messages, unsigned count, int flags) noexcept override {
    return real_system_calls().receive_messages(fd, messages, count, flags);
  }
  int64_t send_message(int fd, const msghdr* message, int flags) noexcept override {
    return real_system_calls().send_message(fd, message, flags);
  }
  int64_t receive_message(int fd, msghdr* message, int flags) noexcept override {
    return real_system_calls().receive_message(fd, message, flags);
  }
  int open_socket(int family, int type, int protocol) noexcept override {
    return real_system_calls().open_socket(family, type, protocol);
  }
  int bind_socket(int fd, const sockaddr* address, socklen_t size) noexcept override {
    return real_system_calls().bind_socket(fd, address, size);
  }
  int socket_name(int fd, sockaddr* address, socklen_t* size) noexcept override {
    return real_system_calls().socket_name(fd, address, size);
  }
  int connect_socket(int fd, const sockaddr* address, socklen_t size) noexcept override {
    return real_system_calls().connect_socket(fd, address, size);
  }
  int peer_name(int fd, sockaddr* address, socklen_t* size) noexcept override {
    return real_system_calls().peer_name(fd, address, size);
  }
  int set_option(int fd, int level, int name, const void* value, socklen_t size) noexcept override {
    return real_system_calls().set_option(fd, level, name, value, size);
  }
  int get_option(int fd, int level, int name, void* value, socklen_t* size) noexcept override {
    return real_system_calls().get_option(fd, level, name, value, size);
  }
  int duplicate_descriptor(int fd) noexcept override {
    return real_system_calls().duplicate_descriptor(fd);
  }
  int close_descriptor(int fd) noexcept override {
    return real_system_calls().close_descriptor(fd);
  }
  int64_t now_ms() noexcept override { return real_system_calls().now_ms(); }
};

// Descriptors that this process holds.
inline int open_descriptors() {
  DIR* folder = opendir("/proc/self/fd");
  int count = 0;
  while (folder != nullptr && readdir(folder) != nullptr) count++;
  if (folder != nullptr) closedir(folder);
  return count;
}

// Is there an IPv6 loopback address? Some containers have none; then the IPv6 half of a case has
// nothing to run on.
inline bool have_ipv6() {
  const int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  sockaddr_in6 name{};
  name.sin6_family = AF_INET6;
  name.sin6_addr = IN6ADDR_LOOPBACK_INIT;
  const bool have = bind(fd, reinterpret_cast<sockaddr*>(&name), sizeof name) == 0;
  close(fd);
  return have;
}

// Waits until there is something to receive. The time only bounds a hang: no test depends on it.
inline bool wait_readable(int fd) {
  pollfd poll_fd{fd, POLLIN, 0};
  return poll(&poll_fd, 1, 10000) == 1;
}

}  // namespace burstwire::test
