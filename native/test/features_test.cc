// Probing: the answers of the real kernel, and what a probe says when an option or a call fails.
#include "../udp/features.h"

#include <cerrno>

#include "../udp/control_messages.h"
#include "../udp/fault_injection.h"
#include "check.h"
#include "forwarding_calls.h"

namespace burstwire::test {
namespace {

TEST(probes_answer_and_leave_nothing) {
  const int before = open_descriptors();
  const Probes probes = probe_features(real_system_calls());
  CHECK_EQ(open_descriptors(), before);
  CHECK_EQ(probes.ecn, 0);
  CHECK_EQ(probes.pktinfo, 0);
  CHECK_EQ(probes.reuse_port, 0);
  CHECK_EQ(probes.drops, 0);
}

TEST(a_probe_says_what_stands_in_the_way) {
  const struct {
    int name;
    int Probes::*answer;
  } cases[] = {{kUdpSegment, &Probes::gso},   {kUdpGro, &Probes::gro},
               {IP_RECVTOS, &Probes::ecn},    {IP_PKTINFO, &Probes::pktinfo},
               {SO_RXQ_OVFL, &Probes::drops}, {IP_RECVERR, &Probes::error_queue},
               {61, &Probes::transmit_time},  {SO_REUSEPORT, &Probes::reuse_port},
               {51, &Probes::steering}};
  for (const auto& one : cases) {
    FaultySystemCalls calls(real_system_calls());
    calls.inject({Operation::kSetOption, 0, -ENOPROTOOPT, 1, one.name});
    CHECK_EQ(probe_features(calls).*one.answer, -ENOPROTOOPT);
  }
  // The switch back to 0 is part of the probe.
  FaultySystemCalls calls(real_system_calls());
  calls.inject({Operation::kSetOption, 1, -EINVAL, 1, kUdpSegment});
  CHECK_EQ(probe_features(calls).gso, -EINVAL);
  calls.inject({Operation::kSendmmsg, 0, -EPERM, 1});
  calls.inject({Operation::kRecvmmsg, 0, -ENOSYS, 1});
  const Probes probes = probe_features(calls);
  CHECK_EQ(probes.sendmmsg, -EPERM);
  CHECK_EQ(probes.recvmmsg, -ENOSYS);
}

}  // namespace
}  // namespace burstwire::test
