// The sender under random scripts of errors: whatever the kernel answers, each row is settled once
// and in order, and the kernel has taken exactly the rows with STATUS 0.
#include <cerrno>
#include <cstdio>
#include <iterator>

#include "check.h"
#include "random.h"
#include "sender_fixture.h"

namespace burstwire::test {
namespace {

constexpr int kErrors[] = {EAGAIN,     EAGAIN,      ENOBUFS,      ENOMEM,        EINTR,
                           EIO,        EINVAL,      EMSGSIZE,     EPERM,         ECONNREFUSED,
                           EHOSTDOWN,  ENETUNREACH, EHOSTUNREACH, EADDRNOTAVAIL, EACCES,
                           EOPNOTSUPP, ECONNRESET,  ENETDOWN};

int random_error(Random& random) {
  return kErrors[random.between(0, static_cast<int32_t>(std::size(kErrors)) - 1)];
}

// What the network of one round is like.
struct Weather {
  int32_t calm;            // one attempt in so many fails by chance
  int trains_refused = 0;  // to port 2
  int marks_refused = 0;
  int sources_refused = 0;
  size_t path_mtu = SIZE_MAX;
  int attempts_left = 400;  // then the sun comes out, so that a round ends
};

Weather random_weather(Random& random) {
  Weather weather{random.one_in(4) ? 1000 : random.between(2, 30)};
  constexpr int kRefusals[] = {EIO, EINVAL, EMSGSIZE, EOPNOTSUPP};
  if (random.one_in(3)) weather.trains_refused = kRefusals[random.between(0, 3)];
  if (random.one_in(6)) weather.marks_refused = random.one_in(2) ? EINVAL : EIO;
  if (random.one_in(6)) weather.sources_refused = EINVAL;
  if (random.one_in(6)) weather.path_mtu = static_cast<size_t>(random.between(10, 60));
  return weather;
}

int64_t answer(Weather& weather, Random& random, const SeenMessage& message) {
  const size_t packet =
      message.segment > 0 ? static_cast<size_t>(message.segment) : message.bytes.size();
  if (message.segment > 0 && message.to.port == 2 && weather.trains_refused != 0) {
    return -weather.trains_refused;
  }
  if (message.ecn != 0 && weather.marks_refused != 0) return -weather.marks_refused;
  if (message.has_source && weather.sources_refused != 0) return -weather.sources_refused;
  if (packet > weather.path_mtu) return -EMSGSIZE;
  if (weather.attempts_left-- <= 0) return 0;
  if (random.one_in(weather.calm)) return -random_error(random);
  if (message.segment > 0 && random.one_in(3 * weather.calm)) {
    // A kernel that takes the front of a train.
    const int32_t segments = static_cast<int32_t>((message.bytes.size() - 1) / packet);
    return static_cast<int64_t>(random.between(1, segments)) * message.segment;
  }
  return 0;
}

void fill(SenderBench& bench, Random& random) {
  const int32_t third = bench.peers.named("192.0.2.3", 3);
  const int32_t ids[] = {bench.one, bench.two, third, 0};
  const int32_t rows = random.one_in(6) ? random.between(60, 200) : random.between(1, 30);
  const int32_t rarity = random.between(2, 20);
  int32_t to = 0;
  int32_t length = 20;
  int32_t flags = 0;
  int32_t source = 0;
  for (int32_t row = 0; row < rows; row++) {
    if (random.one_in(rarity)) to = random.between(0, random.one_in(8) ? 3 : 2);
    if (random.one_in(rarity)) length = random.between(0, 50);
    if (random.one_in(rarity)) flags = random.between(0, 3);
    if (random.one_in(rarity)) source = random.one_in(2) ? bench.source : 0;
    bench.batch.add(length, ids[to], flags, source, random.one_in(rarity) ? 1 : 0);
  }
}

void script_calls(SenderBench& bench, Random& random) {
  if (random.one_in(2)) return;
  for (int32_t calls = random.between(0, 12); calls > 0; calls--) {
    const int32_t kind = random.between(0, 9);
    int result = random.between(1, 5);  // a short count
    if (kind == 0) result = 0;
    if (kind == 1) result = -EPERM;
    if (kind == 2) result = -EINTR;
    if (kind == 3 && random.one_in(4)) result = -ENOSYS;
    if (kind >= 6) result = SendingKernel::kPass;
    bench.kernel.batch_answers.push_back(result);
    bench.kernel.single_answers.push_back(random.one_in(5) ? -EINTR : SendingKernel::kPass);
  }
}

// One send call from row `from`: what it says must be what it did.
int32_t send_once(SenderBench& bench, const SendView& view, int32_t from) {
  const Statuses before = bench.statuses();
  const int32_t settled = bench.sender->send(view, from, bench.batch.count());
  const int32_t end = from + settled;
  CHECK(settled >= 0 && end <= bench.batch.count());
  CHECK_EQ(bench.blocked() == Blocked::kNo, end == bench.batch.count());
  for (int32_t row = 0; row < bench.batch.count(); row++) {
    const bool now = row >= from && row < end;
    CHECK_EQ(bench.batch.status(row) != before[static_cast<size_t>(row)], now);
    if (now) CHECK(bench.batch.status(row) != kUntouched);
  }
  return settled;
}

void check_statuses(SenderBench& bench) {
  int32_t failed = 0;
  for (int32_t row = 0; row < bench.batch.count(); row++) {
    const int32_t status = bench.batch.status(row);
    CHECK(status >= 0);
    // Errors that are no datagram's must not be put on one.
    for (const int never : {EAGAIN, ENOBUFS, ENOMEM, EINTR, ENOSYS}) CHECK(status != never);
    if (status == kStatusSourceGone) CHECK(bench.batch.at(row, kLocal) != 0);
    if (bench.batch.at(row, kRemote) == 0) CHECK_EQ(status, EINVAL);
    if (status != 0) failed++;
  }
  CHECK_EQ(bench.peers.count(kCountSendFailures), failed);
}

void run_round(uint64_t seed) {
  Random random(seed);
  SenderBench bench;
  bench.features.gso = !random.one_in(10);
  bench.features.sendmmsg = !random.one_in(10);
  Weather weather = random_weather(random);
  bench.kernel.rule = [&weather, &random](const SeenMessage& message) {
    return answer(weather, random, message);
  };
  fill(bench, random);
  script_calls(bench, random);
  const SendView view = random.one_in(3) ? bench.batch.scattered() : bench.batch.view();
  int32_t row = 0;
  for (int calls = 0; calls < 1000 && row < bench.batch.count() && failures() == 0; calls++) {
    row += send_once(bench, view, row);
    bench.kernel.clock_ms += random.one_in(10) ? kGsoDenialMs : 1;
  }
  CHECK_EQ(row, bench.batch.count());
  check_statuses(bench);
  bench.check_settled();
}

TEST(random_scripts) {
  for (uint64_t seed = 1; seed <= 20000; seed++) {
    run_round(seed);
    if (failures() > 0) {
      std::printf("    with seed %llu\n", static_cast<unsigned long long>(seed));
      return;
    }
  }
}

}  // namespace
}  // namespace burstwire::test
