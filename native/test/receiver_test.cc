// The receiver over a scripted kernel: what becomes of each message, and that no error of the
// network ends the socket.
#include <cerrno>
#include <memory>
#include <vector>

#include "../udp/receive.h"
#include "check.h"
#include "receiving_kernel.h"

namespace burstwire::test {
namespace {

constexpr int32_t kLocalPeer = 1;
constexpr uint16_t kLocalPort = 4433;

struct ReceiverBench {
  explicit ReceiverBench(int32_t capacity = 256, int32_t messages = kReceiveMessages)
      : peers(AF_INET, capacity),
        slab(static_cast<size_t>(messages) * kReceiveStride),
        rows(static_cast<size_t>(kReceiveRows) * kRowInts, -1) {
    features.gro = true;
    peers.pin(peers.named("127.0.0.1", kLocalPort), 1);
    receiver = std::make_unique<Receiver>(kernel, 3, features, peers.table, kLocalPeer, kLocalPort,
                                          peers.counters.data());
  }

  int32_t receive(int32_t row_count = kReceiveRows) {
    return receiver->receive({slab.data(), slab.size(), rows.data(), row_count});
  }
  int32_t at(int32_t row, int32_t column) const {
    return rows[static_cast<size_t>(row) * kRowInts + static_cast<size_t>(column)];
  }
  uint16_t port(int32_t row) { return peers.table.find(at(row, kRemote))->key.port; }
  // The first byte of a row: the scripted kernel fills a message with its sender's port.
  int byte(int32_t row) const { return slab[static_cast<size_t>(at(row, kOffset))]; }

  Features features;
  ReceivingKernel kernel;
  Peers peers;
  Bytes slab;
  std::vector<int32_t> rows;
  std::unique_ptr<Receiver> receiver;
};

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
      CHECK_EQ(bench.peers.count(kCountReceiveErrors), 2);
      CHECK_EQ(bench.peers.errno_count(error), 2);
    }
  }
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
