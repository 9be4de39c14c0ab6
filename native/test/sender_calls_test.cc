// The sender and the two system calls: short counts, interruptions, a full buffer, calls that a
// filter forbids. What is an error of the call must not become one of a datagram.
#include <cerrno>

#include "check.h"
#include "sender_fixture.h"

namespace burstwire::test {
namespace {

// Six messages, alternating destinations: no trains.
void add_six(SenderBench& bench) {
  for (int i = 0; i < 6; i++) bench.batch.add(100 + i, i % 2 == 0 ? bench.one : bench.two);
}

TEST(a_batch_of_nothing_makes_no_call) {
  SenderBench bench;
  CHECK_EQ(bench.send(), 0);
  CHECK_EQ(bench.kernel.calls(), 0);
  CHECK_EQ(bench.blocked(), Blocked::kNo);
}

TEST(one_message_goes_by_sendmsg_and_more_by_sendmmsg) {
  SenderBench bench;
  bench.batch.add_many(10, 100, bench.one);
  CHECK_EQ(bench.send(), 10);
  CHECK_EQ(bench.kernel.single_calls, 1);
  CHECK_EQ(bench.kernel.batch_calls, 0);
  CHECK_EQ(bench.peers.count(kCountTrainsSent), 1);
  bench.check_settled();
  bench.batch.add_many(10, 100, bench.two);
  CHECK_EQ(bench.send(9), 11);
  CHECK_EQ(bench.kernel.batch_calls, 1);
}

TEST(any_count_is_sent_once_and_in_order) {
  for (const int count : {1, 20, 21, 45, 64, 65, 1024, 1025, 5000}) {
    for (const bool gso : {false, true}) {
      for (const bool scattered : {false, true}) {
        SenderBench bench;
        bench.features.gso = gso;
        bench.batch.add_many(count, 20, bench.one);
        const SendView view = scattered ? bench.batch.scattered() : bench.batch.view();
        REQUIRE_EQ(bench.sender->send(view, 0, count), count);
        REQUIRE_EQ(bench.kernel.taken.size(), count);
        bench.check_settled();
        const int messages = gso ? (count + 63) / 64 : count;
        CHECK_EQ(bench.kernel.offered.size(), messages);
      }
    }
  }
}

TEST(short_counts_at_each_position_lose_and_repeat_nothing) {
  for (int first = 1; first <= 6; first++) {
    for (int second = 1; second <= 6; second++) {
      SenderBench bench;
      add_six(bench);
      bench.kernel.batch_answers = {first, second};
      CHECK_EQ(bench.send(), 6);
      CHECK_EQ(bench.blocked(), Blocked::kNo);
      CHECK((bench.statuses() == Statuses(6, 0)));
      bench.check_settled();
    }
  }
}

TEST(a_full_buffer_stops_with_an_exact_count_at_each_position) {
  for (const int error : {EAGAIN, EWOULDBLOCK}) {
    for (int at = 0; at < 6; at++) {
      SenderBench bench;
      add_six(bench);
      // sendmmsg hides the error behind the count of those before; the call after it tells.
      bench.kernel.answers.assign(static_cast<size_t>(at), 0);
      bench.kernel.answers.insert(bench.kernel.answers.end(), {-error, -error});
      CHECK_EQ(bench.send(), at);
      CHECK_EQ(bench.blocked(), Blocked::kUntilWritable);
      CHECK_EQ(bench.peers.count(kCountSendBlocked), 1);
      CHECK_EQ(bench.peers.count(kCountSendFailures), 0);
      for (int row = 0; row < 6; row++)
        CHECK_EQ(bench.batch.status(row), row < at ? 0 : kUntouched);
      bench.check_settled();
      // Writable again: the rest, from where it stopped.
      bench.kernel.answers.clear();
      CHECK_EQ(bench.send(at), 6 - at);
      CHECK_EQ(bench.blocked(), Blocked::kNo);
      bench.check_settled();
    }
  }
}

TEST(a_full_buffer_within_trains_counts_rows) {
  SenderBench bench;
  bench.batch.add_many(150, 100, bench.one);  // 64 + 64 + 22
  bench.kernel.answers = {0, -EAGAIN, -EAGAIN};
  CHECK_EQ(bench.send(), 64);
  CHECK_EQ(bench.blocked(), Blocked::kUntilWritable);
  bench.kernel.answers.clear();
  CHECK_EQ(bench.send(64), 86);
  bench.check_settled();
}

TEST(no_memory_and_full_devices_ask_for_time_not_for_writability) {
  for (const int error : {ENOBUFS, ENOMEM}) {
    for (int at = 0; at < 6; at++) {
      SenderBench bench;
      add_six(bench);
      bench.kernel.answers.assign(static_cast<size_t>(at), 0);
      bench.kernel.answers.insert(bench.kernel.answers.end(), {-error, -error});
      CHECK_EQ(bench.send(), at);
      CHECK_EQ(bench.blocked(), Blocked::kForAWhile);
      CHECK_EQ(bench.peers.count(kCountSendNoBuffers), 1);
      CHECK_EQ(bench.peers.errno_count(error), 1);
      CHECK_EQ(bench.peers.count(kCountSendBlocked), 0);
      CHECK_EQ(bench.peers.count(kCountSendFailures), 0);
      bench.kernel.answers.clear();
      CHECK_EQ(bench.send(at), 6 - at);
      CHECK_EQ(bench.blocked(), Blocked::kNo);
      bench.check_settled();
    }
  }
}

TEST(interruptions_are_retried_at_each_call) {
  for (int at = 0; at < 4; at++) {
    SenderBench bench;
    add_six(bench);
    bench.kernel.batch_answers.assign(static_cast<size_t>(at), 1);
    bench.kernel.batch_answers.insert(bench.kernel.batch_answers.end(), {-EINTR, -EINTR, -EINTR});
    CHECK_EQ(bench.send(), 6);
    bench.check_settled();
  }
  SenderBench single;
  single.batch.add(100, single.one);
  single.kernel.single_answers = {-EINTR, -EINTR};
  CHECK_EQ(single.send(), 1);
  single.check_settled();
}

TEST(an_interruption_in_every_second_call_loses_nothing) {
  SenderBench bench;
  add_six(bench);
  bench.features.sendmmsg = false;
  for (int i = 0; i < 6; i++) {
    bench.kernel.single_answers.push_back(-EINTR);
    bench.kernel.single_answers.push_back(SendingKernel::kPass);
  }
  CHECK_EQ(bench.send(), 6);
  CHECK_EQ(bench.kernel.single_calls, 12);
  bench.check_settled();
}

TEST(a_storm_of_interruptions_ends) {
  for (const bool sendmmsg : {true, false}) {
    SenderBench bench;
    bench.features.sendmmsg = sendmmsg;
    add_six(bench);
    bench.kernel.batch_answers.assign(10000, -EINTR);
    bench.kernel.single_answers.assign(10000, -EINTR);
    CHECK_EQ(bench.send(), 0);
    CHECK_EQ(bench.blocked(), Blocked::kUntilWritable);
    CHECK(bench.kernel.calls() <= 200);
    CHECK_EQ(bench.peers.count(kCountSendFailures), 0);
    bench.kernel.batch_answers.clear();
    bench.kernel.single_answers.clear();
    CHECK_EQ(bench.send(), 6);
    bench.check_settled();
  }
}

TEST(zero_from_sendmmsg_neither_spins_nor_skips) {
  SenderBench bench;
  add_six(bench);
  bench.kernel.batch_answers.assign(10000, 0);
  CHECK_EQ(bench.send(), 6);
  CHECK(bench.kernel.calls() <= 12);
  CHECK((bench.statuses() == Statuses(6, 0)));
  bench.check_settled();
}

TEST(without_sendmmsg_each_message_has_its_call) {
  SenderBench bench;
  add_six(bench);
  bench.kernel.batch_answers.assign(100, -ENOSYS);
  CHECK_EQ(bench.send(), 6);
  CHECK(!bench.features.sendmmsg);
  CHECK_EQ(bench.kernel.batch_calls, 1);
  CHECK_EQ(bench.kernel.single_calls, 6);
  bench.check_settled();
}

TEST(a_filter_that_forbids_sendmmsg_is_found_out) {
  SenderBench bench;
  for (int i = 0; i < 20; i++) bench.batch.add(100 + i, bench.one);
  bench.kernel.batch_answers.assign(100, -EPERM);
  CHECK_EQ(bench.send(), 20);
  CHECK(!bench.features.sendmmsg);
  CHECK(bench.kernel.batch_calls <= 3);
  CHECK((bench.statuses() == Statuses(20, 0)));
  bench.check_settled();
}

TEST(refusals_now_and_then_do_not_cost_sendmmsg) {
  // A race of connection tracking, once every batch: no filter lets sendmmsg through in between.
  SenderBench bench;
  for (int round = 0; round < 20; round++) {
    bench.batch = Batch();
    bench.kernel.taken.clear();
    add_six(bench);
    bench.kernel.batch_answers = {-EPERM};
    CHECK_EQ(bench.send(), 6);
    CHECK((bench.statuses() == Statuses(6, 0)));
  }
  CHECK(bench.features.sendmmsg);
}

TEST(a_filter_in_the_middle_of_errors_keeps_order) {
  SenderBench bench;
  add_six(bench);
  bench.kernel.batch_answers.assign(100, -ENOSYS);
  bench.kernel.answers = {0, -EACCES, 0, -EAGAIN};
  CHECK_EQ(bench.send(), 3);
  CHECK_EQ(bench.blocked(), Blocked::kUntilWritable);
  CHECK((bench.statuses() == Statuses{0, EACCES, 0, kUntouched, kUntouched, kUntouched}));
  CHECK_EQ(bench.send(3), 3);
  bench.check_settled();
}

}  // namespace
}  // namespace burstwire::test
