// The receiver and errors: none of the network's ends the socket, each is counted, and what the
// kernel cut or wrote wrongly is not taken for a datagram.
#include <cerrno>

#include "check.h"
#include "receiver_fixture.h"

namespace burstwire::test {
namespace {

TEST(interruptions_are_retried) {
  ReceiverBench bench;
  bench.kernel.batch_answers = {-EINTR, -EINTR, -EINTR};
  bench.kernel.queue = {arrival_of(10)};
  CHECK_EQ(bench.receive(), 1);
  CHECK_EQ(bench.kernel.calls(), 4);
  CHECK_EQ(bench.peers.count(kCountReceiveErrors), 0);
}

TEST(pending_errors_are_counted_and_passed_over) {
  for (const int error : {ECONNREFUSED, EMSGSIZE, ENETDOWN, EHOSTUNREACH, ENETUNREACH, ENOPROTOOPT,
                          EPROTO, EOPNOTSUPP, EFAULT, EIO}) {
    for (const bool recvmmsg : {true, false}) {
      ReceiverBench bench;
      bench.features.recvmmsg = recvmmsg;
      bench.kernel.queue = {error_of(error), error_of(error), arrival_of(10, 7)};
      REQUIRE_EQ(bench.receive(), 1);
      CHECK_EQ(bench.port(0), 7);
      CHECK_EQ(bench.receiver->pending_error(), -error);
      CHECK_EQ(bench.peers.count(kCountReceiveErrors), 2);
      CHECK_EQ(bench.peers.errno_count(error), 2);
    }
  }
}

TEST(a_receive_without_trouble_forgets_the_error_before) {
  ReceiverBench bench;
  bench.kernel.queue = {error_of(ECONNREFUSED)};
  CHECK_EQ(bench.receive(), 0);
  CHECK_EQ(bench.receiver->pending_error(), -ECONNREFUSED);
  bench.kernel.queue = {arrival_of(10)};
  bench.receiver->wake();
  CHECK_EQ(bench.receive(), 1);
  CHECK_EQ(bench.receiver->pending_error(), 0);
}

TEST(a_limited_receiver_takes_one_message_at_a_time) {
  ReceiverBench bench;
  bench.receiver->limit_messages(1);
  bench.kernel.queue = {arrival_of(10, 1), arrival_of(10, 2)};
  REQUIRE_EQ(bench.receive(), 1);
  CHECK_EQ(bench.port(0), 1);
  CHECK_EQ(bench.kernel.queue.size(), 1);
  REQUIRE_EQ(bench.receive(), 1);
  CHECK_EQ(bench.port(0), 2);
}

TEST(pending_errors_without_end_are_bounded) {
  for (const int error : {ECONNREFUSED, ENETDOWN, EINTR}) {
    ReceiverBench bench;
    bench.kernel.batch_answers.assign(10000, -error);
    CHECK_EQ(bench.receive(), 0);
    CHECK(bench.kernel.calls() <= 64);
    // And the socket still works.
    bench.kernel.batch_answers.clear();
    bench.kernel.queue = {arrival_of(10)};
    CHECK_EQ(bench.receive(), 1);
  }
}

TEST(an_error_in_the_middle_of_a_batch_loses_nothing) {
  for (const bool recvmmsg : {true, false}) {
    ReceiverBench bench;
    bench.features.recvmmsg = recvmmsg;
    bench.kernel.queue = {arrival_of(10, 1), arrival_of(10, 2), error_of(ECONNREFUSED),
                          arrival_of(10, 3)};
    CHECK_EQ(bench.receive(), 2);
    bench.receiver->wake();
    REQUIRE_EQ(bench.receive(), 1);
    CHECK_EQ(bench.port(0), 3);
  }
}

TEST(no_memory_lets_the_loop_breathe) {
  ReceiverBench bench;
  bench.kernel.batch_answers = {-ENOMEM};
  bench.kernel.queue = {arrival_of(10)};
  CHECK_EQ(bench.receive(), 0);
  CHECK_EQ(bench.kernel.calls(), 1);
  CHECK_EQ(bench.peers.errno_count(ENOMEM), 1);
  CHECK_EQ(bench.receive(), 1);
}

TEST(a_descriptor_that_is_none_is_the_only_end) {
  for (const int error : {EBADF, ENOTSOCK}) {
    ReceiverBench bench;
    bench.kernel.batch_answers = {-error};
    CHECK_EQ(bench.receive(), -error);
    CHECK_EQ(bench.kernel.calls(), 1);
  }
}

TEST(zero_from_recvmmsg_is_an_empty_socket) {
  ReceiverBench bench;
  bench.kernel.batch_answers.assign(100, 0);
  CHECK_EQ(bench.receive(), 0);
  CHECK_EQ(bench.kernel.calls(), 1);
}

TEST(without_recvmmsg_each_message_has_its_call) {
  for (const int error : {ENOSYS, EPERM}) {
    ReceiverBench bench;
    bench.kernel.batch_answers.assign(100, -error);
    for (uint16_t port = 1; port <= 10; port++) {
      bench.kernel.queue.push_back(arrival_of(30, port, port == 5 ? 10 : 0));
    }
    REQUIRE_EQ(bench.receive(), 12);
    CHECK(!bench.features.recvmmsg);
    CHECK_EQ(bench.kernel.batch_calls, 1);
    CHECK_EQ(bench.kernel.single_calls, 11);  // the last one finds the socket empty
    CHECK_EQ(bench.port(0), 1);
    CHECK_EQ(bench.port(11), 10);
    bench.receiver->wake();
    bench.kernel.queue = {arrival_of(30)};
    CHECK_EQ(bench.receive(), 1);
    CHECK_EQ(bench.kernel.batch_calls, 1);
    for (int i = 0; i < 100; i++) bench.kernel.queue.push_back(arrival_of(10));
    bench.receiver->wake();
    CHECK_EQ(bench.receive(), kReceiveMessages);
  }
}

TEST(a_cut_datagram_is_marked_and_counted) {
  ReceiverBench bench;
  bench.kernel.queue = {arrival_of(65537, 1), arrival_of(10, 2)};
  REQUIRE_EQ(bench.receive(), 2);
  CHECK_EQ(bench.at(0, kLength), 65536);
  CHECK_EQ(bench.at(0, kFlags), kFlagTruncated);
  CHECK_EQ(bench.at(1, kFlags), 0);
  CHECK_EQ(bench.peers.count(kCountTruncated), 1);
}

TEST(a_cut_train_counts_every_datagram_that_is_not_whole) {
  // 65,536 of 70,000 bytes in segments of 1000: 65 whole, the 66th cut, four gone.
  ReceiverBench bench;
  bench.kernel.queue = {arrival_of(70000, 1, 1000)};
  REQUIRE_EQ(bench.receive(), 66);
  for (int32_t row = 0; row < 65; row++) CHECK_EQ(bench.at(row, kFlags), kFlagSegment);
  CHECK_EQ(bench.at(65, kFlags), kFlagSegment | kFlagTruncated);
  CHECK_EQ(bench.at(65, kLength), 536);
  CHECK_EQ(bench.peers.count(kCountTruncated), 5);
  // Cut at a border: 64 whole, the others gone; and in the last one.
  ReceiverBench border;
  border.kernel.queue = {arrival_of(65536 + 1024, 1, 1024), arrival_of(65537, 1, 1000)};
  CHECK_EQ(border.receive(), 64 + 66);
  CHECK_EQ(border.at(63, kFlags), kFlagSegment);
  CHECK_EQ(border.peers.count(kCountTruncated), 2);
  // One byte of the 67th: it is gone too.
  ReceiverBench tail;
  tail.kernel.queue = {arrival_of(66001, 1, 1000)};
  CHECK_EQ(tail.receive(), 66);
  CHECK_EQ(tail.peers.count(kCountTruncated), 2);
  // A segment size that no train can have.
  ReceiverBench absurd;
  absurd.kernel.queue = {arrival_of(65537, 1, INT32_MAX)};
  CHECK_EQ(absurd.receive(), 1);
  CHECK_EQ(absurd.peers.count(kCountTruncated), 1);
}

TEST(cut_control_data_is_counted) {
  ReceiverBench bench;
  Arrival arrival = arrival_of(10);
  arrival.flags = MSG_CTRUNC;
  bench.kernel.queue = {arrival};
  CHECK_EQ(bench.receive(), 1);
  CHECK_EQ(bench.peers.count(kCountControlTruncated), 1);
}

TEST(names_that_are_no_address_are_skipped) {
  ReceiverBench bench;
  Arrival short_name = arrival_of(10, 1);
  short_name.name.resize(4);
  Arrival foreign = arrival_of(10, 2);
  foreign.name[0] = AF_UNIX;
  Arrival nameless = arrival_of(10, 3);
  nameless.name.clear();
  bench.kernel.queue = {short_name, arrival_of(10, 4), foreign, nameless, arrival_of(10, 5)};
  REQUIRE_EQ(bench.receive(), 2);
  CHECK_EQ(bench.port(0), 4);
  CHECK_EQ(bench.port(1), 5);
  CHECK_EQ(bench.byte(1), 5);
  CHECK_EQ(bench.peers.count(kCountDatagramsReceived), 2);
}

}  // namespace
}  // namespace burstwire::test
