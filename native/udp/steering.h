// Steering a SO_REUSEPORT group by connection id: a classic BPF program that the kernel runs once
// for each datagram, or train, to choose the socket (socket(7), SO_ATTACH_REUSEPORT_CBPF).
//
// Neither opens sockets nor knows connections. Called by options.cc and by features.cc. What the
// program reads is specified in docs/wire-format.md ("Shards"). Invariant: whatever arrives, the
// program answers with a socket of the group or with an index that no group has; for that one the
// kernel falls back on its hash of addresses and ports.
#pragma once

#include "system_calls.h"

namespace burstwire {

// The first byte of a connection id names the shard.
inline constexpr int kShardsMax = 256;

// The socket's group sends each datagram with a connection id of shard i to its i-th socket, in
// the order of bind(2), and everything else by the kernel's hash. Needs no privilege. 0 or -errno.
int steer_by_connection_id(SystemCalls& calls, int fd, int shards) noexcept;

}  // namespace burstwire
