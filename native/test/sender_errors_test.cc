// Errors that belong to a datagram: each is reported at its row and nowhere else, and the rest of
// the batch goes on.
#include <cerrno>

#include "check.h"
#include "sender_fixture.h"

namespace burstwire::test {
namespace {

// Messages to this port fail with this errno, always.
std::function<int64_t(const SeenMessage&)> refuse_port(uint16_t port, int error) {
  return [port, error](const SeenMessage& message) -> int64_t {
    return message.to.port == port ? -error : 0;
  };
}

void add_with_poison(SenderBench& bench, int32_t rows, int32_t poison) {
  for (int32_t i = 0; i < rows; i++) bench.batch.add(100 + i, i == poison ? bench.two : bench.one);
}

TEST(a_poison_datagram_first_in_the_middle_and_last) {
  for (const int error :
       {EINVAL, EPERM, EMSGSIZE, EACCES, EIO, ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, EHOSTDOWN,
        ENETDOWN, EADDRNOTAVAIL, EOPNOTSUPP, EFAULT, EDESTADDRREQ, EPROTO}) {
    for (int32_t poison = 0; poison < 6; poison++) {
      for (const bool sendmmsg : {true, false}) {
        SenderBench bench;
        bench.features.sendmmsg = sendmmsg;
        add_with_poison(bench, 6, poison);
        bench.kernel.rule = refuse_port(2, error);
        CHECK_EQ(bench.send(), 6);
        CHECK_EQ(bench.blocked(), Blocked::kNo);
        for (int32_t row = 0; row < 6; row++) {
          CHECK_EQ(bench.batch.status(row), row == poison ? error : 0);
        }
        CHECK_EQ(bench.peers.count(kCountSendFailures), 1);
        CHECK_EQ(bench.peers.errno_count(error), 1);
        CHECK(bench.kernel.calls() <= 12);
        bench.check_settled();
      }
    }
  }
}

TEST(a_batch_of_poison_ends) {
  SenderBench bench;
  bench.features.gso = false;
  bench.batch.add_many(200, 100, bench.two);
  bench.kernel.rule = refuse_port(2, EACCES);
  CHECK_EQ(bench.send(), 200);
  CHECK((bench.statuses() == Statuses(200, EACCES)));
  CHECK_EQ(bench.peers.errno_count(EACCES), 200);
  CHECK(bench.kernel.calls() <= 400);
}

TEST(a_train_of_poison_fails_row_by_row) {
  for (const int error : {EACCES, EPERM, ENETUNREACH}) {
    SenderBench bench;
    bench.batch.add_many(3, 100, bench.one);
    bench.batch.add_many(4, 100, bench.two);
    bench.batch.add_many(3, 100, bench.one);
    bench.kernel.rule = refuse_port(2, error);
    CHECK_EQ(bench.send(), 10);
    CHECK((bench.statuses() == Statuses{0, 0, 0, error, error, error, error, 0, 0, 0}));
    CHECK_EQ(bench.peers.count(kCountSendFailures), 4);
    CHECK_EQ(bench.peers.count(kCountGsoFallbacks), 0);
    CHECK_EQ(bench.peers.table.find(bench.two)->gso_denied_until_ms, 0);
    bench.check_settled();
  }
}

TEST(an_error_that_passes_costs_nothing) {
  for (const int error : {EPERM, ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, EHOSTDOWN, ENETDOWN,
                          EADDRNOTAVAIL, ECONNRESET}) {
    for (int32_t at = 0; at < 6; at++) {
      SenderBench bench;
      add_with_poison(bench, 6, -1);
      bench.kernel.answers.assign(static_cast<size_t>(at), 0);
      bench.kernel.answers.push_back(-error);
      CHECK_EQ(bench.send(), 6);
      CHECK((bench.statuses() == Statuses(6, 0)));
      CHECK_EQ(bench.peers.count(kCountSendFailures), 0);
      bench.check_settled();
    }
  }
}

TEST(an_error_that_passes_costs_a_train_nothing) {
  for (const int error : {EPERM, ECONNREFUSED}) {
    SenderBench bench;
    bench.batch.add_many(10, 100, bench.one);
    bench.kernel.answers = {-error};
    CHECK_EQ(bench.send(), 10);
    CHECK((bench.offered_counts() == std::vector<int32_t>{10, 10}));
    CHECK((bench.statuses() == Statuses(10, 0)));
    bench.check_settled();
  }
}

TEST(a_hundred_datagrams_behind_an_old_refusal_all_leave) {
  SenderBench bench;
  bench.batch.add(100, bench.two);
  CHECK_EQ(bench.send(), 1);  // to a closed port: the ICMP answer comes later
  for (int i = 0; i < 100; i++) bench.batch.add(100 + i, bench.one);
  bench.kernel.answers = {-ECONNREFUSED};
  CHECK_EQ(bench.send(1), 100);
  CHECK((bench.statuses() == Statuses(101, 0)));
  bench.check_settled();
}

TEST(an_error_that_passes_into_a_full_buffer_stops) {
  SenderBench bench;
  add_with_poison(bench, 6, -1);
  bench.kernel.answers = {0, 0, -ECONNREFUSED, -ECONNREFUSED, -EAGAIN};
  CHECK_EQ(bench.send(), 2);
  CHECK_EQ(bench.blocked(), Blocked::kUntilWritable);
  CHECK_EQ(bench.peers.count(kCountSendFailures), 0);
  CHECK_EQ(bench.send(2), 4);
  bench.check_settled();
}

TEST(a_mark_that_the_kernel_refuses_is_left_off) {
  for (const int error : {EINVAL, EIO}) {
    SenderBench bench;
    for (int i = 0; i < 4; i++) bench.batch.add(100 + i, bench.one, 2);
    bench.kernel.rule = [error](const SeenMessage& message) -> int64_t {
      return message.ecn != 0 ? -error : 0;
    };
    CHECK_EQ(bench.send(), 4);
    CHECK((bench.statuses() == Statuses(4, 0)));
    CHECK(!bench.features.ecn);
    for (const TakenDatagram& datagram : bench.kernel.taken) CHECK_EQ(datagram.ecn, 0);
    // One refusal is enough: marks are not tried again.
    CHECK(bench.kernel.calls() <= 3);
    bench.check_settled();
  }
}

TEST(a_mark_stays_when_leaving_it_off_does_not_help) {
  SenderBench bench;
  bench.batch.add(100, bench.two, 2);
  bench.batch.add(101, bench.one, 2);
  bench.kernel.rule = refuse_port(2, EINVAL);
  CHECK_EQ(bench.send(), 2);
  CHECK((bench.statuses() == Statuses{EINVAL, 0}));
  CHECK(bench.features.ecn);
  CHECK_EQ(bench.kernel.taken[0].ecn, 2);
}

TEST(an_empty_datagram_loses_its_mark_too) {
  SenderBench bench;
  bench.batch.add(0, bench.one, 1);
  bench.kernel.rule = [](const SeenMessage& message) -> int64_t {
    return message.ecn != 0 ? -EINVAL : 0;
  };
  CHECK_EQ(bench.send(), 1);
  CHECK_EQ(bench.batch.status(0), 0);
  bench.check_settled();
}

TEST(a_source_that_is_gone_is_reported_as_such) {
  for (const int32_t flags : {0, 2}) {
    SenderBench bench;
    bench.batch.add(100, bench.one, flags);
    bench.batch.add(101, bench.one, flags, bench.source);
    bench.batch.add(102, bench.one, flags);
    bench.kernel.rule = [](const SeenMessage& message) -> int64_t {
      return message.has_source ? -EINVAL : 0;
    };
    CHECK_EQ(bench.send(), 3);
    CHECK((bench.statuses() == Statuses{0, kStatusSourceGone, 0}));
    CHECK_EQ(bench.peers.errno_count(EINVAL), 1);
    CHECK(bench.features.ecn);
    bench.check_settled();
  }
}

// IPv4 says ENETUNREACH for a source that is gone, and for a destination without a route.
TEST(an_unreachable_network_and_a_source_that_is_gone_are_told_apart) {
  for (const bool gone : {true, false}) {
    for (const int32_t rows : {1, 4}) {
      SenderBench bench;
      bench.batch.add_many(rows, 100, bench.two, 0, bench.source);
      bench.batch.add_many(rows, 100, bench.two);
      bench.batch.add_many(rows, 100, bench.one);
      bench.kernel.rule = refuse_port(2, ENETUNREACH);
      bench.kernel.bind_answer = gone ? -EADDRNOTAVAIL : 0;
      CHECK_EQ(bench.send(), 3 * rows);
      CHECK_EQ(bench.batch.status(0), gone ? kStatusSourceGone : ENETUNREACH);
      CHECK_EQ(bench.batch.status(rows - 1), gone ? kStatusSourceGone : ENETUNREACH);
      // No source was named: nothing to ask for.
      CHECK_EQ(bench.batch.status(rows), ENETUNREACH);
      CHECK_EQ(bench.batch.status(2 * rows), 0);
      CHECK_EQ(bench.kernel.bound, 1);
      CHECK_EQ(bench.kernel.open_sockets, 0);
      bench.check_settled();
    }
  }
}

TEST(a_source_is_named_only_to_peers_of_its_family) {
  SenderBench bench(AF_INET6);
  const int32_t six = bench.peers.named("2001:db8::1", 6);
  const int32_t six_source = bench.peers.named("2001:db8::9", 0);
  bench.batch.add(100, bench.one, 0, bench.source);
  bench.batch.add(101, six, 0, six_source);
  bench.batch.add(102, six, 0, bench.source);
  CHECK_EQ(bench.send(), 3);
  CHECK(bench.kernel.offered[0].has_source && bench.kernel.offered[1].has_source);
  CHECK(bench.kernel.offered[0].source.address.s6_addr[15] == 9);
  CHECK(bench.kernel.offered[1].source == key_of("2001:db8::9", 0));
  CHECK(!bench.kernel.offered[2].has_source);
  bench.check_settled();
}

TEST(rows_that_cannot_be_sent_are_reported_and_skipped) {
  for (int32_t wrong = 0; wrong < 6; wrong++) {
    SenderBench bench;
    bench.batch.add_many(6, 100, bench.one);
    bench.batch.at(wrong, kRemote) = wrong % 2 == 0 ? 0 : 9999;
    CHECK_EQ(bench.send(), 6);
    for (int32_t row = 0; row < 6; row++) {
      CHECK_EQ(bench.batch.status(row), row == wrong ? EINVAL : 0);
    }
    CHECK_EQ(bench.peers.errno_count(EINVAL), 1);
    bench.check_settled();
  }
  SenderBench all;
  all.batch.add_many(100, 100, 0);
  CHECK_EQ(all.send(), 100);
  CHECK_EQ(all.kernel.calls(), 0);
}

}  // namespace
}  // namespace burstwire::test
