// setsockopt(2) in the shapes that each option wants. See dgram_options.h, ip(7), ipv6(7).
#include "dgram_options.h"

#include <arpa/inet.h>
#include <net/if.h>

#include <cerrno>
#include <climits>
#include <cstring>

namespace burstwire {
namespace {

constexpr int kMostHops = 255;

template <typename T>
int set(SystemCalls& calls, int fd, int level, int name, const T& value) noexcept {
  return calls.set_option(fd, level, name, &value, sizeof value);
}

// The index behind '%'; 0 when there is none, or no such interface.
uint32_t scope_of(const char* text) noexcept {
  const char* percent = std::strchr(text, '%');
  return percent != nullptr ? if_nametoindex(percent + 1) : 0;
}

bool parse_ipv4(const char* text, in_addr& address) noexcept {
  return text != nullptr && inet_pton(AF_INET, text, &address) == 1;
}

// With or without a scope, which is not looked at.
bool parse_ipv6(const char* text, in6_addr& address) noexcept {
  if (text == nullptr) return false;
  char literal[INET6_ADDRSTRLEN];
  const size_t length = std::strcspn(text, "%");
  if (length >= sizeof literal) return false;
  std::memcpy(literal, text, length);
  literal[length] = '\0';
  return inet_pton(AF_INET6, literal, &address) == 1;
}

struct Groups {
  bool ipv4 = false;
  in_addr group4{};
  in_addr source4{};
  in_addr interface4{};
  in6_addr group6{};
  in6_addr source6{};
  uint32_t interface6 = 0;
};

bool parse(const Membership& from, Groups& to) noexcept {
  to.ipv4 = parse_ipv4(from.group, to.group4);
  if (to.ipv4) {
    return (from.source == nullptr || parse_ipv4(from.source, to.source4)) &&
           (from.interface == nullptr || parse_ipv4(from.interface, to.interface4));
  }
  if (!parse_ipv6(from.group, to.group6)) return false;
  if (from.source != nullptr && !parse_ipv6(from.source, to.source6)) return false;
  in6_addr ignored{};
  if (from.interface == nullptr) return true;
  to.interface6 = scope_of(from.interface);
  return parse_ipv6(from.interface, ignored);
}

template <typename Address>
void put(sockaddr_storage& storage, const Address& address) noexcept {
  std::memcpy(&storage, &address, sizeof address);
}

int set_source_ipv6(SystemCalls& calls, int fd, const Groups& groups, bool join) noexcept {
  group_source_req request{};
  request.gsr_interface = groups.interface6;
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_addr = groups.group6;
  put(request.gsr_group, address);
  address.sin6_addr = groups.source6;
  put(request.gsr_source, address);
  return set(calls, fd, IPPROTO_IPV6, join ? MCAST_JOIN_SOURCE_GROUP : MCAST_LEAVE_SOURCE_GROUP,
             request);
}

}  // namespace

int set_dgram_option(SystemCalls& calls, int fd, bool ipv6, DgramOption option,
                     int value) noexcept {
  const int level = ipv6 ? IPPROTO_IPV6 : IPPROTO_IP;
  switch (option) {
    case DgramOption::kTtl:
      if (value < 1 || value > kMostHops) return -EINVAL;
      return set(calls, fd, level, ipv6 ? IPV6_UNICAST_HOPS : IP_TTL, value);
    case DgramOption::kMulticastTtl:
      if (value < 0 || value > kMostHops) return -EINVAL;
      return set(calls, fd, level, ipv6 ? IPV6_MULTICAST_HOPS : IP_MULTICAST_TTL, value);
    case DgramOption::kMulticastLoopback:
      return set(calls, fd, level, ipv6 ? IPV6_MULTICAST_LOOP : IP_MULTICAST_LOOP, value);
    case DgramOption::kBroadcast:
      return set(calls, fd, SOL_SOCKET, SO_BROADCAST, value);
  }
  return -EINVAL;
}

int set_multicast_interface(SystemCalls& calls, int fd, const char* address) noexcept {
  in_addr ipv4{};
  in6_addr ipv6{};
  if (parse_ipv4(address, ipv4)) return set(calls, fd, IPPROTO_IP, IP_MULTICAST_IF, ipv4);
  if (!parse_ipv6(address, ipv6)) return -EINVAL;
  return set(calls, fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, scope_of(address));
}

int check_membership(const Membership& membership) noexcept {
  Groups groups;
  return parse(membership, groups) ? 0 : -EINVAL;
}

int set_membership(SystemCalls& calls, int fd, const Membership& membership) noexcept {
  Groups groups;
  if (!parse(membership, groups)) return -EINVAL;
  const bool join = membership.join;
  if (membership.source != nullptr) {
    if (!groups.ipv4) return set_source_ipv6(calls, fd, groups, join);
    ip_mreq_source request{};
    request.imr_multiaddr = groups.group4;
    request.imr_interface = groups.interface4;
    request.imr_sourceaddr = groups.source4;
    return set(calls, fd, IPPROTO_IP, join ? IP_ADD_SOURCE_MEMBERSHIP : IP_DROP_SOURCE_MEMBERSHIP,
               request);
  }
  if (groups.ipv4) {
    ip_mreq request{};
    request.imr_multiaddr = groups.group4;
    request.imr_interface = groups.interface4;
    return set(calls, fd, IPPROTO_IP, join ? IP_ADD_MEMBERSHIP : IP_DROP_MEMBERSHIP, request);
  }
  ipv6_mreq request{};
  request.ipv6mr_multiaddr = groups.group6;
  request.ipv6mr_interface = groups.interface6;
  return set(calls, fd, IPPROTO_IPV6, join ? IPV6_JOIN_GROUP : IPV6_LEAVE_GROUP, request);
}

int buffer_size(SystemCalls& calls, int fd, bool receive, uint32_t bytes) noexcept {
  if (bytes > INT_MAX) return -EINVAL;
  const int name = receive ? SO_RCVBUF : SO_SNDBUF;
  if (bytes > 0) {
    const int error = set(calls, fd, SOL_SOCKET, name, static_cast<int>(bytes));
    if (error < 0) return error;
  }
  int value = 0;
  socklen_t size = sizeof value;
  const int error = calls.get_option(fd, SOL_SOCKET, name, &value, &size);
  return error < 0 ? error : value;
}

int connect_to(SystemCalls& calls, int fd, int family, const PeerKey& remote) noexcept {
  sockaddr_in6 name{};
  const socklen_t size = write_sockaddr(remote, family, name);
  return calls.connect_socket(fd, reinterpret_cast<const sockaddr*>(&name), size);
}

int disconnect(SystemCalls& calls, int fd) noexcept {
  sockaddr none{};
  none.sa_family = AF_UNSPEC;
  return calls.connect_socket(fd, &none, sizeof none);
}

const char* socket_type(SystemCalls& calls, int fd) noexcept {
  int type = 0;
  int domain = 0;
  socklen_t size = sizeof type;
  if (calls.get_option(fd, SOL_SOCKET, SO_TYPE, &type, &size) < 0) return nullptr;
  size = sizeof domain;
  if (calls.get_option(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) < 0) return nullptr;
  const bool internet = domain == AF_INET || domain == AF_INET6;
  if (type == SOCK_STREAM && internet) return "TCP";
  if (type == SOCK_DGRAM && internet) return "UDP";
  return type == SOCK_STREAM && domain == AF_UNIX ? "PIPE" : "UNKNOWN";
}

}  // namespace burstwire
