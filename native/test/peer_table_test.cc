// The peer table: one id an address, bounded under a flood, and never an id given away that
// somebody still holds.
#include "../udp/peer_table.h"

#include <vector>

#include "batch_fixture.h"
#include "check.h"

namespace burstwire::test {
namespace {

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

}  // namespace
}  // namespace burstwire::test
