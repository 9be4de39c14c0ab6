// Trains that the kernel refuses or takes in part: their rows leave one by one, at once, in order
// and exactly once, and the way is remembered, for that peer alone and not for ever.
#include <cerrno>

#include "check.h"
#include "sender_fixture.h"

namespace burstwire::test {
namespace {

using Counts = std::vector<int32_t>;

// Trains to this port are refused.
std::function<int64_t(const SeenMessage&)> refuse_trains(uint16_t port, int error) {
  return [port, error](const SeenMessage& message) -> int64_t {
    return message.segment > 0 && message.to.port == port ? -error : 0;
  };
}

// Three trains; the one in the middle goes to `two`.
void add_three_trains(SenderBench& bench) {
  bench.batch.add_many(3, 100, bench.one);
  bench.batch.add_many(3, 100, bench.two);
  bench.batch.add(40, bench.two);
  bench.batch.add_many(3, 100, bench.one);
}

TEST(a_refused_train_leaves_row_by_row_and_nothing_twice) {
  for (const int error : {EIO, EINVAL, EOPNOTSUPP}) {
    for (const bool scattered : {false, true}) {
      SenderBench bench;
      add_three_trains(bench);
      bench.kernel.rule = refuse_trains(2, error);
      const SendView view = scattered ? bench.batch.scattered() : bench.batch.view();
      CHECK_EQ(bench.sender->send(view, 0, 10), 10);
      CHECK((bench.statuses() == Statuses(10, 0)));
      // Sent; refused behind it; refused by name; one by one; sent.
      CHECK((bench.offered_counts() == Counts{3, 4, 4, 1, 1, 1, 1, 3}));
      CHECK_EQ(bench.peers.count(kCountGsoFallbacks), 1);
      CHECK_EQ(bench.peers.count(kCountTrainsSent), 2);
      CHECK_EQ(bench.peers.count(kCountSendFailures), 0);
      bench.check_settled();
    }
  }
}

TEST(the_memory_of_a_refusal_is_the_peers_and_expires) {
  for (const int error : {EIO, EINVAL}) {
    SenderBench bench;
    bench.kernel.clock_ms = 1000;
    add_three_trains(bench);
    bench.kernel.rule = refuse_trains(2, error);
    CHECK_EQ(bench.send(), 10);
    CHECK_EQ(bench.peers.table.find(bench.one)->gso_denied_until_ms, 0);
    CHECK_EQ(bench.peers.table.find(bench.two)->gso_denied_until_ms, 1000 + kGsoDenialMs);

    bench.kernel.offered.clear();
    CHECK_EQ(bench.send(), 10);
    CHECK((bench.offered_counts() == Counts{3, 1, 1, 1, 1, 3}));

    bench.kernel.offered.clear();
    bench.kernel.clock_ms = 1000 + kGsoDenialMs - 1;
    CHECK_EQ(bench.send(), 10);
    CHECK((bench.offered_counts() == Counts{3, 1, 1, 1, 1, 3}));

    // Another network by now.
    bench.kernel.rule = [](const SeenMessage&) { return 0; };
    bench.kernel.offered.clear();
    bench.kernel.clock_ms = 1000 + kGsoDenialMs;
    CHECK_EQ(bench.send(), 10);
    CHECK((bench.offered_counts() == Counts{3, 4, 3}));
  }
}

TEST(a_denied_peer_is_denied_within_the_same_send) {
  SenderBench bench;
  bench.batch.add_many(200, 100, bench.two);
  bench.kernel.rule = refuse_trains(2, EIO);
  CHECK_EQ(bench.send(), 200);
  CHECK_EQ(bench.peers.count(kCountGsoFallbacks), 1);
  CHECK((bench.statuses() == Statuses(200, 0)));
  bench.check_settled();
}

TEST(eio_denies_even_when_the_rows_fail_too) {
  SenderBench bench;
  bench.batch.add_many(3, 100, bench.two);
  bench.kernel.rule = [](const SeenMessage& message) -> int64_t {
    return message.segment > 0 ? -EIO : -EACCES;
  };
  CHECK_EQ(bench.send(), 3);
  CHECK((bench.statuses() == Statuses(3, EACCES)));
  CHECK(bench.peers.table.find(bench.two)->gso_denied_until_ms > 0);
}

TEST(a_source_that_is_gone_does_not_cost_the_trains) {
  for (const int32_t flags : {0, 1}) {
    SenderBench bench;
    bench.batch.add_many(4, 100, bench.one, flags, bench.source);
    bench.kernel.rule = [](const SeenMessage& message) -> int64_t {
      return message.has_source ? -EINVAL : 0;
    };
    CHECK_EQ(bench.send(), 4);
    CHECK((bench.statuses() == Statuses(4, kStatusSourceGone)));
    CHECK_EQ(bench.peers.table.find(bench.one)->gso_denied_until_ms, 0);
    CHECK(bench.features.gso && bench.features.ecn);
    bench.batch = Batch();
    bench.batch.add_many(4, 100, bench.one);
    bench.kernel.offered.clear();
    CHECK_EQ(bench.send(), 4);
    CHECK((bench.offered_counts() == Counts{4}));
  }
}

TEST(a_refused_mark_does_not_cost_the_trains) {
  SenderBench bench;
  bench.batch.add_many(4, 100, bench.one, 2);
  bench.kernel.rule = [](const SeenMessage& message) -> int64_t {
    return message.ecn != 0 ? -EINVAL : 0;
  };
  CHECK_EQ(bench.send(), 4);
  CHECK((bench.statuses() == Statuses(4, 0)));
  CHECK(!bench.features.ecn);
  CHECK_EQ(bench.peers.table.find(bench.one)->gso_denied_until_ms, 0);
  bench.check_settled();
}

TEST(of_a_train_over_the_path_mtu_only_the_large_rows_fail) {
  SenderBench bench;
  bench.batch.add_many(3, 1400, bench.two);
  bench.batch.add(1200, bench.two);
  bench.batch.add(100, bench.one);
  bench.kernel.rule = [](const SeenMessage& message) -> int64_t {
    const size_t packet =
        message.segment > 0 ? static_cast<size_t>(message.segment) : message.bytes.size();
    return packet > 1300 ? -EMSGSIZE : 0;
  };
  CHECK_EQ(bench.send(), 5);
  CHECK((bench.statuses() == Statuses{EMSGSIZE, EMSGSIZE, EMSGSIZE, 0, 0}));
  CHECK_EQ(bench.peers.errno_count(EMSGSIZE), 3);
  // About the size of a row, not about trains.
  CHECK_EQ(bench.peers.table.find(bench.two)->gso_denied_until_ms, 0);
  bench.check_settled();
}

TEST(a_full_buffer_in_the_middle_of_a_resend_keeps_the_count_exact) {
  for (const int error : {EAGAIN, ENOBUFS}) {
    for (int32_t passed = 0; passed < 4; passed++) {
      SenderBench bench;
      add_three_trains(bench);
      bench.kernel.answers = {0, -EIO, -EIO};
      bench.kernel.answers.insert(bench.kernel.answers.end(), static_cast<size_t>(passed), 0);
      bench.kernel.answers.push_back(-error);
      CHECK_EQ(bench.send(), 3 + passed);
      CHECK_EQ(bench.blocked(), error == EAGAIN ? Blocked::kUntilWritable : Blocked::kForAWhile);
      for (int32_t row = 3 + passed; row < 10; row++) CHECK_EQ(bench.batch.status(row), kUntouched);
      bench.check_settled();
      CHECK_EQ(bench.send(3 + passed), 7 - passed);
      CHECK((bench.statuses() == Statuses(10, 0)));
      bench.check_settled();
    }
  }
}

TEST(an_interrupted_and_refused_resend_reports_each_row) {
  SenderBench bench;
  bench.batch.add_many(5, 100, bench.one);
  bench.kernel.single_answers = {SendingKernel::kPass, -EINTR, SendingKernel::kPass, -EINTR};
  bench.kernel.answers = {-EIO, 0, -EMSGSIZE, -ECONNREFUSED, 0, -EPERM, -EPERM, 0};
  CHECK_EQ(bench.send(), 5);
  CHECK((bench.statuses() == Statuses{0, EMSGSIZE, 0, EPERM, 0}));
  bench.check_settled();
}

TEST(a_train_taken_in_part_is_completed) {
  for (int32_t taken = 1; taken < 8; taken++) {
    for (const bool behind_another : {false, true}) {
      SenderBench bench;
      if (behind_another) bench.batch.add(70, bench.two);
      bench.batch.add_many(7, 100, bench.one);
      bench.batch.add(50, bench.one);
      bench.batch.add_many(2, 100, bench.two);
      if (behind_another) bench.kernel.answers.push_back(0);
      bench.kernel.answers.push_back(taken * 100);
      CHECK_EQ(bench.send(), bench.batch.count());
      for (int32_t row = 0; row < bench.batch.count(); row++) CHECK_EQ(bench.batch.status(row), 0);
      CHECK(bench.peers.table.find(bench.one)->gso_denied_until_ms > 0);
      bench.check_settled();
    }
  }
}

TEST(the_rest_of_a_train_taken_in_part_waits_for_a_full_buffer) {
  SenderBench bench;
  bench.batch.add_many(8, 100, bench.one);
  bench.kernel.answers = {300, 0, -EAGAIN};
  CHECK_EQ(bench.send(), 4);
  CHECK_EQ(bench.blocked(), Blocked::kUntilWritable);
  CHECK_EQ(bench.send(4), 4);
  bench.check_settled();
}

// A kernel that takes a part of a train and goes on with the next message: what is behind the part
// has left already, so it must not leave again.
TEST(a_part_in_the_middle_of_a_call_repeats_nothing) {
  for (const bool full : {false, true}) {
    SenderBench bench;
    bench.batch.add(30, bench.two);
    bench.batch.add_many(5, 100, bench.one);
    bench.batch.add_many(5, 100, bench.two);
    bench.batch.add(20, bench.one);
    bench.kernel.sendmmsg_goes_on_after_a_part = true;
    bench.kernel.answers = {0, 200, 0, 0, 0};
    if (full) bench.kernel.answers.push_back(-EAGAIN);
    int32_t settled = bench.send();
    for (int calls = 0; calls < 10 && settled < 12; calls++) settled += bench.send(settled);
    REQUIRE_EQ(settled, 12);
    for (int32_t row = 0; row < 12; row++) {
      int times = 0;
      for (const TakenDatagram& datagram : bench.kernel.taken) {
        if (datagram.bytes == bench.batch.bytes(row)) times++;
      }
      CHECK_EQ(times, bench.batch.status(row) == 0 ? 1 : 0);
    }
  }
}

}  // namespace
}  // namespace burstwire::test
