// The receiver over a scripted kernel: what becomes of each message.
#include "check.h"
#include "receiver_fixture.h"

namespace burstwire::test {
namespace {

TEST(datagrams_become_rows) {
  ReceiverBench bench;
  for (uint16_t port = 1; port <= 5; port++)
    bench.kernel.queue.push_back(arrival_of(100U + port, port));
  REQUIRE_EQ(bench.receive(), 5);
  for (int32_t row = 0; row < 5; row++) {
    CHECK_EQ(bench.at(row, kOffset), row * kReceiveStride);
    CHECK_EQ(bench.at(row, kLength), 101 + row);
    CHECK_EQ(bench.at(row, kFlags), 0);
    CHECK_EQ(bench.at(row, kStatus), 0);
    CHECK_EQ(bench.at(row, kLocal), kLocalPeer);
    CHECK_EQ(bench.port(row), row + 1);
    CHECK_EQ(bench.byte(row), row + 1);
  }
  CHECK_EQ(bench.peers.count(kCountDatagramsReceived), 5);
  CHECK_EQ(bench.peers.count(kCountBytesReceived), 515);
  CHECK_EQ(bench.peers.count(kCountReceiveCalls), 1);
  CHECK_EQ(bench.peers.count(kCountSegmentsReceived), 0);
}

TEST(trains_become_rows) {
  ReceiverBench bench;
  bench.kernel.queue = {arrival_of(250, 1, 100), arrival_of(0, 2), arrival_of(128 * 500, 3, 500)};
  REQUIRE_EQ(bench.receive(), 3 + 1 + 128);
  CHECK_EQ(bench.at(2, kLength), 50);
  CHECK_EQ(bench.at(2, kFlags), kFlagSegment);
  CHECK_EQ(bench.at(3, kLength), 0);
  CHECK_EQ(bench.port(3), 2);
  for (int32_t row = 4; row < 132; row++) {
    CHECK_EQ(bench.at(row, kLength), 500);
    CHECK_EQ(bench.port(row), 3);
    CHECK_EQ(bench.byte(row), 3);
  }
  CHECK_EQ(bench.peers.count(kCountSegmentsReceived), 131);
  CHECK_EQ(bench.peers.count(kCountBytesReceived), 250 + 64000);
}

// The kernel of the tests checks every in-out field on every call; here it shortens all of them.
TEST(every_call_offers_full_lengths_again) {
  for (const bool recvmmsg : {true, false}) {
    ReceiverBench bench;
    bench.features.recvmmsg = recvmmsg;
    for (uint16_t round = 1; round <= 10; round++) {
      Arrival nameless = arrival_of(10, round);
      nameless.name.clear();
      nameless.flags = MSG_TRUNC | MSG_CTRUNC;
      bench.kernel.queue = {nameless, arrival_of(20, round)};
      bench.receiver->wake();
      REQUIRE_EQ(bench.receive(), 1);
      CHECK_EQ(bench.port(0), round);
      CHECK_EQ(bench.at(0, kLength), 20);
    }
  }
}

TEST(an_empty_socket_is_asked_once_until_it_wakes) {
  ReceiverBench bench;
  CHECK_EQ(bench.receive(), 0);
  CHECK_EQ(bench.receive(), 0);
  CHECK_EQ(bench.kernel.calls(), 1);
  bench.kernel.queue = {arrival_of(10)};
  CHECK_EQ(bench.receive(), 0);
  bench.receiver->wake();
  CHECK_EQ(bench.receive(), 1);
  // Fewer than asked for: there is no more, and no call is spent to hear it.
  CHECK_EQ(bench.receive(), 0);
  CHECK_EQ(bench.kernel.calls(), 2);
  CHECK_EQ(bench.peers.count(kCountReceiveErrors), 0);
}

TEST(a_full_batch_asks_again_without_a_wake) {
  ReceiverBench bench;
  for (int i = 0; i < 100; i++) bench.kernel.queue.push_back(arrival_of(10));
  CHECK_EQ(bench.receive(), kReceiveMessages);
  CHECK_EQ(bench.receive(), 100 - kReceiveMessages);
  CHECK_EQ(bench.receive(), 0);
  CHECK_EQ(bench.kernel.calls(), 2);
}

TEST(large_trains_make_smaller_batches_and_small_datagrams_larger_ones) {
  ReceiverBench bench;
  for (int i = 0; i < 100; i++) bench.kernel.queue.push_back(arrival_of(64000, 1, 1000));
  CHECK_EQ(bench.receive(), 64 * 64);
  const unsigned at_first = bench.kernel.asked;
  CHECK_EQ(bench.receive() % 64, 0);
  CHECK(bench.kernel.asked < at_first);
  bench.kernel.queue.clear();
  for (int i = 0; i < 200; i++) bench.kernel.queue.push_back(arrival_of(10));
  bench.receive();
  bench.receive();
  CHECK_EQ(bench.kernel.asked, at_first);
}

TEST(marks_and_local_addresses) {
  ReceiverBench bench;
  Arrival arrival = arrival_of(200, 1, 100);
  append_control(arrival.control, IPPROTO_IP, IP_TOS, uint8_t{3});
  in_pktinfo info{};
  info.ipi_addr.s_addr = htonl(0x7f000002);
  info.ipi_spec_dst.s_addr = htonl(0x7f000001);
  append_control(arrival.control, IPPROTO_IP, IP_PKTINFO, info);
  bench.kernel.queue = {arrival};
  REQUIRE_EQ(bench.receive(), 2);
  for (int32_t row = 0; row < 2; row++) {
    CHECK_EQ(bench.at(row, kFlags), kFlagSegment | 3);
    // The address that it was sent to, with the socket's port.
    CHECK(bench.peers.table.find(bench.at(row, kLocal))->key == key_of("127.0.0.2", kLocalPort));
  }
}

TEST(a_link_local_address_keeps_its_interface_and_no_other_does) {
  ReceiverBench bench;
  for (const char* address : {"fe80::5", "2001:db8::5"}) {
    Arrival arrival = arrival_of(10);
    in6_pktinfo info{};
    info.ipi6_addr = key_of(address, 0).address;
    info.ipi6_ifindex = 3;
    append_control(arrival.control, IPPROTO_IPV6, IPV6_PKTINFO, info);
    bench.kernel.queue.push_back(arrival);
  }
  REQUIRE_EQ(bench.receive(), 2);
  CHECK_EQ(bench.peers.table.find(bench.at(0, kLocal))->key.scope, 3);
  CHECK_EQ(bench.peers.table.find(bench.at(1, kLocal))->key.scope, 0);
}

TEST(drops_are_counted_across_the_wrap_and_never_backwards) {
  ReceiverBench bench;
  const auto drops_after = [&bench](uint32_t cumulative) {
    Arrival arrival = arrival_of(10);
    append_control(arrival.control, SOL_SOCKET, SO_RXQ_OVFL, cumulative);
    bench.kernel.queue = {arrival};
    bench.receiver->wake();
    CHECK_EQ(bench.receive(), 1);
    return bench.peers.count(kCountKernelDrops);
  };
  CHECK_EQ(drops_after(5), 5);
  CHECK_EQ(drops_after(5), 5);
  CHECK_EQ(drops_after(3), 5);  // queued before the one that said 5
  CHECK_EQ(drops_after(0x7fffffffU), 0x7fffffffU);
  CHECK_EQ(drops_after(0xfffffff0U), 0xfffffff0U);
  CHECK_EQ(drops_after(0x00000010U), 4294967296.0 + 0x10);
  CHECK_EQ(drops_after(0xffffffffU), 4294967296.0 + 0x10);
  // The same number asked for by SO_MEMINFO counts once.
  bench.receiver->note_drops(0x20);
  bench.receiver->note_drops(0x20);
  CHECK_EQ(drops_after(0x20), 4294967296.0 + 0x20);
}

TEST(datagrams_of_peers_without_an_id_are_dropped_and_counted) {
  ReceiverBench bench(4);
  for (uint16_t port = 1; port <= 6; port++) bench.kernel.queue.push_back(arrival_of(10, port));
  CHECK_EQ(bench.receive(), 3);  // the fourth id is the local address
  CHECK_EQ(bench.peers.count(kCountPeerOverflows), 3);
  // Next call, the silent ones make room.
  bench.receiver->wake();
  bench.kernel.queue = {arrival_of(10, 9)};
  REQUIRE_EQ(bench.receive(), 1);
  CHECK_EQ(bench.port(0), 9);
}

TEST(rows_and_slab_are_limits) {
  ReceiverBench bench;
  bench.kernel.queue = {arrival_of(1000, 1, 100), arrival_of(10, 2)};
  CHECK_EQ(bench.receive(4), 4);
  for (size_t place = 4 * kRowInts; place < bench.rows.size(); place++) {
    if (bench.rows[place] != -1) CHECK(!"a row behind the last was written");
  }
  ReceiverBench small(256, 3);
  for (int i = 0; i < 10; i++) small.kernel.queue.push_back(arrival_of(65536));
  CHECK_EQ(small.receive(), 3);
  CHECK_EQ(small.kernel.asked, 3);
  ReceiverBench none(256, 0);
  none.kernel.queue = {arrival_of(10)};
  CHECK_EQ(none.receive(), 0);
  CHECK_EQ(none.kernel.calls(), 0);
}

}  // namespace
}  // namespace burstwire::test
