// What the engine does with the answers of the real kernel on loopback: local addresses, sources
// that are gone, poison datagrams, drops, the longest trains.
#include <cerrno>

#include "check.h"
#include "loopback_fixture.h"

namespace burstwire::test {
namespace {

SystemCalls& real() { return real_system_calls(); }

Statuses send_all(Socket& from, Batch& batch) {
  CHECK_EQ(from.sender->send(batch.view(), 0, batch.count()), batch.count());
  Statuses statuses;
  for (int32_t row = 0; row < batch.count(); row++) statuses.push_back(batch.status(row));
  return statuses;
}

// Receives and checks rows `first` to `last` (exclusive) of the batch.
void check_arrival(Socket& to, Batch& batch, const std::vector<int32_t>& rows) {
  size_t next = 0;
  while (next < rows.size()) {
    const int32_t count = to.receive();
    REQUIRE(count > 0);
    for (int32_t row = 0; row < count; row++) {
      REQUIRE(next < rows.size());
      REQUIRE(to.bytes(row) == batch.bytes(rows[next++]));
    }
  }
}

TEST(an_answer_leaves_from_where_the_question_arrived) {
  Socket server(real(), "0.0.0.0", false, true, true);
  Socket client(real(), "127.0.0.1", false, true, true);
  for (const char* address : {"127.0.0.2", "127.0.0.3", "127.0.0.1"}) {
    Batch question;
    question.add_many(3, 100, client.id_of(address, server));
    send_all(client, question);
    REQUIRE_EQ(server.receive(), 3);
    CHECK(server.key(0, kLocal) == key_of(address, server.opened.local.port));
    Batch answer;
    answer.add_many(3, 50, server.at(0, kRemote), 0, server.at(0, kLocal));
    CHECK((send_all(server, answer) == Statuses(3, 0)));
    REQUIRE_EQ(client.receive(), 3);
    CHECK(client.key(0, kRemote) == key_of(address, server.opened.local.port));
  }
}

TEST(ipv4_and_ipv6_meet_on_one_socket) {
  if (!have_ipv6()) return;
  Socket server(real(), "::", true, true, true);
  Socket ipv4(real(), "127.0.0.1", false, true, true);
  Socket ipv6(real(), "::1", true, true, true);
  for (Socket* client : {&ipv4, &ipv6}) {
    const char* address = client == &ipv4 ? "127.0.0.4" : "::1";
    Batch question;
    question.add_many(3, 100, client->id_of(address, server), 2);
    CHECK((send_all(*client, question) == Statuses(3, 0)));
    REQUIRE_EQ(server.receive(), 3);
    CHECK(server.key(0, kRemote) == client->opened.local);
    CHECK(server.key(0, kLocal) == key_of(address, server.opened.local.port));
    CHECK_EQ(server.at(0, kFlags) & kFlagEcnMask, 2);
    Batch answer;
    answer.add_many(3, 60, server.at(0, kRemote), 1, server.at(0, kLocal));
    CHECK((send_all(server, answer) == Statuses(3, 0)));
    REQUIRE_EQ(client->receive(), 3);
    CHECK(client->key(0, kRemote) == key_of(address, server.opened.local.port));
    CHECK_EQ(client->at(0, kFlags) & kFlagEcnMask, 1);
    CHECK(client->bytes(2) == answer.bytes(2));
  }
}

TEST(a_source_that_is_not_ours_is_said_to_be_gone) {
  for (const bool ipv6 : {false, true}) {
    if (ipv6 && !have_ipv6()) continue;
    const char* loopback = ipv6 ? "::1" : "127.0.0.1";
    Socket from(real(), ipv6 ? "::" : "0.0.0.0", ipv6, true, true);
    Socket to(real(), loopback, ipv6, true, true);
    const int32_t id = from.id_of(loopback, to);
    // Documentation addresses (RFC 5737, RFC 3849): never this machine's.
    const int32_t gone = from.peers.named(ipv6 ? "2001:db8::1" : "192.0.2.1", 0);
    Batch batch;
    batch.add_many(2, 100, id);
    batch.add_many(3, 100, id, 0, gone);
    batch.add_many(2, 100, id);
    const int32_t lost = kStatusSourceGone;
    CHECK((send_all(from, batch) == Statuses{0, 0, lost, lost, lost, 0, 0}));
    CHECK_EQ(from.peers.table.find(id)->gso_denied_until_ms, 0);
    check_arrival(to, batch, {0, 1, 5, 6});
  }
}

TEST(port_zero_is_reported_and_the_rest_goes_on) {
  for (int32_t poison = 0; poison < 6; poison++) {
    for (const bool sendmmsg : {true, false}) {
      Socket from(real(), "127.0.0.1", false, true, true);
      Socket to(real(), "127.0.0.1", false, true, true);
      from.opened.features.sendmmsg = sendmmsg;
      const int32_t id = from.id_of("127.0.0.1", to);
      const int32_t nowhere = from.peers.named("127.0.0.1", 0);
      Batch batch;
      std::vector<int32_t> good;
      for (int32_t row = 0; row < 6; row++) {
        batch.add(100 + row, row == poison ? nowhere : id);
        if (row != poison) good.push_back(row);
      }
      const Statuses statuses = send_all(from, batch);
      for (int32_t row = 0; row < 6; row++) {
        CHECK_EQ(statuses[static_cast<size_t>(row)], row == poison ? EINVAL : 0);
      }
      check_arrival(to, batch, good);
    }
  }
}

TEST(a_datagram_that_is_too_large_fails_alone) {
  for (const bool ipv6 : {false, true}) {
    if (ipv6 && !have_ipv6()) continue;
    const char* loopback = ipv6 ? "::1" : "127.0.0.1";
    Socket from(real(), loopback, ipv6, true, true);
    Socket to(real(), loopback, ipv6, true, true);
    const int32_t id = from.id_of(loopback, to);
    Batch batch;
    batch.add_many(3, 1000, id);
    batch.add(ipv6 ? 65528 : 65508, id);
    batch.add_many(3, 1000, id);
    CHECK((send_all(from, batch) == Statuses{0, 0, 0, EMSGSIZE, 0, 0, 0}));
    check_arrival(to, batch, {0, 1, 2, 4, 5, 6});
  }
}

TEST(a_hundred_datagrams_behind_one_to_a_closed_port_all_arrive) {
  Socket from(real(), "127.0.0.1", false, true, true);
  Socket to(real(), "127.0.0.1", false, true, true);
  int32_t closed = 0;
  {
    Socket gone(real(), "127.0.0.1", false, true, true);
    closed = from.id_of("127.0.0.1", gone);
  }
  const int32_t id = from.id_of("127.0.0.1", to);
  Batch batch;
  std::vector<int32_t> good;
  for (int32_t row = 0; row < 110; row++) {
    const bool lost = row % 11 == 0;
    batch.add(200 + row, lost ? closed : id);
    if (!lost) good.push_back(row);
  }
  CHECK((send_all(from, batch) == Statuses(110, 0)));
  check_arrival(to, batch, good);
}

TEST(the_longest_train_of_the_kernel_arrives_whole) {
  Socket to(real(), "127.0.0.1", false, true, true);
  Socket from(real(), "127.0.0.1", false, true, true);
  // The engine sends 64 segments at most, other senders 128 (UDP_MAX_SEGMENTS since Linux 6.9).
  Bytes payload(128 * 500);
  for (size_t at = 0; at < payload.size(); at++) payload[at] = static_cast<uint8_t>(at / 500);
  alignas(cmsghdr) uint8_t control[kSentControlBytes];
  SentControl sent;
  sent.segment_size = 500;
  iovec vector{payload.data(), payload.size()};
  PeerEntry* peer = from.peers.table.find(from.id_of("127.0.0.1", to));
  msghdr header{};
  header.msg_name = &peer->name;
  header.msg_namelen = peer->name_size;
  header.msg_iov = &vector;
  header.msg_iovlen = 1;
  header.msg_control = control;
  header.msg_controllen = write_control(control, sent);
  const int64_t result = real().send_message(from.opened.fd.get(), &header, 0);
  if (result == -EINVAL) return;  // an older kernel: 64 is its most, too
  REQUIRE_EQ(result, payload.size());
  int32_t arrived = 0;
  while (arrived < 128) {
    const int32_t count = to.receive();
    REQUIRE(count > 0);
    for (int32_t row = 0; row < count; row++) {
      REQUIRE(to.bytes(row) == Bytes(500, static_cast<uint8_t>(arrived++)));
    }
  }
  CHECK_EQ(to.peers.count(kCountTruncated), 0);
}

TEST(what_does_not_arrive_is_counted_as_dropped) {
  OpenOptions options;
  options.local = key_of("127.0.0.1", 0);
  options.receive_buffer_bytes = 4096;
  Socket from(real(), "127.0.0.1", false, false, false);
  Socket to(real(), "127.0.0.1", false, false, false);
  const int small = 2304;  // the kernel's least
  REQUIRE_EQ(setsockopt(to.opened.fd.get(), SOL_SOCKET, SO_RCVBUF, &small, sizeof small), 0);
  Batch batch;
  batch.add_many(1000, 200, from.id_of("127.0.0.1", to));
  CHECK((send_all(from, batch) == Statuses(1000, 0)));
  // Every one of them is either there or counted; delivery may still be under way.
  double received = 0;
  uint32_t dropped = 0;
  for (int tries = 0; tries < 1000 && received + dropped < 1000; tries++) {
    pollfd poll_fd{to.opened.fd.get(), POLLIN, 0};
    if (poll(&poll_fd, 1, 10) == 1) received += to.receive();
    REQUIRE(read_drops(real(), to.opened.fd.get(), dropped));
  }
  CHECK_EQ(received + dropped, 1000);
  CHECK(received > 0 && dropped > 0);
  // One more datagram carries the number with it (SO_RXQ_OVFL); asking by SO_MEMINFO adds nothing.
  Batch last;
  last.add(10, from.id_of("127.0.0.1", to));
  send_all(from, last);
  CHECK_EQ(to.receive(), 1);
  CHECK_EQ(to.peers.count(kCountKernelDrops), dropped);
  to.receiver->note_drops(dropped);
  CHECK_EQ(to.peers.count(kCountKernelDrops), dropped);
}

TEST(a_closed_descriptor_is_the_only_fatal_error) {
  Socket socket(real(), "127.0.0.1", false, true, true);
  socket.opened.fd.reset();
  // The number may be reused by now in a process with threads; here there are none.
  CHECK_EQ(
      socket.receiver->receive({socket.slab.data(), socket.slab.size(), socket.rows.data(), 8}),
      -EBADF);
}

}  // namespace
}  // namespace burstwire::test
