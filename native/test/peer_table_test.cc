// The peer table: one id an address, bounded under a flood, and never an id given away that
// somebody still holds.
#include "../udp/peer_table.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "batch_fixture.h"
#include "check.h"
#include "random.h"

namespace burstwire::test {
namespace {

// The i-th of 2^32 different addresses.
PeerKey numbered(uint32_t number) {
  PeerKey key = key_of("2001:db8::", 4433);
  std::memcpy(key.address.s6_addr + 12, &number, sizeof number);
  return key;
}

TEST(one_address_is_one_id) {
  Peers peers;
  const int32_t first = peers.named("192.0.2.1", 80);
  CHECK_EQ(first, 1);  // 0 means none
  CHECK_EQ(peers.named("192.0.2.1", 80), first);
  CHECK_EQ(peers.table.intern_received(key_of("192.0.2.1", 80)), first);
  const int32_t other_port = peers.named("192.0.2.1", 81);
  const int32_t other_address = peers.named("192.0.2.2", 80);
  CHECK(other_port != first && other_address != first && other_port != other_address);
  CHECK_EQ(peers.named("192.0.2.1", 80), first);
  PeerKey scoped = key_of("fe80::1", 80);
  const int32_t unscoped_id = peers.table.intern_named(scoped);
  scoped.scope = 2;
  CHECK(peers.table.intern_named(scoped) != unscoped_id);
}

TEST(ipv4_is_one_key_on_both_families) {
  sockaddr_in ipv4{};
  ipv4.sin_family = AF_INET;
  ipv4.sin_port = htons(4433);
  ipv4.sin_addr.s_addr = htonl(0xc0000201);
  sockaddr_in6 mapped{};
  mapped.sin6_family = AF_INET6;
  mapped.sin6_port = htons(4433);
  mapped.sin6_addr = key_of("::ffff:192.0.2.1", 0).address;
  PeerKey from_ipv4;
  PeerKey from_mapped;
  REQUIRE(read_sockaddr(reinterpret_cast<sockaddr*>(&ipv4), sizeof ipv4, from_ipv4));
  REQUIRE(read_sockaddr(reinterpret_cast<sockaddr*>(&mapped), sizeof mapped, from_mapped));
  CHECK(from_ipv4 == from_mapped);
  CHECK(from_ipv4 == key_of("192.0.2.1", 4433));
  Peers peers(AF_INET6);
  CHECK_EQ(peers.table.intern_received(from_ipv4), peers.table.intern_received(from_mapped));
}

TEST(names_are_written_for_the_family_of_the_socket) {
  Peers on_ipv4(AF_INET);
  const PeerEntry* entry = on_ipv4.table.find(on_ipv4.named("192.0.2.1", 80));
  REQUIRE(entry != nullptr);
  CHECK_EQ(entry->name_size, sizeof(sockaddr_in));
  CHECK_EQ(entry->name.sin6_family, AF_INET);
  Peers on_ipv6(AF_INET6);
  entry = on_ipv6.table.find(on_ipv6.named("192.0.2.1", 80));
  REQUIRE(entry != nullptr);
  CHECK_EQ(entry->name_size, sizeof(sockaddr_in6));
  CHECK_EQ(entry->name.sin6_family, AF_INET6);
  CHECK(IN6_IS_ADDR_V4MAPPED(&entry->name.sin6_addr));
  PeerKey back;
  CHECK(read_sockaddr(reinterpret_cast<const sockaddr*>(&entry->name), entry->name_size, back));
  CHECK(back == key_of("192.0.2.1", 80));
}

TEST(short_and_foreign_sockaddrs_are_refused) {
  sockaddr_in6 name{};
  PeerKey key;
  name.sin6_family = AF_INET6;
  const sockaddr* address = reinterpret_cast<const sockaddr*>(&name);
  for (socklen_t size = 0; size < sizeof name; size++) CHECK(!read_sockaddr(address, size, key));
  CHECK(read_sockaddr(address, sizeof name, key));
  name.sin6_family = AF_INET;
  for (socklen_t size = 0; size < sizeof(sockaddr_in); size++) {
    CHECK(!read_sockaddr(address, size, key));
  }
  name.sin6_family = AF_UNIX;
  CHECK(!read_sockaddr(address, sizeof name, key));
}

TEST(find_knows_live_ids_only) {
  Peers peers;
  const int32_t id = peers.named("192.0.2.1", 80);
  CHECK(peers.table.find(id) != nullptr);
  for (const int32_t wrong : {0, -1, id + 1, 64, 65, INT32_MAX, INT32_MIN}) {
    CHECK(peers.table.find(wrong) == nullptr);
  }
}

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

TEST(an_evicted_address_is_forgotten) {
  Peers peers(AF_INET6, 4);
  const int32_t id = peers.table.intern_received(numbered(1));
  peers.table.find(id)->gso_denied_until_ms = 99;
  for (uint32_t number = 2; number < 20; number++) {
    peers.table.begin_receive();
    peers.table.intern_received(numbered(number));
  }
  CHECK_EQ(peers.table.find(id)->gso_denied_until_ms, 0);
  CHECK(!(peers.table.find(id)->key == numbered(1)));
  // And comes back as a newcomer.
  peers.table.begin_receive();
  const int32_t again = peers.table.intern_received(numbered(1));
  CHECK(peers.table.find(again)->key == numbered(1));
}

TEST(pinned_ids_are_not_given_away) {
  constexpr int32_t kCapacity = 32;
  Peers peers(AF_INET6, kCapacity);
  std::vector<int32_t> pinned;
  for (uint32_t number = 0; number < 8; number++) {
    pinned.push_back(peers.table.intern_received(numbered(number)));
    peers.pin(pinned.back(), 1 + static_cast<int32_t>(number));
  }
  for (uint32_t number = 1000; number < 1000 + 10 * kCapacity; number++) {
    peers.table.begin_receive();
    REQUIRE(peers.table.intern_received(numbered(number)) != 0);
  }
  for (uint32_t number = 0; number < 8; number++) {
    CHECK(peers.table.find(pinned[number])->key == numbered(number));
    CHECK_EQ(peers.generation(pinned[number]), 1);
  }
  // Let go, it leaves.
  peers.pin(pinned[3], 0);
  for (uint32_t number = 5000; number < 5000 + 2 * kCapacity; number++) {
    peers.table.begin_receive();
    peers.table.intern_received(numbered(number));
  }
  CHECK(peers.generation(pinned[3]) > 1);
}

TEST(with_every_id_pinned_there_is_none) {
  Peers peers(AF_INET6, 16);
  for (uint32_t number = 0; number < 16; number++) {
    peers.pin(peers.table.intern_received(numbered(number)), 1);
  }
  peers.table.begin_receive();
  peers.table.end_send();
  CHECK_EQ(peers.table.intern_received(numbered(100)), 0);
  CHECK_EQ(peers.table.intern_named(numbered(101)), 0);
  CHECK_EQ(peers.count(kCountPeerOverflows), 2);
  CHECK_EQ(peers.count(kCountPeerEvictions), 0);
  for (uint32_t number = 0; number < 16; number++) {
    CHECK(peers.table.intern_received(numbered(number)) != 0);  // those inside are served
  }
}

TEST(ids_of_the_current_receive_call_stay) {
  Peers peers(AF_INET6, 16);
  for (uint32_t number = 0; number < 16; number++) peers.table.intern_received(numbered(number));
  // 16 sources in this call already: the seventeenth finds no room, rather than change one of them.
  CHECK_EQ(peers.table.intern_received(numbered(16)), 0);
  CHECK_EQ(peers.count(kCountPeerOverflows), 1);
  peers.table.begin_receive();
  CHECK(peers.table.intern_received(numbered(16)) != 0);
  CHECK_EQ(peers.count(kCountPeerEvictions), 1);
}

TEST(named_ids_stay_until_the_send_is_over) {
  Peers peers(AF_INET6, 16);
  for (uint32_t number = 0; number < 16; number++) peers.table.intern_named(numbered(number));
  for (uint32_t number = 100; number < 200; number++) {
    peers.table.begin_receive();
    CHECK_EQ(peers.table.intern_received(numbered(number)), 0);
  }
  for (uint32_t number = 0; number < 16; number++) {
    CHECK(peers.table.find(static_cast<int32_t>(number) + 1)->key == numbered(number));
  }
  peers.table.end_send();
  peers.table.begin_receive();
  CHECK(peers.table.intern_received(numbered(100)) != 0);
}

TEST(a_peer_that_talks_stays_and_one_shot_sources_leave) {
  Peers peers(AF_INET6, 64);
  const int32_t talker = peers.table.intern_received(numbered(0));
  for (uint32_t number = 1; number < 2000; number++) {
    peers.table.begin_receive();
    REQUIRE_EQ(peers.table.intern_received(numbered(0)), talker);
    peers.table.intern_received(numbered(number));
    REQUIRE_EQ(peers.generation(talker), 1);
  }
  // Once it is silent, the table is for others.
  for (uint32_t number = 3000; number < 3200; number++) {
    peers.table.begin_receive();
    peers.table.intern_received(numbered(number));
  }
  CHECK(peers.generation(talker) > 1);
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
