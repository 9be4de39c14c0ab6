// What node:dgram sets on an open socket: time to live, broadcast, multicast, buffer sizes,
// connect.
//
// Each call is one or two system calls and holds nothing. Called by the addon, when an application
// asks. Invariant: a result below 0 is -errno; text that is no address is -EINVAL and reaches no
// system call.
#pragma once

#include "peer_table.h"
#include "system_calls.h"

namespace burstwire {

// The numbers that JavaScript names them by.
enum class DgramOption : int32_t {
  kTtl = 0,                // IP_TTL, IPV6_UNICAST_HOPS: 1 to 255
  kMulticastTtl = 1,       // IP_MULTICAST_TTL, IPV6_MULTICAST_HOPS: 0 to 255
  kMulticastLoopback = 2,  // IP_MULTICAST_LOOP, IPV6_MULTICAST_LOOP
  kBroadcast = 3,          // SO_BROADCAST
};

int set_dgram_option(SystemCalls& calls, int fd, bool ipv6, DgramOption option, int value) noexcept;

// The interface that multicast leaves by: a local IPv4 address, or an IPv6 one with a scope. An
// unknown scope is the system's choice.
int set_multicast_interface(SystemCalls& calls, int fd, const char* address) noexcept;

// A group, and the interface to listen on: the address of one, an IPv6 scope, or nullptr.
struct Membership {
  const char* group = nullptr;
  const char* interface = nullptr;
  const char* source = nullptr;  // set: of this source alone (RFC 4607)
  bool join = true;
};

// Could `set_membership` reach the kernel? 0 or -EINVAL, without a descriptor.
int check_membership(const Membership& membership) noexcept;
int set_membership(SystemCalls& calls, int fd, const Membership& membership) noexcept;

// SO_RCVBUF or SO_SNDBUF as the kernel has it, that is doubled; `bytes` above 0 sets it before.
int buffer_size(SystemCalls& calls, int fd, bool receive, uint32_t bytes) noexcept;

int connect_to(SystemCalls& calls, int fd, int family, const PeerKey& remote) noexcept;
int disconnect(SystemCalls& calls, int fd) noexcept;

// "UDP", "TCP", "PIPE", "UNKNOWN"; nullptr when the descriptor is no socket.
const char* socket_type(SystemCalls& calls, int fd) noexcept;

}  // namespace burstwire
