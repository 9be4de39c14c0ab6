// The run rule against a slow reference, on 100,000 random batches: the same rows in the same
// messages, and the bytes of the vectors are the bytes of the rows.
#include <algorithm>
#include <memory>
#include <vector>

#include "../udp/trains.h"
#include "batch_fixture.h"
#include "check.h"
#include "random.h"

namespace burstwire::test {
namespace {

constexpr int64_t kNowMs = 500;

// One batch and everything that the rule looks at.
struct Scene {
  Scene() : peers(AF_INET6) {
    for (uint16_t port = 1; port <= 3; port++) ids.push_back(peers.named("192.0.2.1", port));
    ids.push_back(peers.named("2001:db8::1", 4));
    sources = {0, peers.named("192.0.2.8", 0), peers.named("2001:db8::8", 0)};
  }

  Features features;
  Peers peers;
  std::vector<int32_t> ids;
  std::vector<int32_t> sources;
  Batch batch;
  bool scattered = false;
};

void fill(Scene& scene, Random& random) {
  scene.features.gso = !random.one_in(8);
  scene.features.ecn = !random.one_in(4);
  scene.features.short_tail = !random.one_in(6);
  scene.scattered = random.one_in(3);
  if (random.one_in(4)) {
    PeerEntry* peer = scene.peers.table.find(scene.ids[0]);
    peer->gso_denied_until_ms = kNowMs + random.between(-1, 1);
  }
  const int32_t style = random.between(1, 12);
  const int32_t rows = style == 1 ? random.between(50, 90) : random.between(1, 12);
  const int32_t usual = style == 2 ? random.between(5000, 30000) : random.between(1, 40);
  // Few changes make long runs, many make short ones.
  const int32_t rarity = random.between(2, 30);
  int32_t to = 0;
  int32_t source = 0;
  int32_t flags = 0;
  for (int32_t row = 0; row < rows; row++) {
    if (random.one_in(rarity)) to = random.between(0, 3);
    if (random.one_in(rarity)) source = random.between(0, 2);
    if (random.one_in(rarity)) flags = random.between(0, 15);
    int32_t length = usual;
    if (random.one_in(rarity)) length = random.between(std::max(0, usual - 2), usual + 2);
    if (random.one_in(40)) length = 0;
    const int32_t gap = random.one_in(rarity) ? random.between(1, 9) : 0;
    scene.batch.add(length, scene.ids[static_cast<size_t>(to)], flags,
                    scene.sources[static_cast<size_t>(source)], gap);
  }
}

// The rule, said once more and slowly: how many rows from `from` on leave together.
int32_t reference_run(Scene& scene, int32_t from, int32_t to) {
  Batch& batch = scene.batch;
  const PeerEntry* peer = scene.peers.table.find(batch.at(from, kRemote));
  const int32_t segment = batch.at(from, kLength);
  const bool allowed = scene.features.gso && peer->gso_denied_until_ms <= kNowMs && segment > 0;
  const int32_t most_bytes = peer->key.is_ipv4() ? 65507 : 65527;
  for (int32_t count = 1;; count++) {
    const int32_t next = from + count;
    if (!allowed || next >= to || count == 64) return count;
    if (batch.at(next - 1, kLength) < segment) return count;
    const bool same_header = batch.at(next, kRemote) == batch.at(from, kRemote) &&
                             batch.at(next, kLocal) == batch.at(from, kLocal) &&
                             batch.at(next, kFlags) % 4 == batch.at(from, kFlags) % 4;
    const int32_t length = batch.at(next, kLength);
    if (!same_header || length == 0 || length > segment) return count;
    if (length < segment && !scene.features.short_tail) return count;
    if (count * segment + length > most_bytes) return count;
  }
}

// The fewest vectors: one for each stretch of rows that lie back to back.
size_t reference_vectors(Scene& scene, int32_t from, int32_t count, const SendView& view) {
  size_t vectors = 1;
  for (int32_t row = from + 1; row < from + count; row++) {
    iovec before{};
    iovec bytes{};
    view.bytes_of(row - 1, before);
    view.bytes_of(row, bytes);
    if (static_cast<uint8_t*>(before.iov_base) + before.iov_len != bytes.iov_base) vectors++;
  }
  return scene.scattered ? static_cast<size_t>(count) : vectors;
}

void check_bytes(Scene& scene, const Train& train, const msghdr& header) {
  Bytes sent;
  for (size_t i = 0; i < header.msg_iovlen; i++) {
    const uint8_t* start = static_cast<const uint8_t*>(header.msg_iov[i].iov_base);
    sent.insert(sent.end(), start, start + header.msg_iov[i].iov_len);
  }
  Bytes expected;
  for (int32_t row = train.first; row < train.first + train.count; row++) {
    const uint8_t* start = scene.batch.start(row);
    expected.insert(expected.end(), start, start + scene.batch.at(row, kLength));
  }
  CHECK(sent == expected);
  CHECK_EQ(train.bytes, expected.size());
}

void check_control(Scene& scene, const Train& train, const msghdr& header) {
  const bool ipv4 = scene.peers.table.find(train.remote)->key.is_ipv4();
  const PeerEntry* source = scene.peers.table.find(scene.batch.at(train.first, kLocal));
  size_t expected = 0;
  if (train.count > 1) expected += CMSG_SPACE(sizeof(uint16_t));
  if (scene.features.ecn && scene.batch.at(train.first, kFlags) % 4 != 0) {
    expected += CMSG_SPACE(sizeof(int));
  }
  if (source != nullptr && source->key.is_ipv4() == ipv4) {
    expected += ipv4 ? CMSG_SPACE(sizeof(in_pktinfo)) : CMSG_SPACE(sizeof(in6_pktinfo));
  }
  CHECK_EQ(header.msg_controllen, expected);
  if (train.count == 1) return;
  const cmsghdr* first = CMSG_FIRSTHDR(&header);
  CHECK(first->cmsg_level == kSolUdp && first->cmsg_type == kUdpSegment);
  CHECK_EQ(*reinterpret_cast<const uint16_t*>(CMSG_DATA(first)), train.segment);
}

void check_batch(Scene& scene, TrainBuilder& builder, Random& random) {
  const SendView view = scene.scattered ? scene.batch.scattered() : scene.batch.view();
  const int32_t to = scene.batch.count() - (random.one_in(5) ? 1 : 0);
  int32_t row = 0;
  while (row < to && test::failures() == 0) {
    const int32_t messages = builder.build(view, row, to, kNowMs);
    CHECK(messages >= 1 && messages <= kMostMessages);
    for (int32_t i = 0; i < messages; i++) {
      const Train& train = builder.train(i);
      const msghdr& header = builder.messages()[i].msg_hdr;
      CHECK_EQ(train.first, row);
      CHECK_EQ(train.count, reference_run(scene, row, to));
      CHECK_EQ(train.remote, scene.batch.at(row, kRemote));
      CHECK_EQ(train.segment, scene.batch.at(row, kLength));
      CHECK_EQ(header.msg_iovlen, reference_vectors(scene, row, train.count, view));
      CHECK_EQ(header.msg_name,
               static_cast<const void*>(&scene.peers.table.find(train.remote)->name));
      check_bytes(scene, train, header);
      check_control(scene, train, header);
      row += train.count;
    }
  }
  CHECK_EQ(row, to);
}

TEST(random_batches_agree_with_the_reference) {
  Random random(5);
  for (int round = 0; round < 100000; round++) {
    Scene scene;
    fill(scene, random);
    // Built once a round in fresh memory: nothing of the batch before may help.
    const auto builder = std::make_unique<TrainBuilder>(scene.features, scene.peers.table);
    check_batch(scene, *builder, random);
    if (test::failures() > 0) {
      std::printf("    in round %d\n", round);
      return;
    }
  }
}

}  // namespace
}  // namespace burstwire::test
