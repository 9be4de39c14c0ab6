// Opening sockets on the real kernel: what the options come to, and that a failure leaves no
// descriptor behind and says which call it was.
#include "../udp/options.h"

#include <fcntl.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "../udp/fault_injection.h"
#include "batch_fixture.h"
#include "check.h"
#include "forwarding_calls.h"

namespace burstwire::test {
namespace {

OpenOptions options_for(const char* address, bool ipv6 = false) {
  OpenOptions options;
  options.local = key_of(address, 0);
  options.ipv6 = ipv6;
  return options;
}

int option_of(int fd, int level, int name) {
  int value = -1;
  socklen_t size = sizeof value;
  return getsockopt(fd, level, name, &value, &size) == 0 ? value : -errno;
}

TEST(an_ipv4_socket_has_what_it_needs) {
  const OpenResult result = open_udp_socket(real_system_calls(), options_for("127.0.0.1"));
  REQUIRE_EQ(result.error, 0);
  const int fd = result.fd.get();
  CHECK_EQ(result.family, AF_INET);
  CHECK(result.local.port != 0);
  CHECK(result.local == key_of("127.0.0.1", result.local.port));
  CHECK((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
  CHECK((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
  CHECK_EQ(option_of(fd, IPPROTO_IP, IP_MTU_DISCOVER), IP_PMTUDISC_PROBE);
  CHECK_EQ(option_of(fd, IPPROTO_IP, IP_RECVTOS), 1);
  CHECK_EQ(option_of(fd, SOL_SOCKET, SO_RXQ_OVFL), 1);
  CHECK(result.features.ecn && result.features.drops);
  CHECK(result.features.sendmmsg && result.features.recvmmsg);
}

TEST(an_ipv6_socket_forbids_fragments_of_both_families) {
  if (!have_ipv6()) return;
  const OpenResult result = open_udp_socket(real_system_calls(), options_for("::1", true));
  REQUIRE_EQ(result.error, 0);
  const int fd = result.fd.get();
  CHECK_EQ(result.family, AF_INET6);
  CHECK_EQ(option_of(fd, IPPROTO_IP, IP_MTU_DISCOVER), IP_PMTUDISC_PROBE);
  CHECK_EQ(option_of(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER), IPV6_PMTUDISC_PROBE);
  CHECK_EQ(option_of(fd, IPPROTO_IPV6, IPV6_DONTFRAG), 1);
  CHECK_EQ(option_of(fd, IPPROTO_IPV6, IPV6_RECVTCLASS), 1);
  CHECK_EQ(option_of(fd, IPPROTO_IP, IP_RECVTOS), 1);
}

TEST(dual_stack_is_as_asked_whatever_the_system_says) {
  if (!have_ipv6()) return;
  for (const bool only : {false, true}) {
    OpenOptions options = options_for("::", true);
    options.ipv6_only = only;
    const OpenResult result = open_udp_socket(real_system_calls(), options);
    REQUIRE_EQ(result.error, 0);
    CHECK_EQ(option_of(result.fd.get(), IPPROTO_IPV6, IPV6_V6ONLY), only ? 1 : 0);
  }
}

TEST(probing_for_trains_leaves_nothing_on_the_socket) {
  for (const bool gso : {true, false}) {
    OpenOptions options = options_for("127.0.0.1");
    options.gso = gso;
    const OpenResult result = open_udp_socket(real_system_calls(), options);
    REQUIRE_EQ(result.error, 0);
    // Kept, it would cut every later send.
    const int segment = option_of(result.fd.get(), kSolUdp, kUdpSegment);
    CHECK(segment == 0 || segment == -ENOPROTOOPT);
    CHECK_EQ(result.features.gso, gso && segment == 0);
  }
}

TEST(trains_on_receive_are_as_asked) {
  for (const bool gro : {true, false}) {
    OpenOptions options = options_for("127.0.0.1");
    options.gro = gro;
    const OpenResult result = open_udp_socket(real_system_calls(), options);
    REQUIRE_EQ(result.error, 0);
    const int found = option_of(result.fd.get(), kSolUdp, kUdpGro);
    if (found >= 0) CHECK_EQ(found, result.features.gro ? 1 : 0);
    if (!gro) CHECK(!result.features.gro);
  }
}

TEST(the_local_address_is_asked_for_only_where_there_are_several) {
  const OpenResult one = open_udp_socket(real_system_calls(), options_for("127.0.0.1"));
  const OpenResult any = open_udp_socket(real_system_calls(), options_for("0.0.0.0"));
  CHECK(!one.features.pktinfo);
  CHECK(any.features.pktinfo);
  CHECK_EQ(option_of(one.fd.get(), IPPROTO_IP, IP_PKTINFO), 0);
  CHECK_EQ(option_of(any.fd.get(), IPPROTO_IP, IP_PKTINFO), 1);
  if (!have_ipv6()) return;
  const OpenResult any6 = open_udp_socket(real_system_calls(), options_for("::", true));
  CHECK(any6.features.pktinfo);
  CHECK_EQ(option_of(any6.fd.get(), IPPROTO_IPV6, IPV6_RECVPKTINFO), 1);
}

TEST(buffer_sizes_are_read_back_as_asked_about) {
  OpenOptions options = options_for("127.0.0.1");
  options.receive_buffer_bytes = 50000;
  options.send_buffer_bytes = 40000;
  const OpenResult result = open_udp_socket(real_system_calls(), options);
  CHECK_EQ(result.receive_buffer_bytes, 50000);
  CHECK_EQ(result.send_buffer_bytes, 40000);
  CHECK_EQ(option_of(result.fd.get(), SOL_SOCKET, SO_RCVBUF), 100000);
  const OpenResult usual = open_udp_socket(real_system_calls(), options_for("127.0.0.1"));
  CHECK(usual.receive_buffer_bytes > 0 && usual.send_buffer_bytes > 0);
}

TEST(a_buffer_that_is_cut_says_so) {
  // Neither the plain nor the privileged request has an effect: what there is, is reported.
  FaultySystemCalls calls(real_system_calls());
  calls.inject({Operation::kSetOption, 0, -EPERM, 9, SO_RCVBUF});
  calls.inject({Operation::kSetOption, 0, -EPERM, 9, SO_RCVBUFFORCE});
  OpenOptions options = options_for("127.0.0.1");
  options.receive_buffer_bytes = 1 << 24;
  const OpenResult result = open_udp_socket(calls, options);
  REQUIRE_EQ(result.error, 0);
  CHECK(result.receive_buffer_bytes > 0 && result.receive_buffer_bytes < 1 << 24);
  CHECK_EQ(result.receive_buffer_bytes, option_of(result.fd.get(), SOL_SOCKET, SO_RCVBUF) / 2);
}

// One option fails: its feature is off, and everything else is as before.
void check_switched_off(const char* address, bool ipv6, int name, bool Features::*feature) {
  const Features all = open_udp_socket(real_system_calls(), options_for(address, ipv6)).features;
  FaultySystemCalls calls(real_system_calls());
  calls.inject({Operation::kSetOption, 0, -ENOPROTOOPT, 9, name});
  const OpenResult result = open_udp_socket(calls, options_for(address, ipv6));
  REQUIRE_EQ(result.error, 0);
  CHECK(result.fd.ok());
  CHECK(!(result.features.*feature));
  for (bool Features::*other : {&Features::gso, &Features::gro, &Features::ecn, &Features::pktinfo,
                                &Features::drops, &Features::sendmmsg, &Features::recvmmsg}) {
    if (other != feature) CHECK_EQ(result.features.*other, all.*other);
  }
}

TEST(an_option_that_fails_costs_its_feature_alone) {
  const int before = open_descriptors();
  check_switched_off("0.0.0.0", false, kUdpSegment, &Features::gso);
  check_switched_off("0.0.0.0", false, kUdpGro, &Features::gro);
  check_switched_off("0.0.0.0", false, IP_RECVTOS, &Features::ecn);
  check_switched_off("0.0.0.0", false, IP_PKTINFO, &Features::pktinfo);
  check_switched_off("0.0.0.0", false, SO_RXQ_OVFL, &Features::drops);
  if (have_ipv6()) {
    check_switched_off("::", true, IPV6_RECVTCLASS, &Features::ecn);
    check_switched_off("::", true, IPV6_RECVPKTINFO, &Features::pktinfo);
  }
  CHECK_EQ(open_descriptors(), before);
}

TEST(options_that_only_help_may_fail) {
  FaultySystemCalls calls(real_system_calls());
  for (const int name : {IP_MTU_DISCOVER, IPV6_MTU_DISCOVER, IPV6_DONTFRAG}) {
    calls.inject({Operation::kSetOption, 0, -ENOPROTOOPT, 9, name});
  }
  CHECK_EQ(open_udp_socket(calls, options_for("127.0.0.1")).error, 0);
  if (have_ipv6()) CHECK_EQ(open_udp_socket(calls, options_for("::1", true)).error, 0);
}

TEST(filtered_calls_are_seen_before_the_first_datagram) {
  for (const int error : {EPERM, ENOSYS}) {
    FaultySystemCalls calls(real_system_calls());
    calls.inject({Operation::kSendmmsg, 0, -error, 9});
    calls.inject({Operation::kRecvmmsg, 0, -error, 9});
    const OpenResult result = open_udp_socket(calls, options_for("127.0.0.1"));
    CHECK_EQ(result.error, 0);
    CHECK(!result.features.sendmmsg && !result.features.recvmmsg);
  }
}

void check_failed(const OpenResult& result, const char* call, int error, int descriptors) {
  CHECK(!result.fd.ok());
  CHECK_EQ(std::string(result.failed_call), call);
  CHECK_EQ(result.error, -error);
  CHECK_EQ(open_descriptors(), descriptors);
}

class NamelessCalls final : public ForwardingCalls {
 public:
  int answer = 0;
  int socket_name(int fd, sockaddr* address, socklen_t* size) noexcept override {
    if (answer < 0) return answer;
    const int result = ForwardingCalls::socket_name(fd, address, size);
    address->sa_family = AF_UNIX;
    return result;
  }
};

TEST(a_failure_names_its_call_and_closes_the_socket) {
  const int before = open_descriptors();
  FaultySystemCalls calls(real_system_calls());
  calls.inject({Operation::kSetOption, 0, -EPERM, 1, SO_REUSEPORT});
  OpenOptions shared = options_for("127.0.0.1");
  shared.reuse_port = true;
  check_failed(open_udp_socket(calls, shared), "setsockopt", EPERM, before);
  if (have_ipv6()) {
    calls.clear();
    calls.inject({Operation::kSetOption, 0, -EINVAL, 1, IPV6_V6ONLY});
    check_failed(open_udp_socket(calls, options_for("::1", true)), "setsockopt", EINVAL, before);
  }
  // TEST-NET-1 (RFC 5737) is no address of this machine.
  check_failed(open_udp_socket(real_system_calls(), options_for("192.0.2.1")), "bind",
               EADDRNOTAVAIL, before);
  NamelessCalls nameless;
  check_failed(open_udp_socket(nameless, options_for("127.0.0.1")), "getsockname", EAFNOSUPPORT,
               before);
  nameless.answer = -ENOBUFS;
  check_failed(open_udp_socket(nameless, options_for("127.0.0.1")), "getsockname", ENOBUFS, before);
}

class SocketlessCalls final : public ForwardingCalls {
 public:
  int closed = 0;
  int open_socket(int, int, int) noexcept override { return -EMFILE; }
  int close_descriptor(int) noexcept override { return ++closed; }
};

TEST(without_a_descriptor_nothing_is_closed) {
  SocketlessCalls calls;
  check_failed(open_udp_socket(calls, options_for("127.0.0.1")), "socket", EMFILE,
               open_descriptors());
  CHECK_EQ(calls.closed, 0);
  const Probes probes = probe_features(calls);
  for (const int answer : {probes.recvmmsg, probes.sendmmsg, probes.gso, probes.gro, probes.ecn,
                           probes.pktinfo, probes.drops, probes.error_queue, probes.transmit_time,
                           probes.reuse_port, probes.steering, probes.ipv6, probes.io_uring}) {
    CHECK_EQ(answer, -EMFILE);
  }
}

TEST(a_port_is_taken_once_and_shared_only_when_asked) {
  const OpenResult first = open_udp_socket(real_system_calls(), options_for("127.0.0.1"));
  REQUIRE_EQ(first.error, 0);
  OpenOptions options;
  options.local = first.local;
  CHECK_EQ(open_udp_socket(real_system_calls(), options).error, -EADDRINUSE);
  OpenOptions shared = options_for("127.0.0.1");
  shared.reuse_port = true;
  const OpenResult left = open_udp_socket(real_system_calls(), shared);
  shared.local = left.local;
  const OpenResult right = open_udp_socket(real_system_calls(), shared);
  CHECK_EQ(right.error, 0);
  CHECK(right.local == left.local);
}

TEST(sockets_close_with_their_owner) {
  const int before = open_descriptors();
  {
    OpenResult first = open_udp_socket(real_system_calls(), options_for("127.0.0.1"));
    CHECK_EQ(open_descriptors(), before + 1);
    UniqueFd moved(std::move(first.fd));
    CHECK(!first.fd.ok());
    CHECK_EQ(open_descriptors(), before + 1);
    moved = UniqueFd(real_system_calls(), -EBADF);
    CHECK_EQ(open_descriptors(), before);
  }
  CHECK_EQ(open_descriptors(), before);
}

TEST(drops_are_read_from_the_socket) {
  const OpenResult result = open_udp_socket(real_system_calls(), options_for("127.0.0.1"));
  uint32_t drops = 77;
  REQUIRE(read_drops(real_system_calls(), result.fd.get(), drops));
  CHECK_EQ(drops, 0);
  CHECK(!read_drops(real_system_calls(), -1, drops));
}

}  // namespace
}  // namespace burstwire::test
