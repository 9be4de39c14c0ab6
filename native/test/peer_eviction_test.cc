// Whom a full peer table lets go of: peers that talk must not keep a new one out.
#include "../udp/peer_table.h"
#include "batch_fixture.h"
#include "check.h"

namespace burstwire::test {
namespace {

// More than the steps that the hand may take for one source.
constexpr uint32_t kManyPeers = 5000;

// A full table in which every address has been heard of more than once.
void fill_with_talkers(Peers& peers, uint32_t count) {
  for (int round = 0; round < 2; round++) {
    for (uint32_t number = 0; number < count; number++) {
      peers.table.begin_receive();
      peers.table.intern_received(numbered(number));
    }
  }
  peers.table.begin_receive();
}

TEST(a_new_source_finds_room_among_peers_that_all_talk) {
  Peers peers(AF_INET6, kManyPeers);
  fill_with_talkers(peers, kManyPeers);
  for (uint32_t number = 0; number < 20; number++) {
    peers.table.begin_receive();
    CHECK(peers.table.intern_received(numbered(kManyPeers + number)) != 0);
  }
  CHECK_EQ(peers.count(kCountPeerOverflows), 0);
}

TEST(a_named_address_finds_room_among_peers_that_all_talk) {
  Peers peers(AF_INET6, kManyPeers);
  fill_with_talkers(peers, kManyPeers);
  CHECK(peers.table.intern_named(numbered(kManyPeers)) != 0);
}

TEST(a_named_address_finds_the_only_id_that_is_not_pinned) {
  Peers peers(AF_INET6, kManyPeers);
  fill_with_talkers(peers, kManyPeers);
  constexpr int32_t kFree = 4321;
  for (int32_t id = 1; id <= static_cast<int32_t>(kManyPeers); id++) {
    if (id != kFree) peers.pin(id, 1);
  }
  CHECK_EQ(peers.table.intern_named(numbered(kManyPeers)), kFree);
}

TEST(with_all_talking_ids_that_are_held_stay) {
  Peers peers(AF_INET6, 16);
  fill_with_talkers(peers, 16);
  for (int32_t id = 1; id <= 15; id++) {
    if (id % 2 == 0) peers.pin(id, 1);
  }
  for (uint32_t number = 100; number < 300; number++) {
    peers.table.begin_receive();
    CHECK(peers.table.intern_received(numbered(number)) != 0);
  }
  for (int32_t id = 2; id <= 14; id += 2) CHECK_EQ(peers.generation(id), 1);
}

}  // namespace
}  // namespace burstwire::test
