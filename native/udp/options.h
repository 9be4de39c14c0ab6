// Opening a UDP socket, or taking over one that is bound: the options it gets, in the order that
// matters, and what they came to.
//
// Does not send or receive. Called once per socket by the addon. Invariant: either everything that
// must hold holds and the caller owns an open, bound, non-blocking descriptor, or there is no
// descriptor and the call that failed is named; options that only help are tried, and their failure
// shows in `features`.
#pragma once

#include "features.h"
#include "peer_table.h"
#include "system_calls.h"
#include "unique_fd.h"

namespace burstwire {

struct OpenOptions {
  PeerKey local;      // the address and port to bind
  bool ipv6 = false;  // the socket's family
  bool ipv6_only = false;
  bool reuse_port = false;
  bool reuse_address = false;
  // As node:dgram opens a socket: the system's fragments and MTU discovery, and nothing asked for
  // beside the bytes (no ECN, no local address, no drops).
  bool plain = false;
  // Above 0: the reuseport group, whose first socket this is, is steered by connection id among so
  // many (steering.h). Needs `reuse_port`; a refusal shows in `features.steering`.
  int shards = 0;
  // Not below 0: nothing is opened, but another descriptor of this bound UDP socket taken, which
  // the caller keeps. It must have SO_REUSEPORT and the port of `local`; `ipv6` and `ipv6_only` are
  // what it has.
  int adopted_fd = -1;
  bool gso = true;
  bool gro = true;
  int receive_buffer_bytes = 0;  // 0 = the system's default
  int send_buffer_bytes = 0;
};

struct OpenResult {
  explicit OpenResult(UniqueFd descriptor) noexcept : fd(std::move(descriptor)) {}

  UniqueFd fd;
  int family = 0;
  bool ipv6_only = false;
  PeerKey local;  // as bound: the port is known
  Features features;
  int receive_buffer_bytes = 0;
  int send_buffer_bytes = 0;
  // Below 0 when the socket could not be opened; then `failed_call` is the system call.
  int error = 0;
  const char* failed_call = "";
};

OpenResult open_udp_socket(SystemCalls& calls, const OpenOptions& options) noexcept;

// Takes over a bound descriptor that somebody else opened, and may still read from: so no trains
// are asked for, which would take more than one datagram at once from the others. Of `options`,
// reads `ipv6` and `gso`. On failure the descriptor stays the caller's.
OpenResult adopt_udp_socket(SystemCalls& calls, int fd, const OpenOptions& options) noexcept;

// Datagrams dropped because the receive buffer was full, since the socket was opened (SO_MEMINFO);
// wraps at 2^32. SO_RXQ_OVFL tells the same number, but only with the next datagram. False when the
// kernel does not say.
bool read_drops(SystemCalls& calls, int fd, uint32_t& drops) noexcept;

}  // namespace burstwire
