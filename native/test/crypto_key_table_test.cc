// Key slots: ids, generations, updates, counters.
#include <set>
#include <vector>

#include "check.h"
#include "crypto_fixture.h"

using namespace burstwire;
using namespace burstwire::test;

namespace {

constexpr int32_t kSlotMask = (1 << kKeySlotBits) - 1;

Secrets any_secrets(uint64_t seed = 1) {
  Random random(seed);
  return random_secrets(random, Aead::kAes128Gcm);
}

}  // namespace

TEST(ids_are_positive_distinct_and_run_out_at_the_capacity) {
  if (!ready()) return;
  Endpoint endpoint("evp", 5);
  std::set<int32_t> ids;
  for (int i = 0; i < 5; i++) {
    const int32_t id = endpoint.install(any_secrets(), Direction::kOpen);
    CHECK(id > 0);
    CHECK((id & kSlotMask) < 5);
    ids.insert(id);
    for (const int32_t place : {kKeyCountSealed, kKeyCountOpened, kKeyCountForged}) {
      CHECK_EQ(endpoint.count(id, place), 0);
    }
    CHECK_EQ(endpoint.count(id, kKeyCountLargest), -1);
  }
  CHECK_EQ(ids.size(), 5U);
  CHECK_EQ(endpoint.install(any_secrets(), Direction::kOpen), -1);
  endpoint.keys().retire(*ids.begin());
  CHECK(endpoint.install(any_secrets(), Direction::kOpen) > 0);
  CHECK_EQ(endpoint.install(any_secrets(), Direction::kOpen), -1);
}

TEST(only_live_ids_name_a_slot) {
  if (!ready()) return;
  Endpoint endpoint("evp", 5);
  const int32_t id = endpoint.install(any_secrets(), Direction::kSeal);
  CHECK(endpoint.keys().find(id) != nullptr);
  for (const int32_t wrong :
       {0, -1, INT32_MIN, INT32_MAX, id + 1, id - 1, id + (1 << kKeySlotBits), id & kSlotMask,
        id | INT32_MIN, kSlotMask, 1 << kKeySlotBits | kSlotMask}) {
    CHECK(endpoint.keys().find(wrong) == nullptr);
    CHECK(!endpoint.update(wrong, any_secrets()));
    endpoint.keys().retire(wrong);
    endpoint.keys().retire_previous(wrong);
  }
  CHECK(endpoint.keys().find(id) != nullptr);
  endpoint.keys().retire(id);
  endpoint.keys().retire(id);
  CHECK(endpoint.keys().find(id) == nullptr);
  CHECK(!endpoint.update(id, any_secrets()));
}

TEST(a_slot_comes_back_with_8191_other_ids_before_the_first_one) {
  if (!ready()) return;
  Endpoint endpoint("evp", 1);
  std::set<int32_t> ids;
  int32_t id = 0;
  for (int i = 0; i < 8191; i++) {
    id = endpoint.install(any_secrets(), Direction::kSeal);
    CHECK(id > 0 && ids.insert(id).second);
    endpoint.keys().retire(id);
  }
  CHECK_EQ(endpoint.install(any_secrets(), Direction::kSeal), *ids.begin());
}

TEST(freed_slots_are_taken_in_the_order_they_were_freed) {
  if (!ready()) return;
  Endpoint endpoint("evp", 4);
  int32_t ids[4];
  for (int32_t& id : ids) id = endpoint.install(any_secrets(), Direction::kSeal);
  for (const int i : {2, 0, 3}) endpoint.keys().retire(ids[i]);
  for (const int slot : {2, 0, 3}) {
    CHECK_EQ(endpoint.install(any_secrets(), Direction::kSeal) & kSlotMask, slot);
  }
  CHECK(endpoint.keys().find(ids[1]) != nullptr);
}

TEST(an_opening_slot_holds_two_keys_at_most) {
  if (!ready()) return;
  Endpoint endpoint("evp");
  const int32_t id = endpoint.install(any_secrets(), Direction::kOpen);
  Secrets next = any_secrets(2);
  next.header_key = any_secrets().header_key;
  CHECK(endpoint.update(id, next));
  CHECK(!endpoint.update(id, any_secrets(3)));
  // What waits is not what was: retirePrevious leaves it.
  endpoint.keys().retire_previous(id);
  CHECK(!endpoint.update(id, any_secrets(3)));
  CHECK_EQ(endpoint.open_one(id, reference_packet(next, 0, 1, {})), 0);
  CHECK(!endpoint.update(id, any_secrets(3)));  // the previous one is still kept
  endpoint.keys().retire_previous(id);
  CHECK(endpoint.update(id, any_secrets(3)));
}

TEST(a_sealing_slot_takes_every_update_and_counts_anew) {
  if (!ready()) return;
  Endpoint endpoint("evp");
  Random random(5);
  Secrets secrets = any_secrets();
  const int32_t id = endpoint.install(secrets, Direction::kSeal);
  for (int phase = 0; phase < 6; phase++) {
    PacketRows rows;
    rows.add_plain(id, 2 * phase, {1, 2, 3});
    rows.add_plain(id, 2 * phase + 1, {4, 5});
    CHECK_EQ(endpoint.seal(rows), 2);
    CHECK(rows.packet(0) == reference_packet(secrets, 2 * phase, phase % 2, {1, 2, 3}));
    CHECK(rows.packet(1) == reference_packet(secrets, 2 * phase + 1, phase % 2, {4, 5}));
    CHECK_EQ(endpoint.count(id, kKeyCountSealed), 2);
    CHECK_EQ(endpoint.count(id, kKeyCountLargest), 2 * phase + 1);
    secrets = next_phase(random, secrets);
    CHECK(endpoint.update(id, secrets));
    CHECK_EQ(endpoint.count(id, kKeyCountSealed), 0);
    CHECK_EQ(endpoint.count(id, kKeyCountLargest), 2 * phase + 1);
  }
}

TEST(retiring_all_leaves_none) {
  if (!ready()) return;
  Endpoint endpoint("evp", 8);
  int32_t ids[8];
  for (int32_t& id : ids) id = endpoint.install(any_secrets(), Direction::kOpen);
  endpoint.keys().retire(ids[3]);
  endpoint.keys().retire_all();
  for (const int32_t id : ids) CHECK(endpoint.keys().find(id) == nullptr);
  for (int i = 0; i < 8; i++) CHECK(endpoint.install(any_secrets(), Direction::kOpen) > 0);
}

TEST(only_the_slots_used_last_are_expanded_and_every_key_goes_on_working) {
  if (!ready()) return;
  constexpr int32_t kPairs = 1500;
  Endpoint sender("evp", kPairs);
  Endpoint receiver("evp", kPairs);
  std::vector<int32_t> sealing;
  std::vector<int32_t> opening;
  for (uint64_t seed = 1; seed <= kPairs; seed++) {
    sealing.push_back(sender.install(any_secrets(seed), Direction::kSeal));
    opening.push_back(receiver.install(any_secrets(seed), Direction::kOpen));
    CHECK(receiver.update(opening.back(), any_secrets(seed + kPairs)));
    CHECK(receiver.keys().expanded() <= kExpandedSlots);
  }
  CHECK_EQ(sender.keys().expanded(), kExpandedSlots);
  CHECK_EQ(receiver.keys().expanded(), kExpandedSlots);
  const auto exchange = [&](size_t pair, double number) {
    PacketRows rows;
    rows.add_plain(sealing[pair], number, Bytes(100, 7));
    CHECK_EQ(sender.seal(rows), 1);
    CHECK_EQ(receiver.open_one(opening[pair], rows.packet(0)), 0);
  };
  for (size_t pair = 0; pair < kPairs; pair++) exchange(pair, 0);
  // Half of them have gone on to the next phase, folded or not.
  for (size_t pair = 0; pair < kPairs; pair += 2) {
    CHECK(sender.update(sealing[pair], any_secrets(pair + 1 + kPairs)));
  }
  for (size_t pair = 0; pair < kPairs; pair++) exchange(pair, 1);
  CHECK_EQ(sender.keys().expanded(), kExpandedSlots);
  // Who leaves makes no place but its own.
  for (size_t pair = 0; pair < kPairs; pair += 3) {
    sender.keys().retire(sealing[pair]);
    receiver.keys().retire(opening[pair]);
  }
  for (size_t pair = 1; pair < kPairs; pair += 3) exchange(pair, 2);
  CHECK(sender.keys().expanded() <= kExpandedSlots);
  sender.keys().retire_all();
  CHECK_EQ(sender.keys().expanded(), 0U);
}

TEST(a_slot_in_use_stays_expanded_while_others_come_and_go) {
  if (!ready()) return;
  Endpoint endpoint("evp", 4000);
  const int32_t used = endpoint.install(any_secrets(), Direction::kSeal);
  for (uint64_t seed = 2; seed < 4000; seed++) {
    CHECK(endpoint.install(any_secrets(seed), Direction::kSeal) > 0);
    CHECK(endpoint.keys().ready(used) != nullptr);
    if (seed % 100 == 0) CHECK(endpoint.keys().find(used)->expanded);
  }
}

TEST(a_key_expanded_in_the_memory_of_another_is_as_good_as_one_of_its_own) {
  if (!ready()) return;
  // Prime to the kinds there are, so that each follows on each.
  constexpr size_t kSlots = kExpandedSlots + 7;
  for (const std::string& kernel : kernels()) {
    Endpoint endpoint(kernel.c_str(), kSlots);
    Random random(9);
    std::vector<Secrets> secrets;
    std::vector<int32_t> ids;
    const auto seals = [](size_t slot) { return slot % 2 == 0; };
    for (size_t slot = 0; slot < kSlots; slot++) {
      secrets.push_back(random_secrets(random, kAeads[slot % kAeadCount]));
      ids.push_back(
          endpoint.install(secrets[slot], seals(slot) ? Direction::kSeal : Direction::kOpen));
    }
    for (int number = 0; number < 3; number++) {
      for (size_t slot = 0; slot < kSlots; slot++) {
        const Bytes packet = reference_packet(secrets[slot], number, 0, Bytes(40, 7));
        if (!seals(slot)) {
          CHECK_EQ(endpoint.open_one(ids[slot], packet), 0);
          continue;
        }
        PacketRows rows;
        rows.add_plain(ids[slot], number, Bytes(40, 7));
        CHECK_EQ(endpoint.seal(rows), 1);
        CHECK(rows.packet(0) == packet);
      }
    }
    CHECK_EQ(endpoint.keys().expanded(), kExpandedSlots);
  }
}
