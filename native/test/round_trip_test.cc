// Real sockets on loopback: any sizes and counts, with and without trains in either direction,
// arrive as the rows that were sent, each once and in order.
#include <cstdio>

#include "check.h"
#include "loopback_fixture.h"

namespace burstwire::test {
namespace {

// Sends the whole batch and checks that all of it arrives.
void check_batch(Batch& batch, bool ipv6, Trains trains, bool scattered) {
  const char* address = ipv6 ? "::1" : "127.0.0.1";
  PacedCalls calls;
  Socket from(calls, address, ipv6, trains.gso, trains.gro);
  Socket to(real_system_calls(), address, ipv6, trains.gso, trains.gro);
  REQUIRE_EQ(from.opened.error, 0);
  REQUIRE_EQ(to.opened.error, 0);
  const int32_t id = from.id_of(address, to);
  batch.forget_statuses();
  for (int32_t row = 0; row < batch.count(); row++) batch.at(row, kRemote) = id;
  Arrivals arrivals(to, batch, from.opened.local.port);
  calls.arrivals = &arrivals;
  const SendView view = scattered ? batch.scattered() : batch.view();
  REQUIRE_EQ(from.sender->send(view, 0, batch.count()), batch.count());
  CHECK_EQ(from.sender->blocked(), Blocked::kNo);
  for (int32_t row = 0; row < batch.count(); row++) REQUIRE_EQ(batch.status(row), 0);
  REQUIRE_EQ(arrivals.arrived(), batch.count());
  CHECK_EQ(to.peers.count(kCountDatagramsReceived), batch.count());
  CHECK_EQ(to.peers.count(kCountSegmentsReceived), arrivals.segments());
  CHECK_EQ(from.peers.count(kCountDatagramsSent), batch.count());
  CHECK_EQ(from.peers.count(kCountGsoFallbacks), 0);
  if (!from.opened.features.gso) CHECK_EQ(from.peers.count(kCountTrainsSent), 0);
  if (!to.opened.features.gro) CHECK_EQ(arrivals.segments(), 0);
  // A train that crosses loopback arrives as one, on kernels that are not very old; unless, with
  // its headers, it reaches the device's limit of 65,536 bytes, as trains of very large rows do.
  const bool both = from.opened.features.gso && to.opened.features.gro;
  if (both && running_kernel().major >= 6 && batch.at(0, kLength) <= 9000) {
    CHECK_EQ(arrivals.segments() > 0, from.peers.count(kCountTrainsSent) > 0);
  }
}

void check_everywhere(Batch& batch, bool scattered) {
  for (const bool ipv6 : {false, true}) {
    if (ipv6 && !have_ipv6()) continue;
    for (const Trains trains : kAllTrains) {
      check_batch(batch, ipv6, trains, scattered);
      if (failures() == 0) continue;
      std::printf("    with IPv%c, gso %d, gro %d, %d rows, the first of %d bytes\n",
                  ipv6 ? '6' : '4', trains.gso, trains.gro, batch.count(), batch.at(0, kLength));
      return;
    }
  }
}

void check_size(int32_t size) {
  for (const int32_t count : {0, 1, 20, 21, 45, 64, 65, 1024, 1025, 5000}) {
    // Memory, not the engine, is the limit of the largest batches.
    if (static_cast<int64_t>(size) * count > 16 << 20) continue;
    Batch batch;
    batch.add_many(count, size, 0);
    if (count == 0) {
      Batch nothing;
      SendView view = nothing.view();
      Socket socket(real_system_calls(), "127.0.0.1", false, true, true);
      CHECK_EQ(socket.sender->send(view, 0, 0), 0);
      continue;
    }
    check_everywhere(batch, false);
    if (failures() > 0) return;
  }
}

TEST(datagrams_of_1_byte) { check_size(1); }
TEST(datagrams_of_500_bytes) { check_size(500); }
TEST(datagrams_of_1400_bytes) { check_size(1400); }
TEST(datagrams_of_1472_bytes) { check_size(1472); }
TEST(datagrams_of_9000_bytes) { check_size(9000); }

TEST(the_largest_datagrams) {
  // 65,507 is IPv4's most; over IPv6 the 65,536 bytes of loopback's MTU are the limit before
  // 65,527.
  Batch batch;
  batch.add_many(45, 65507, 0);
  for (const Trains trains : kAllTrains) check_batch(batch, false, trains, false);
  Batch batch6;
  batch6.add_many(45, 65488, 0);
  if (!have_ipv6()) return;
  for (const Trains trains : kAllTrains) check_batch(batch6, true, trains, false);
}

TEST(lengths_at_the_borders_of_trains) {
  const std::vector<std::vector<int32_t>> cases = {
      {1},
      {1400, 1},
      {1400, 1400},
      {1400, 1400, 1},
      {1, 1},
      {2, 2, 1},
      std::vector<int32_t>(64, 1),
      std::vector<int32_t>(65, 1),
      std::vector<int32_t>(64, 1023),
      std::vector<int32_t>(46, 1452),
      {32754, 32753},
      {32754, 32754},
      {65000, 1},
      {0},
      {0, 0},
      {100, 0, 100, 100, 0, 50},
      {100, 100, 50, 100, 200, 200, 199, 1, 2, 3},
  };
  for (const std::vector<int32_t>& lengths : cases) {
    Batch batch;
    for (const int32_t length : lengths) batch.add(length, 0);
    check_everywhere(batch, false);
    check_everywhere(batch, true);
    if (failures() > 0) return;
  }
}

TEST(scattered_rows_arrive_too) {
  Batch batch;
  for (int32_t row = 0; row < 300; row++) batch.add(1000 + row % 3, 0, 0, 0, row % 2);
  batch.add_many(2000, 700, 0);
  check_everywhere(batch, false);
  check_everywhere(batch, true);
}

TEST(marks_arrive_and_are_not_mixed_in_one_train) {
  Batch batch;
  for (int32_t row = 0; row < 200; row++) batch.add(400, 0, (row / 7) % 4);
  check_everywhere(batch, false);
}

TEST(every_switch_of_the_calls_gives_the_same_rows) {
  Batch batch;
  for (int32_t row = 0; row < 500; row++) batch.add(row % 50 < 40 ? 300 : row, 0, row / 100);
  for (int32_t switches = 0; switches < 16; switches++) {
    PacedCalls calls;
    Socket from(calls, "127.0.0.1", false, (switches & 1) != 0, true);
    Socket to(real_system_calls(), "127.0.0.1", false, true, (switches & 2) != 0);
    from.opened.features.sendmmsg = (switches & 4) != 0;
    to.opened.features.recvmmsg = (switches & 8) != 0;
    const int32_t id = from.id_of("127.0.0.1", to);
    for (int32_t row = 0; row < batch.count(); row++) batch.at(row, kRemote) = id;
    Arrivals arrivals(to, batch, from.opened.local.port);
    calls.arrivals = &arrivals;
    REQUIRE_EQ(from.sender->send(batch.view(), 0, batch.count()), batch.count());
    REQUIRE_EQ(arrivals.arrived(), batch.count());
  }
}

}  // namespace
}  // namespace burstwire::test
