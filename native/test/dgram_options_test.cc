// What node:dgram sets on a socket, on the real kernel: plain sockets, adopted ones, multicast,
// connect, and that text that is no address reaches no system call.
#include "../udp/dgram_options.h"

#include <unistd.h>

#include <cerrno>
#include <string>

#include "../udp/options.h"
#include "batch_fixture.h"
#include "check.h"
#include "forwarding_calls.h"
#include "unavailable_calls.h"

namespace burstwire::test {
namespace {

OpenResult open_plain(bool ipv6 = false, uint16_t port = 0, bool reuse_address = false) {
  OpenOptions options;
  options.plain = true;
  options.ipv6 = ipv6;
  options.reuse_address = reuse_address;
  options.local = key_of(ipv6 ? "::1" : "127.0.0.1", port);
  return open_udp_socket(real_system_calls(), options);
}

int option_of(int fd, int level, int name) {
  int value = -1;
  socklen_t size = sizeof value;
  return getsockopt(fd, level, name, &value, &size) == 0 ? value : -errno;
}

int set_option(int fd, DgramOption option, int value, bool ipv6 = false) {
  return set_dgram_option(real_system_calls(), fd, ipv6, option, value);
}

TEST(a_plain_socket_may_fragment_and_asks_for_nothing) {
  const OpenResult result = open_plain();
  REQUIRE_EQ(result.error, 0);
  const int fd = result.fd.get();
  CHECK(option_of(fd, IPPROTO_IP, IP_MTU_DISCOVER) != IP_PMTUDISC_PROBE);
  CHECK_EQ(option_of(fd, IPPROTO_IP, IP_RECVTOS), 0);
  CHECK_EQ(option_of(fd, SOL_SOCKET, SO_RXQ_OVFL), 0);
  CHECK_EQ(option_of(fd, SOL_SOCKET, SO_REUSEADDR), 0);
  CHECK(!result.features.ecn && !result.features.pktinfo && !result.features.drops);
}

TEST(a_reused_address_is_shared) {
  const OpenResult first = open_plain(false, 0, true);
  REQUIRE_EQ(first.error, 0);
  CHECK_EQ(open_plain(false, first.local.port, true).error, 0);
  CHECK_EQ(open_plain(false, first.local.port, false).error, -EADDRINUSE);
}

TEST(an_adopted_descriptor_keeps_its_address_and_gets_no_trains) {
  OpenResult first = open_plain();
  REQUIRE_EQ(first.error, 0);
  const int fd = dup(first.fd.get());
  const OpenResult adopted = adopt_udp_socket(real_system_calls(), fd, OpenOptions{});
  REQUIRE_EQ(adopted.error, 0);
  CHECK_EQ(adopted.family, AF_INET);
  CHECK(adopted.local == first.local);
  CHECK(!adopted.features.gro);
}

TEST(a_descriptor_that_cannot_be_adopted_stays_the_callers) {
  int ends[2];
  REQUIRE_EQ(pipe(ends), 0);
  const int before = open_descriptors();
  CHECK_EQ(adopt_udp_socket(real_system_calls(), ends[0], OpenOptions{}).error, -ENOTSOCK);
  CHECK_EQ(open_descriptors(), before);
  close(ends[0]);
  close(ends[1]);
}

TEST(times_to_live_have_limits) {
  const OpenResult result = open_plain();
  REQUIRE_EQ(result.error, 0);
  const int fd = result.fd.get();
  CHECK_EQ(set_option(fd, DgramOption::kTtl, 7), 0);
  CHECK_EQ(option_of(fd, IPPROTO_IP, IP_TTL), 7);
  for (const int bad : {0, -1, 256}) CHECK_EQ(set_option(fd, DgramOption::kTtl, bad), -EINVAL);
  CHECK_EQ(set_option(fd, DgramOption::kMulticastTtl, 0), 0);
  CHECK_EQ(option_of(fd, IPPROTO_IP, IP_MULTICAST_TTL), 0);
  CHECK_EQ(set_option(fd, DgramOption::kMulticastTtl, 256), -EINVAL);
  CHECK_EQ(set_option(fd, DgramOption::kMulticastLoopback, 0), 0);
  CHECK_EQ(option_of(fd, IPPROTO_IP, IP_MULTICAST_LOOP), 0);
  CHECK_EQ(set_option(fd, DgramOption::kBroadcast, 1), 0);
  CHECK_EQ(option_of(fd, SOL_SOCKET, SO_BROADCAST), 1);
  CHECK_EQ(set_option(fd, static_cast<DgramOption>(99), 1), -EINVAL);
}

TEST(hops_of_ipv6) {
  if (!have_ipv6()) return;
  const OpenResult result = open_plain(true);
  REQUIRE_EQ(result.error, 0);
  const int fd = result.fd.get();
  CHECK_EQ(set_option(fd, DgramOption::kTtl, 9, true), 0);
  CHECK_EQ(option_of(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS), 9);
  CHECK_EQ(set_option(fd, DgramOption::kMulticastTtl, 3, true), 0);
  CHECK_EQ(option_of(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS), 3);
}

TEST(groups_are_joined_once_and_left) {
  const OpenResult result = open_plain();
  REQUIRE_EQ(result.error, 0);
  Membership membership{"224.0.0.114", "127.0.0.1"};
  CHECK_EQ(set_membership(real_system_calls(), result.fd.get(), membership), 0);
  CHECK_EQ(set_membership(real_system_calls(), result.fd.get(), membership), -EADDRINUSE);
  membership.join = false;
  CHECK_EQ(set_membership(real_system_calls(), result.fd.get(), membership), 0);
  CHECK_EQ(set_membership(real_system_calls(), result.fd.get(), membership), -EADDRNOTAVAIL);
  membership = {"232.1.1.1", "127.0.0.1", "127.0.0.2", true};
  CHECK_EQ(set_membership(real_system_calls(), result.fd.get(), membership), 0);
  membership.join = false;
  CHECK_EQ(set_membership(real_system_calls(), result.fd.get(), membership), 0);
}

TEST(groups_of_ipv6_by_scope) {
  if (!have_ipv6()) return;
  const OpenResult result = open_plain(true);
  REQUIRE_EQ(result.error, 0);
  Membership membership{"ff02::114", "::%lo"};
  CHECK_EQ(set_membership(real_system_calls(), result.fd.get(), membership), 0);
  membership.join = false;
  CHECK_EQ(set_membership(real_system_calls(), result.fd.get(), membership), 0);
  CHECK_EQ(set_multicast_interface(real_system_calls(), result.fd.get(), "::%lo"), 0);
  // Unknown: the system's choice.
  CHECK_EQ(set_multicast_interface(real_system_calls(), result.fd.get(), "::%lo0"), 0);
}

TEST(text_that_is_no_address_reaches_no_system_call) {
  UnavailableCalls none;
  const std::string endless(1000, 'f');
  for (const char* bad : {"", "0", "256.256.256.256", "undefined", ":::", endless.c_str()}) {
    CHECK_EQ(set_membership(none, 3, {bad}), -EINVAL);
    CHECK_EQ(check_membership({bad}), -EINVAL);
    CHECK_EQ(set_membership(none, 3, {"224.0.0.1", bad}), -EINVAL);
    CHECK_EQ(set_membership(none, 3, {"224.0.0.1", nullptr, bad}), -EINVAL);
    CHECK_EQ(set_membership(none, 3, {"ff02::1", bad}), -EINVAL);
    CHECK_EQ(set_multicast_interface(none, 3, bad), -EINVAL);
  }
  CHECK_EQ(check_membership({"224.0.0.1", "127.0.0.1"}), 0);
  CHECK_EQ(buffer_size(none, 3, true, 1U << 31), -EINVAL);
}

TEST(buffer_sizes_are_the_kernels_own) {
  const OpenResult result = open_plain();
  REQUIRE_EQ(result.error, 0);
  for (const bool receive : {true, false}) {
    CHECK_EQ(buffer_size(real_system_calls(), result.fd.get(), receive, 10000), 20000);
    CHECK_EQ(buffer_size(real_system_calls(), result.fd.get(), receive, 0), 20000);
  }
  CHECK_EQ(buffer_size(real_system_calls(), -1, true, 0), -EBADF);
}

TEST(a_connected_socket_hears_its_peer_alone) {
  const OpenResult one = open_plain();
  const OpenResult two = open_plain();
  REQUIRE(one.error == 0 && two.error == 0);
  CHECK_EQ(connect_to(real_system_calls(), one.fd.get(), AF_INET, two.local), 0);
  sockaddr_in6 name{};
  socklen_t size = sizeof name;
  auto* address = reinterpret_cast<sockaddr*>(&name);
  CHECK_EQ(real_system_calls().peer_name(one.fd.get(), address, &size), 0);
  PeerKey remote;
  CHECK(read_sockaddr(address, size, remote) && remote == two.local);
  CHECK_EQ(disconnect(real_system_calls(), one.fd.get()), 0);
  size = sizeof name;
  CHECK_EQ(real_system_calls().peer_name(one.fd.get(), address, &size), -ENOTCONN);
}

TEST(descriptors_are_told_apart) {
  const OpenResult udp = open_plain();
  CHECK_EQ(std::string(socket_type(real_system_calls(), udp.fd.get())), "UDP");
  const int tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  CHECK_EQ(std::string(socket_type(real_system_calls(), tcp)), "TCP");
  close(tcp);
  int ends[2];
  REQUIRE_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  CHECK_EQ(std::string(socket_type(real_system_calls(), ends[0])), "PIPE");
  close(ends[0]);
  close(ends[1]);
  CHECK(socket_type(real_system_calls(), -1) == nullptr);
}

}  // namespace
}  // namespace burstwire::test
