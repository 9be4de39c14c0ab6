// Socket options, each with its reason.
#include "options.h"

#include <cerrno>
#include <utility>

#include "control_messages.h"
#include "steering.h"

namespace burstwire {
namespace {

constexpr int kSoMemInfo = 55;    // SO_MEMINFO; newer than some libc headers
constexpr int kMemInfoWords = 9;  // SK_MEMINFO_VARS up to DROPS
constexpr int kMemInfoDrops = 8;  // SK_MEMINFO_DROPS

int set_flag(SystemCalls& calls, int fd, int level, int name, int value) noexcept {
  return calls.set_option(fd, level, name, &value, sizeof value);
}

int get_int(SystemCalls& calls, int fd, int level, int name) noexcept {
  int value = 0;
  socklen_t size = sizeof value;
  return calls.get_option(fd, level, name, &value, &size) < 0 ? 0 : value;
}

// Asks for a buffer size, then with privilege, then takes what there is. Linux stores twice the
// value, for its own bookkeeping (socket(7)); the size returned is the half that the caller asked
// about.
int set_buffer(SystemCalls& calls, int fd, int name, int forced_name, int bytes) noexcept {
  if (bytes > 0) {
    set_flag(calls, fd, SOL_SOCKET, name, bytes);
    // Needs CAP_NET_ADMIN, and lifts the limit of rmem_max or wmem_max.
    if (get_int(calls, fd, SOL_SOCKET, name) / 2 < bytes) {
      set_flag(calls, fd, SOL_SOCKET, forced_name, bytes);
    }
  }
  return get_int(calls, fd, SOL_SOCKET, name) / 2;
}

// DF on every datagram and no path MTU kept by the kernel: whoever sends finds the MTU (RFC 8899),
// and a datagram that is too large is an error of its own instead of a storm of fragments. An IPv6
// socket needs both families' options: its IPv4 datagrams obey the IPv4 one.
void forbid_fragments(SystemCalls& calls, int fd, bool ipv6) noexcept {
  set_flag(calls, fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE);
  if (!ipv6) return;
  set_flag(calls, fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_PROBE);
  set_flag(calls, fd, IPPROTO_IPV6, IPV6_DONTFRAG, 1);
}

bool ask_for_ecn(SystemCalls& calls, int fd, bool ipv6) noexcept {
  // On an IPv6 socket the IPv4 option covers mapped datagrams; it fails there when IPv4 is not
  // built in.
  const int ipv4_result = set_flag(calls, fd, IPPROTO_IP, IP_RECVTOS, 1);
  return ipv6 ? set_flag(calls, fd, IPPROTO_IPV6, IPV6_RECVTCLASS, 1) == 0 : ipv4_result == 0;
}

// Only for a socket that has more than one address: elsewhere the answer is known, and asking costs
// time.
bool ask_for_local_address(SystemCalls& calls, int fd, bool ipv6) noexcept {
  return ipv6 ? set_flag(calls, fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1) == 0
              : set_flag(calls, fd, IPPROTO_IP, IP_PKTINFO, 1) == 0;
}

bool is_wildcard(const PeerKey& key) noexcept {
  if (!key.is_ipv4()) return IN6_IS_ADDR_UNSPECIFIED(&key.address) != 0;
  const uint8_t* ipv4 = key.address.s6_addr + 12;
  return ipv4[0] == 0 && ipv4[1] == 0 && ipv4[2] == 0 && ipv4[3] == 0;
}

OpenResult failed(OpenResult result, const char* call, int error) noexcept {
  result.fd.reset();
  result.failed_call = call;
  result.error = error;
  return result;
}

// What helps, on a socket whose family is known. `local`: its address, or the one it will have.
void choose_features(SystemCalls& calls, const OpenOptions& options, const PeerKey& local,
                     OpenResult& result) noexcept {
  const int fd = result.fd.get();
  const bool ipv6 = result.family == AF_INET6;
  Features& features = result.features;
  const bool asks = !options.plain;
  features.ecn = asks && ask_for_ecn(calls, fd, ipv6);
  features.pktinfo = asks && is_wildcard(local) && ask_for_local_address(calls, fd, ipv6);
  features.drops = asks && set_flag(calls, fd, SOL_SOCKET, SO_RXQ_OVFL, 1) == 0;
  features.gso = options.gso && probe_gso(calls, fd) == 0;
  features.gro = options.gro && set_flag(calls, fd, kSolUdp, kUdpGro, 1) == 0;
  features.sendmmsg = probe_sendmmsg(calls, fd) >= 0;
  features.recvmmsg = probe_recvmmsg(calls, fd) >= 0;
  features.short_tail = !refuses_short_tails(running_kernel());
}

// `local`: see choose_features.
void prepare(SystemCalls& calls, const OpenOptions& options, const PeerKey& local,
             OpenResult& result) noexcept {
  const int fd = result.fd.get();
  if (!options.plain) forbid_fragments(calls, fd, result.family == AF_INET6);
  result.receive_buffer_bytes =
      set_buffer(calls, fd, SO_RCVBUF, SO_RCVBUFFORCE, options.receive_buffer_bytes);
  result.send_buffer_bytes =
      set_buffer(calls, fd, SO_SNDBUF, SO_SNDBUFFORCE, options.send_buffer_bytes);
  choose_features(calls, options, local, result);
}

// Where the descriptor is bound; 0, or the -errno of getsockname.
int read_local(SystemCalls& calls, OpenResult& result) noexcept {
  sockaddr_in6 name{};
  socklen_t size = sizeof name;
  const int error = calls.socket_name(result.fd.get(), reinterpret_cast<sockaddr*>(&name), &size);
  if (error < 0) return error;
  result.family = name.sin6_family;
  const bool known = read_sockaddr(reinterpret_cast<const sockaddr*>(&name), size, result.local);
  return known ? 0 : -EAFNOSUPPORT;
}

// Another descriptor of a socket of a group. A number that was handed on may name anything by now:
// only what it should name is taken.
OpenResult share(SystemCalls& calls, const OpenOptions& options) noexcept {
  const int fd = calls.duplicate_descriptor(options.adopted_fd);
  OpenResult result{UniqueFd(calls, fd)};
  if (fd < 0) return failed(std::move(result), "fcntl", fd);
  const int domain = get_int(calls, fd, SOL_SOCKET, SO_DOMAIN);
  const bool is_udp = get_int(calls, fd, SOL_SOCKET, SO_PROTOCOL) == IPPROTO_UDP &&
                      (domain == AF_INET || domain == AF_INET6);
  if (!is_udp || get_int(calls, fd, SOL_SOCKET, SO_REUSEPORT) != 1) {
    return failed(std::move(result), "getsockopt", -EPROTOTYPE);
  }
  const int error = read_local(calls, result);
  if (error < 0) return failed(std::move(result), "getsockname", error);
  if (result.local.port == 0 || result.local.port != options.local.port) {
    return failed(std::move(result), "getsockname", -EADDRNOTAVAIL);
  }
  const bool ipv6 = result.family == AF_INET6;
  result.ipv6_only = ipv6 && get_int(calls, fd, IPPROTO_IPV6, IPV6_V6ONLY) == 1;
  prepare(calls, options, result.local, result);
  return result;
}

}  // namespace

OpenResult open_udp_socket(SystemCalls& calls, const OpenOptions& options) noexcept {
  if (options.adopted_fd >= 0) return share(calls, options);
  const int family = options.ipv6 ? AF_INET6 : AF_INET;
  // Non-blocking, since the event loop waits; close-on-exec, since a child process must not hold
  // the port.
  const int fd = calls.open_socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  OpenResult result{UniqueFd(calls, fd)};
  result.family = family;
  result.ipv6_only = options.ipv6_only;
  if (fd < 0) return failed(std::move(result), "socket", fd);
  if (options.ipv6) {
    // Set in both directions: the system's default (net.ipv6.bindv6only) may be either.
    const int error = set_flag(calls, fd, IPPROTO_IPV6, IPV6_V6ONLY, options.ipv6_only ? 1 : 0);
    if (error < 0) return failed(std::move(result), "setsockopt", error);
  }
  if (options.reuse_port) {
    const int error = set_flag(calls, fd, SOL_SOCKET, SO_REUSEPORT, 1);
    if (error < 0) return failed(std::move(result), "setsockopt", error);
  }
  if (options.reuse_address) {
    const int error = set_flag(calls, fd, SOL_SOCKET, SO_REUSEADDR, 1);
    if (error < 0) return failed(std::move(result), "setsockopt", error);
  }
  // Before bind: datagrams may arrive from that moment on.
  prepare(calls, options, options.local, result);

  sockaddr_in6 name{};
  const socklen_t size = write_sockaddr(options.local, family, name);
  int error = calls.bind_socket(fd, reinterpret_cast<const sockaddr*>(&name), size);
  if (error < 0) return failed(std::move(result), "bind", error);
  error = read_local(calls, result);
  if (error < 0) return failed(std::move(result), "getsockname", error);
  if (options.shards > 0) {
    result.features.steering = steer_by_connection_id(calls, fd, options.shards) == 0;
  }
  return result;
}

OpenResult adopt_udp_socket(SystemCalls& calls, int fd, const OpenOptions& options) noexcept {
  OpenResult result{UniqueFd(calls, fd)};
  const int error = read_local(calls, result);
  if (error < 0) {
    result.fd.release();
    return failed(std::move(result), "getsockname", error);
  }
  OpenOptions kept = options;
  kept.gro = false;
  kept.plain = true;
  choose_features(calls, kept, result.local, result);
  return result;
}

bool read_drops(SystemCalls& calls, int fd, uint32_t& drops) noexcept {
  uint32_t words[kMemInfoWords] = {};
  socklen_t size = sizeof words;
  if (calls.get_option(fd, SOL_SOCKET, kSoMemInfo, words, &size) < 0 || size < sizeof words) {
    return false;
  }
  drops = words[kMemInfoDrops];
  return true;
}

}  // namespace burstwire
