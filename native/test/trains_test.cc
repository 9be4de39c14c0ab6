// The run rule: which rows leave as one message, case by case, after the matrix that the kernel's
// own selftest walks.
#include "../udp/trains.h"

#include <memory>
#include <vector>

#include "batch_fixture.h"
#include "check.h"

namespace burstwire::test {
namespace {

// A builder with its peers: 1 and 2 are IPv4, 3 is IPv6, 4 and 5 are sources.
struct Yard {
  Yard() : peers(AF_INET6), builder(std::make_unique<TrainBuilder>(features, peers.table)) {
    features.gso = true;
    features.ecn = true;
    one = peers.named("192.0.2.1", 1);
    two = peers.named("192.0.2.2", 2);
    six = peers.named("2001:db8::3", 3);
    source = peers.named("192.0.2.4", 4);
    other_source = peers.named("192.0.2.5", 5);
  }

  // How many rows each message carries.
  std::vector<int32_t> counts(const SendView& view, int32_t from, int32_t to) {
    const int32_t messages = builder->build(view, from, to, 0);
    std::vector<int32_t> found;
    for (int32_t i = 0; i < messages; i++) found.push_back(builder->train(i).count);
    return found;
  }
  std::vector<int32_t> counts(Batch& batch) { return counts(batch.view(), 0, batch.count()); }
  const msghdr& message(int32_t index) { return builder->messages()[index].msg_hdr; }

  Features features;
  Peers peers;
  std::unique_ptr<TrainBuilder> builder;
  int32_t one = 0;
  int32_t two = 0;
  int32_t six = 0;
  int32_t source = 0;
  int32_t other_source = 0;
};

using Counts = std::vector<int32_t>;

// Rows of these lengths to one peer.
Counts counts_of(Yard& yard, int32_t peer, const std::vector<int32_t>& lengths) {
  Batch batch;
  for (const int32_t length : lengths) batch.add(length, peer);
  return yard.counts(batch);
}

TEST(matrix_of_lengths) {
  Yard yard;
  for (const int32_t peer : {yard.one, yard.six}) {
    CHECK(counts_of(yard, peer, {}) == Counts{});
    CHECK(counts_of(yard, peer, {1}) == Counts{1});
    CHECK(counts_of(yard, peer, {1400}) == Counts{1});
    CHECK((counts_of(yard, peer, {1400, 1400}) == Counts{2}));
    CHECK((counts_of(yard, peer, {1400, 1}) == Counts{2}));
    CHECK((counts_of(yard, peer, {1400, 1400, 1}) == Counts{3}));
    CHECK((counts_of(yard, peer, {1, 1}) == Counts{2}));
    CHECK((counts_of(yard, peer, {2, 2, 1}) == Counts{3}));
  }
}

TEST(a_shorter_row_ends_a_train_and_a_longer_one_begins_the_next) {
  Yard yard;
  CHECK((counts_of(yard, yard.one, {100, 100, 50, 100, 100}) == Counts{3, 2}));
  CHECK((counts_of(yard, yard.one, {100, 50, 50, 50}) == Counts{2, 2}));
  CHECK((counts_of(yard, yard.one, {50, 100}) == Counts{1, 1}));
  CHECK((counts_of(yard, yard.one, {50, 100, 100, 200}) == Counts{1, 2, 1}));
  CHECK((counts_of(yard, yard.one, {300, 200, 100}) == Counts{2, 1}));
}

TEST(an_empty_datagram_travels_alone) {
  Yard yard;
  CHECK((counts_of(yard, yard.one, {0}) == Counts{1}));
  CHECK((counts_of(yard, yard.one, {0, 0, 0}) == Counts{1, 1, 1}));
  CHECK((counts_of(yard, yard.one, {100, 100, 0, 100, 100}) == Counts{2, 1, 2}));
  CHECK((counts_of(yard, yard.one, {0, 100, 100, 50, 0}) == Counts{1, 3, 1}));
}

TEST(at_most_64_segments) {
  Yard yard;
  CHECK((counts_of(yard, yard.one, Counts(63, 1)) == Counts{63}));
  CHECK((counts_of(yard, yard.one, Counts(64, 1)) == Counts{64}));
  CHECK((counts_of(yard, yard.one, Counts(65, 1)) == Counts{64, 1}));
  CHECK((counts_of(yard, yard.one, Counts(200, 1000)) == Counts{64, 64, 64, 8}));
}

TEST(at_most_what_one_ip_packet_carries) {
  Yard yard;
  CHECK((counts_of(yard, yard.one, Counts(50, 1452)) == Counts{45, 5}));
  // 65,507 bytes exactly, and one more; 65,527 for IPv6.
  CHECK((counts_of(yard, yard.one, {32754, 32753}) == Counts{2}));
  CHECK((counts_of(yard, yard.one, {32754, 32754}) == Counts{1, 1}));
  CHECK((counts_of(yard, yard.six, {32764, 32763}) == Counts{2}));
  CHECK((counts_of(yard, yard.six, {32764, 32764}) == Counts{1, 1}));
  CHECK((counts_of(yard, yard.six, {32754, 32754}) == Counts{2}));
  CHECK((counts_of(yard, yard.one, {65507, 1}) == Counts{1, 1}));
  CHECK((counts_of(yard, yard.one, {65506, 1}) == Counts{2}));
  // Too large for anything: the kernel's to refuse, alone.
  CHECK((counts_of(yard, yard.one, {70000, 70000}) == Counts{1, 1}));
}

TEST(another_header_ends_a_train) {
  Yard yard;
  Batch batch;
  batch.add_many(2, 100, yard.one);
  batch.add_many(2, 100, yard.two);
  batch.add_many(2, 100, yard.two, 1);
  batch.add_many(2, 100, yard.two, 2);
  batch.add_many(2, 100, yard.two, 2, yard.source);
  batch.add_many(2, 100, yard.two, 2, yard.other_source);
  batch.add_many(2, 100, yard.two, 2);
  CHECK((yard.counts(batch) == Counts{2, 2, 2, 2, 2, 2, 2}));
}

TEST(other_flags_do_not_end_a_train) {
  // A received row that is sent on keeps its flags; only the ECN bits are the sender's.
  Yard yard;
  Batch batch;
  batch.add(100, yard.one, 1);
  batch.add(100, yard.one, 1 | kFlagSegment);
  batch.add(100, yard.one, 1 | kFlagTruncated | 0x100);
  CHECK((yard.counts(batch) == Counts{3}));
}

TEST(without_trains_each_row_is_a_message) {
  Yard yard;
  yard.features.gso = false;
  CHECK((counts_of(yard, yard.one, {100, 100, 100}) == Counts{1, 1, 1}));
}

TEST(a_denied_peer_gets_singles_and_the_others_trains) {
  Yard yard;
  yard.peers.table.find(yard.one)->gso_denied_until_ms = 1000;
  Batch batch;
  batch.add_many(2, 100, yard.one);
  batch.add_many(2, 100, yard.two);
  const SendView view = batch.view();
  REQUIRE_EQ(yard.builder->build(view, 0, 4, 999), 3);
  CHECK_EQ(yard.builder->train(0).count, 1);
  CHECK_EQ(yard.builder->train(1).count, 1);
  CHECK_EQ(yard.builder->train(2).count, 2);
  CHECK_EQ(yard.builder->build(view, 0, 4, 1000), 2);
}

TEST(without_short_tails_a_shorter_row_begins_anew) {
  Yard yard;
  yard.features.short_tail = false;
  CHECK((counts_of(yard, yard.one, {100, 100, 50}) == Counts{2, 1}));
  CHECK((counts_of(yard, yard.one, {100, 100, 50, 50, 50}) == Counts{2, 3}));
}

TEST(control_data_of_trains_and_singles) {
  Yard yard;
  Batch batch;
  batch.add_many(3, 100, yard.one);
  batch.add(70, yard.two);
  batch.add(70, yard.six, 1);
  REQUIRE_EQ(yard.builder->build(batch.view(), 0, 5, 0), 3);
  CHECK_EQ(yard.message(0).msg_controllen, CMSG_SPACE(sizeof(uint16_t)));
  CHECK_EQ(yard.message(1).msg_controllen, 0);
  CHECK(yard.message(1).msg_control == nullptr);
  CHECK_EQ(yard.message(2).msg_controllen, CMSG_SPACE(sizeof(int)));
}

TEST(contiguous_rows_share_one_vector) {
  Yard yard;
  Batch batch;
  batch.add_many(64, 1000, yard.one);
  REQUIRE_EQ(yard.builder->build(batch.view(), 0, 64, 0), 1);
  CHECK_EQ(yard.message(0).msg_iovlen, 1);
  CHECK_EQ(yard.message(0).msg_iov[0].iov_base, static_cast<const void*>(batch.start(0)));
  CHECK_EQ(yard.message(0).msg_iov[0].iov_len, 64000);
}

TEST(scattered_rows_get_a_vector_each_and_no_copy) {
  Yard yard;
  Batch batch;
  for (int i = 0; i < 10; i++) batch.add(100, yard.one, 0, 0, i == 5 ? 3 : 0);
  REQUIRE_EQ(yard.builder->build(batch.view(), 0, 10, 0), 1);
  CHECK_EQ(yard.message(0).msg_iovlen, 2);
  const SendView views = batch.scattered();
  REQUIRE_EQ(yard.builder->build(views, 0, 10, 0), 1);
  REQUIRE_EQ(yard.message(0).msg_iovlen, 10);
  for (size_t i = 0; i < 10; i++) {
    CHECK_EQ(yard.message(0).msg_iov[i].iov_base,
             static_cast<const void*>(views.views[i].iov_base));
  }
}

TEST(views_count_from_their_first_row) {
  Yard yard;
  Batch batch;
  batch.add_many(5, 100, yard.one);
  batch.add_many(5, 200, yard.one);
  const SendView views = batch.scattered(5);
  REQUIRE_EQ(yard.builder->build(views, 5, 10, 0), 1);
  CHECK_EQ(yard.builder->train(0).first, 5);
  CHECK_EQ(yard.builder->train(0).bytes, 1000);
  CHECK_EQ(yard.message(0).msg_iov[0].iov_base, static_cast<const void*>(views.views[0].iov_base));
}

TEST(a_connected_socket_names_no_destination) {
  for (const bool connected : {false, true}) {
    Yard yard;
    yard.features.connected = connected;
    Batch batch;
    batch.add(10, yard.one);
    REQUIRE_EQ(yard.counts(batch).size(), 1);
    CHECK_EQ(yard.message(0).msg_name == nullptr, connected);
    CHECK_EQ(yard.message(0).msg_namelen == 0, connected);
  }
}

TEST(at_most_64_messages_and_1024_vectors) {
  Yard yard;
  Batch singles;
  for (int i = 0; i < 100; i++) singles.add(100 + i, yard.one);
  CHECK_EQ(yard.builder->build(singles.view(), 0, 100, 0), 64);
  Batch many;
  many.add_many(64 * 40, 100, yard.one);
  const SendView views = many.scattered();
  const Counts counts = yard.counts(views, 0, many.count());
  CHECK((counts == Counts(16, 64)));  // 16 * 64 = 1024
}

TEST(a_row_that_cannot_be_sent_ends_the_messages_before_it) {
  for (int wrong = 0; wrong < 5; wrong++) {
    Yard yard;
    Batch batch;
    batch.add_many(5, 100, yard.one);
    if (wrong == 0) batch.at(2, kRemote) = 0;
    if (wrong == 1) batch.at(2, kRemote) = 60;
    if (wrong == 2) batch.at(2, kOffset) = 401;
    if (wrong == 3) batch.at(2, kOffset) = -1;
    if (wrong == 4) batch.at(2, kLength) = -1;
    CHECK((yard.counts(batch) == Counts{2}));
    CHECK_EQ(yard.builder->build(batch.view(), 2, 5, 0), 0);
    CHECK_EQ(yard.builder->build(batch.view(), 3, 5, 0), 1);
  }
}

TEST(offsets_at_the_end_of_the_slab) {
  Yard yard;
  Batch batch;
  batch.add(100, yard.one);
  batch.at(0, kOffset) = 100;
  batch.at(0, kLength) = 0;
  CHECK_EQ(yard.builder->build(batch.view(), 0, 1, 0), 1);
  batch.at(0, kLength) = 1;
  CHECK_EQ(yard.builder->build(batch.view(), 0, 1, 0), 0);
  batch.at(0, kOffset) = 50;
  batch.at(0, kLength) = INT32_MAX;
  CHECK_EQ(yard.builder->build(batch.view(), 0, 1, 0), 0);
  batch.at(0, kOffset) = INT32_MAX;
  CHECK_EQ(yard.builder->build(batch.view(), 0, 1, 0), 0);
}

}  // namespace
}  // namespace burstwire::test
