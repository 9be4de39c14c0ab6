// Probes, each by trying. Version numbers decide nothing here: vendors backport in both directions.
#include "features.h"

#include <netinet/in.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cerrno>

#include "control_messages.h"
#include "steering.h"
#include "unique_fd.h"

namespace burstwire {
namespace {

int try_flag(SystemCalls& calls, int fd, int level, int name) noexcept {
  const int on = 1;
  return calls.set_option(fd, level, name, &on, sizeof on);
}

// struct sock_txtime of linux/net_tstamp.h, which older headers lack.
struct TransmitTime {
  int32_t clock;
  uint32_t flags;
};
constexpr int kSoTxTime = 61;
constexpr int32_t kClockMonotonic = 1;  // the clock of the fq queueing discipline

int probe_io_uring() noexcept {
#ifdef SYS_io_uring_setup
  // Zero entries is refused with EINVAL (or EFAULT) by a kernel that has it, without creating
  // anything.
  if (syscall(SYS_io_uring_setup, 0, nullptr) >= 0) return 0;
  return errno == EINVAL || errno == EFAULT ? 0 : -errno;
#else
  return -ENOSYS;
#endif
}

}  // namespace

int probe_gso(SystemCalls& calls, int fd) noexcept {
  const int segment = 1200;
  const int refused = calls.set_option(fd, kSolUdp, kUdpSegment, &segment, sizeof segment);
  if (refused < 0) return refused;
  const int none = 0;
  return calls.set_option(fd, kSolUdp, kUdpSegment, &none, sizeof none);
}

int probe_sendmmsg(SystemCalls& calls, int fd) noexcept {
  mmsghdr nothing{};
  return calls.send_messages(fd, &nothing, 0, MSG_DONTWAIT);
}

int probe_recvmmsg(SystemCalls& calls, int fd) noexcept {
  mmsghdr nothing{};
  return calls.receive_messages(fd, &nothing, 0, MSG_DONTWAIT);
}

Probes probe_features(SystemCalls& calls) noexcept {
  Probes probes;
  const UniqueFd ipv6(calls, calls.open_socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  probes.ipv6 = ipv6.ok() ? 0 : ipv6.get();
  const UniqueFd fd(calls, calls.open_socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!fd.ok()) {
    const int error = fd.get();
    return {error, error, error, error, error,       error, error,
            error, error, error, error, probes.ipv6, error};
  }
  probes.recvmmsg = probe_recvmmsg(calls, fd.get());
  probes.sendmmsg = probe_sendmmsg(calls, fd.get());
  probes.gso = probe_gso(calls, fd.get());
  probes.gro = try_flag(calls, fd.get(), kSolUdp, kUdpGro);
  probes.ecn = try_flag(calls, fd.get(), IPPROTO_IP, IP_RECVTOS);
  probes.pktinfo = try_flag(calls, fd.get(), IPPROTO_IP, IP_PKTINFO);
  probes.drops = try_flag(calls, fd.get(), SOL_SOCKET, SO_RXQ_OVFL);
  probes.error_queue = try_flag(calls, fd.get(), IPPROTO_IP, IP_RECVERR);
  const TransmitTime time{kClockMonotonic, 0};
  probes.transmit_time = calls.set_option(fd.get(), SOL_SOCKET, kSoTxTime, &time, sizeof time);
  probes.reuse_port = try_flag(calls, fd.get(), SOL_SOCKET, SO_REUSEPORT);
  probes.steering = steer_by_connection_id(calls, fd.get(), 1);
  probes.io_uring = probe_io_uring();
  return probes;
}

KernelVersion running_kernel() noexcept {
  utsname name{};
  return uname(&name) == 0 ? parse_kernel_version(name.release) : KernelVersion{};
}

}  // namespace burstwire
