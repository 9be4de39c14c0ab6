// The peer table in a flood of sources: memory stays bounded, honest peers keep their ids, chains
// stay short; and random use agrees with a reference.
#include <algorithm>
#include <vector>

#include "batch_fixture.h"
#include "check.h"
#include "random.h"

namespace burstwire::test {
namespace {

TEST(a_flood_is_bounded_and_counted) {
  constexpr int32_t kCapacity = 256;
  Peers peers(AF_INET6, kCapacity);
  std::vector<int32_t> holders(kCapacity + 1, -1);
  for (uint32_t number = 0; number < 10 * kCapacity; number++) {
    if (number % 64 == 0) peers.table.begin_receive();
    const PeerKey key = numbered(number);
    const int32_t id = peers.table.intern_received(key);
    REQUIRE(id >= 1 && id <= kCapacity);
    REQUIRE(peers.table.find(id)->key == key);
    // The generation changes exactly when the id is given to somebody else.
    const int32_t before = holders[static_cast<size_t>(id)];
    REQUIRE_EQ(peers.generation(id), before == -1 ? 1 : before + 1);
    holders[static_cast<size_t>(id)] = peers.generation(id);
    REQUIRE_EQ(peers.table.intern_received(key), id);
    REQUIRE_EQ(peers.generation(id), holders[static_cast<size_t>(id)]);
  }
  CHECK_EQ(peers.count(kCountPeerEvictions), 9 * kCapacity);
  CHECK_EQ(peers.count(kCountPeerOverflows), 0);
}

// Two tables serve the same honest peers; one of them is flooded on top. Its honest peers must not
// notice.
TEST(a_flood_does_not_reach_honest_peers) {
  constexpr int32_t kCapacity = 512;
  constexpr uint32_t kHonest = 256;
  Peers calm(AF_INET6, kCapacity);
  Peers flooded(AF_INET6, kCapacity);
  Random random(7);
  uint32_t spoofed = 1U << 20;
  for (int round = 0; round < 400; round++) {
    for (uint32_t talker = 0; talker < kHonest; talker++) {
      if (talker % 32 == 0) {
        calm.table.begin_receive();
        flooded.table.begin_receive();
      }
      const int32_t here = calm.table.intern_received(numbered(talker));
      const int32_t there = flooded.table.intern_received(numbered(talker));
      REQUIRE_EQ(here, there);
      REQUIRE_EQ(flooded.generation(there), 1);
    }
    // As many sources as one receive call can bring, on and on: in all, 50 times the capacity.
    flooded.table.begin_receive();
    for (int source = random.between(60, 64); source > 0; source--) {
      REQUIRE(flooded.table.intern_received(numbered(spoofed++)) != 0);
    }
  }
  CHECK(flooded.count(kCountPeerEvictions) > 40 * kCapacity);
  CHECK_EQ(calm.count(kCountPeerEvictions), 0);
}

// Collects the hash of each entry and looks at how they fall into as many chains as the table has.
void check_distribution(Peers& peers, int32_t capacity) {
  std::vector<int32_t> chains(static_cast<size_t>(capacity));
  for (int32_t id = 1; id <= capacity; id++) {
    chains[peers.table.find(id)->hash & static_cast<uint32_t>(capacity - 1)]++;
  }
  // 4096 balls in 4096 bins: the longest chain is below 16 but once in 10^9 (Poisson, mean 1), and
  // 1/e of the bins, 1507, are empty, give or take 30.
  CHECK(*std::max_element(chains.begin(), chains.end()) < 16);
  const auto empty = std::count(chains.begin(), chains.end(), 0);
  CHECK(empty > 1200 && empty < 1800);
}

TEST(chains_stay_short) {
  constexpr int32_t kCapacity = 4096;
  Peers by_address(AF_INET6, kCapacity);
  Peers by_port(AF_INET, kCapacity);
  Peers by_prefix(AF_INET6, kCapacity);
  for (uint32_t number = 0; number < kCapacity; number++) {
    REQUIRE(by_address.table.intern_named(numbered(number)) != 0);
    REQUIRE(by_port.named("192.0.2.1", static_cast<uint16_t>(number + 1)) != 0);
    PeerKey prefix = key_of("::1", 4433);
    const uint32_t high = number << 12;
    std::memcpy(prefix.address.s6_addr, &high, sizeof high);
    REQUIRE(by_prefix.table.intern_named(prefix) != 0);
  }
  check_distribution(by_address, kCapacity);
  check_distribution(by_port, kCapacity);
  check_distribution(by_prefix, kCapacity);
}

TEST(two_tables_hash_differently) {
  Peers left;
  Peers right;
  int same = 0;
  for (uint32_t number = 0; number < 64; number++) {
    const int32_t id = left.table.intern_named(numbered(number));
    right.table.intern_named(numbered(number));
    if (left.table.find(id)->hash == right.table.find(id)->hash) same++;
  }
  CHECK(same < 4);
}

// Against a slow reference that remembers everything: an id means one address as long as its
// generation stays.
TEST(random_use_agrees_with_a_reference) {
  Random random(11);
  for (int round = 0; round < 200; round++) {
    const int32_t capacity = random.between(1, 40);
    Peers peers(AF_INET6, capacity);
    std::vector<PeerKey> known(static_cast<size_t>(capacity) + 1);
    std::vector<int32_t> generations(static_cast<size_t>(capacity) + 1);
    for (int step = 0; step < 500; step++) {
      if (random.one_in(10)) peers.table.begin_receive();
      if (random.one_in(10)) peers.table.end_send();
      const PeerKey key = numbered(static_cast<uint32_t>(random.between(0, 3 * capacity)));
      const int32_t id =
          random.one_in(2) ? peers.table.intern_received(key) : peers.table.intern_named(key);
      REQUIRE(id >= 0 && id <= capacity);
      if (id == 0) continue;
      const size_t at = static_cast<size_t>(id);
      REQUIRE(peers.table.find(id)->key == key);
      REQUIRE_EQ(peers.generation(id) == generations[at], known[at] == key);
      REQUIRE(peers.generation(id) - generations[at] <= 1);
      known[at] = key;
      generations[at] = peers.generation(id);
      if (random.one_in(20)) peers.pin(id, random.between(0, 1));
    }
  }
}

}  // namespace
}  // namespace burstwire::test
