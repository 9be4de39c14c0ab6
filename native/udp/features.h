// What this kernel and this process can do with UDP sockets.
//
// Probing leaves no trace: it works on sockets of its own, and on a socket that is kept it puts
// UDP_SEGMENT back to 0. A feature that a probe finds is still only a hope (GSO depends on route
// and device): send.cc copes with refusal.
#pragma once

#include <cstdint>

#include "kernel_version.h"
#include "system_calls.h"

namespace burstwire {

// What one socket uses. send.cc and receive.cc switch parts of it off when the kernel says so
// later.
struct Features {
  bool gso = false;
  bool gro = false;
  bool ecn = false;
  bool pktinfo = false;
  bool drops = false;    // SO_RXQ_OVFL
  bool sendmmsg = true;  // false: one call per message
  bool recvmmsg = true;
  bool steering = false;   // the reuseport group chooses sockets by connection id
  bool short_tail = true;  // the last segment of a train may be shorter
  bool connected = false;  // connect(2): naming the destination again would cost a route look-up
};

// The answers of `capabilities()`: each value is 0 or the -errno that stands in the way.
struct Probes {
  int recvmmsg = 0;
  int sendmmsg = 0;
  int gso = 0;
  int gro = 0;
  int ecn = 0;
  int pktinfo = 0;
  int drops = 0;
  int error_queue = 0;
  int transmit_time = 0;
  int reuse_port = 0;
  int steering = 0;  // SO_ATTACH_REUSEPORT_CBPF
  int ipv6 = 0;
  int io_uring = 0;
};

Probes probe_features(SystemCalls& calls) noexcept;

// Is UDP_SEGMENT there? Tries it and puts 0 back; 0 or -errno. A socket that kept it would cut
// every later send.
int probe_gso(SystemCalls& calls, int fd) noexcept;
// Do the calls for many messages get through a seccomp filter? Sends and receives nothing; 0 or
// -errno.
int probe_sendmmsg(SystemCalls& calls, int fd) noexcept;
int probe_recvmmsg(SystemCalls& calls, int fd) noexcept;

KernelVersion running_kernel() noexcept;

}  // namespace burstwire
