// Batches of packets: what becomes of each row, good or bad, on every kernel.
#include <algorithm>
#include <limits>

#include "check.h"
#include "crypto_fixture.h"

using namespace burstwire;
using namespace burstwire::test;

namespace {

// Calls `body` for every kernel and AEAD.
void for_each(void (*body)(const std::string& kernel, Aead aead)) {
  if (!ready()) return;
  for (const std::string& name : kernels()) {
    for (const Aead aead : kAeads) body(name, aead);
  }
}

constexpr int32_t kFlagsBefore = kFlagSegment | 2;  // an engine's flags, which must survive

}  // namespace

TEST(packets_of_every_length_from_0_to_64_are_refused_or_opened) {
  for_each([](const std::string& kernel, Aead aead) {
    Random random(1);
    const Secrets secrets = random_secrets(random, aead);
    Endpoint endpoint(kernel);
    const int32_t id = endpoint.install(secrets, Direction::kOpen);
    PacketRows rows;
    for (size_t length = 0; length <= 64; length++) {
      const bool whole = length >= 29;
      rows.add(id, whole ? reference_packet(secrets, static_cast<int64_t>(length), 0,
                                            random_bytes(random, length - 29))
                         : random_bytes(random, length));
      rows.column(rows.size() - 1, kFlags) = kFlagsBefore;
    }
    CHECK_EQ(endpoint.open(rows), 36);
    for (int32_t length = 0; length <= 64; length++) {
      CHECK_EQ(rows.status(length), length < 29 ? kStatusTooShort : 0);
      CHECK_EQ(rows.flags(length), kFlagsBefore);
      if (length < 29) continue;
      CHECK_EQ(rows.number(length), length);
      CHECK_EQ(rows.column(length, kHeaderLength), 13);
      CHECK_EQ(rows.column(length, kPlaintextLength), length - 29);
    }
    CHECK(rows.guards_hold());
    // And sealed: too short for a tag is not sealed.
    PacketRows plain;
    for (int32_t length = 0; length <= 64; length++) {
      plain.add_plain(id, length, Bytes(64));
      plain.column(length, kLength) = length;
    }
    const int32_t sealing = endpoint.install(secrets, Direction::kSeal);
    for (int32_t row = 0; row < plain.size(); row++) plain.column(row, kKey) = sealing;
    CHECK_EQ(endpoint.seal(plain), 36);
    for (int32_t length = 0; length <= 64; length++) {
      CHECK_EQ(plain.status(length), length < 29 ? kStatusTooShort : 0);
    }
  });
}

TEST(a_packet_damaged_at_any_byte_is_forged_wiped_and_counted) {
  for_each([](const std::string& kernel, Aead aead) {
    Random random(2);
    const Secrets secrets = random_secrets(random, aead);
    Endpoint endpoint(kernel);
    const int32_t id = endpoint.install(secrets, Direction::kOpen);
    const Bytes packet = reference_packet(secrets, 7, 0, random_bytes(random, 40));
    PacketRows rows;
    std::vector<Bytes> sent;
    for (size_t at = 0; at < packet.size(); at++) {
      for (int bit = 0; bit < 8; bit++) {
        sent.push_back(packet);
        sent.back()[at] = static_cast<uint8_t>(packet[at] ^ 1 << bit);
        rows.add(id, sent.back());
      }
    }
    CHECK_EQ(endpoint.open(rows), 0);
    for (int32_t row = 0; row < rows.size(); row++) {
      const Bytes left = rows.packet(row);
      const Bytes& before = sent[static_cast<size_t>(row)];
      CHECK_EQ(rows.status(row), kStatusForged);
      CHECK(std::equal(left.begin(), left.begin() + 13, before.begin()));
      CHECK(std::all_of(left.begin() + 13, left.end(), [](uint8_t b) { return b == 0; }));
      CHECK_EQ(rows.column(row, kPlaintextLength), 0);
    }
    CHECK(rows.guards_hold());
    CHECK_EQ(endpoint.count(id, kKeyCountForged), rows.size());
    CHECK_EQ(endpoint.count(id, kKeyCountLargest), -1);
    // No forgery moved anything.
    CHECK_EQ(endpoint.open_one(id, packet), 0);
  });
}

TEST(rows_that_leave_the_slab_are_never_touched) {
  if (!ready()) return;
  Random random(3);
  const Secrets secrets = random_secrets(random, Aead::kAes128Gcm);
  Endpoint endpoint("auto");
  const int32_t ids[] = {endpoint.install(secrets, Direction::kSeal),
                         endpoint.install(secrets, Direction::kOpen)};
  constexpr int32_t kMost = std::numeric_limits<int32_t>::max();
  constexpr int32_t kLeast = std::numeric_limits<int32_t>::min();
  constexpr int32_t kSlab = 5 + 100 + 5;
  const int32_t places[][2] = {{-1, 100},      {kLeast, 100},  {kSlab, 29},     {kSlab - 28, 29},
                               {0, kSlab + 1}, {kMost, kMost}, {kMost, 29},     {0, kMost},
                               {1, kSlab},     {0, -1},        {0, kLeast},     {kLeast, kLeast},
                               {-50, 150},     {kSlab, 0},     {kSlab - 1, 28}, {5, 28}};
  for (const auto& [offset, length] : places) {
    for (const int32_t id : ids) {
      PacketRows rows;
      rows.add_plain(id, 1, Bytes(71, 3));
      const Bytes before = rows.slab();
      rows.column(0, kOffset) = offset;
      rows.column(0, kLength) = length;
      CHECK_EQ(id == ids[0] ? endpoint.seal(rows) : endpoint.open(rows), 0);
      CHECK_EQ(rows.status(0), kStatusTooShort);
      CHECK(rows.slab() == before);
    }
  }
}

TEST(rows_that_share_memory_with_what_is_written_are_not_touched) {
  if (!ready()) return;
  Random random(9);
  const Secrets secrets = random_secrets(random, Aead::kAes128Gcm);
  Endpoint endpoint("auto", 1);
  const int32_t id = endpoint.install(secrets, Direction::kSeal);
  // A row, and the slab of its packet right behind it.
  constexpr int32_t kPacketInts = 20;
  constexpr size_t kPacketSize = kPacketInts * sizeof(int32_t);
  std::vector<int32_t> memory(kRowInts + kPacketInts);
  auto* slab = reinterpret_cast<uint8_t*>(memory.data() + kRowInts);
  memory[kLength] = static_cast<int32_t>(kPacketSize);
  memory[kKey] = id;
  const std::vector<int32_t> before = memory;
  const RowView good = {slab, kPacketSize, memory.data(), endpoint.counts()};
  RowView bad[] = {good, good, good, good};
  // The slab begins with the row's last byte, or ends with its first one; or the row is the slab.
  bad[0].slab = slab - 1;
  bad[1].slab = reinterpret_cast<uint8_t*>(memory.data());
  bad[1].slab_bytes = 1;
  bad[2].slab = reinterpret_cast<uint8_t*>(memory.data());
  bad[2].slab_bytes = memory.size() * sizeof(int32_t);
  bad[3].counts = reinterpret_cast<double*>(memory.data() + kRowInts - 2);
  for (const RowView& view : bad) {
    CHECK_EQ(endpoint.protection().seal(view, 0, 1), 0);
    CHECK_EQ(endpoint.protection().open(view, 0, 1), 0);
    CHECK(memory == before);
  }
  CHECK_EQ(endpoint.protection().seal(good, 0, 1), 1);
}

TEST(rows_without_a_key_for_the_direction_are_left_alone) {
  if (!ready()) return;
  Random random(4);
  const Secrets secrets = random_secrets(random, Aead::kAes256Gcm);
  Endpoint endpoint("auto");
  const int32_t sealing = endpoint.install(secrets, Direction::kSeal);
  const int32_t opening = endpoint.install(secrets, Direction::kOpen);
  const int32_t stale = endpoint.install(secrets, Direction::kOpen);
  endpoint.keys().retire(stale);
  PacketRows rows;
  for (const int32_t id : {sealing, stale, -1, 0}) {
    rows.add(id, reference_packet(secrets, 1, 0, {1, 2, 3}));
  }
  const Bytes before = rows.slab();
  CHECK_EQ(endpoint.open(rows), 0);
  for (int32_t row = 0; row < rows.size(); row++) CHECK_EQ(rows.status(row), kStatusNoKey);
  CHECK(rows.slab() == before);
  PacketRows plain;
  plain.add_plain(opening, 1, {1});
  CHECK_EQ(endpoint.seal(plain), 0);
  CHECK_EQ(plain.status(0), kStatusNoKey);
}

TEST(rows_that_are_settled_already_are_left_alone) {
  if (!ready()) return;
  Random random(5);
  const Secrets secrets = random_secrets(random, Aead::kAes128Gcm);
  Endpoint endpoint("auto");
  const int32_t id = endpoint.install(secrets, Direction::kSeal);
  PacketRows rows;
  for (int32_t row = 0; row < 200; row++) {
    rows.add_plain(id, row, {1, 2});
    if (row % 3 == 0) rows.column(row, kStatus) = 111;
  }
  const Bytes before = rows.packet(0);
  CHECK_EQ(endpoint.seal(rows), 133);
  for (int32_t row = 0; row < rows.size(); row++) {
    if (row % 3 == 0) CHECK(rows.status(row) == 111 && rows.packet(row) == before);
    if (row % 3 != 0) CHECK(rows.packet(row) == reference_packet(secrets, row, 0, {1, 2}));
  }
}

TEST(a_key_seals_rising_whole_numbers_below_2_to_the_53_only) {
  for_each([](const std::string& kernel, Aead aead) {
    Random random(6);
    const Secrets secrets = random_secrets(random, aead);
    Endpoint endpoint(kernel);
    const int32_t id = endpoint.install(secrets, Direction::kSeal);
    constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
    constexpr double kEndless = std::numeric_limits<double>::infinity();
    const double numbers[] = {5,
                              5,
                              4,
                              5.5,
                              -1,
                              -0.5,
                              kNone,
                              kEndless,
                              -kEndless,
                              0,
                              1e300,
                              9007199254740992.0,
                              6,
                              4294967296.0 + 6,
                              7,
                              9007199254740990.0,
                              9007199254740991.0,
                              9007199254740991.0,
                              9007199254740992.0,
                              8};
    const bool sealed[] = {true,  false, false, false, false, false, false, false, false, false,
                           false, false, true,  true,  false, true,  true,  false, false, false};
    PacketRows rows;
    for (const double number : numbers) rows.add_plain(id, number, {9});
    const Bytes before = rows.packet(0);
    CHECK_EQ(endpoint.seal(rows), 5);
    for (int32_t row = 0; row < rows.size(); row++) {
      const auto place = static_cast<size_t>(row);
      CHECK_EQ(rows.status(row), sealed[place] ? 0 : kStatusKeyExhausted);
      CHECK(rows.packet(row) ==
            (sealed[place] ? reference_packet(secrets, static_cast<int64_t>(numbers[place]), 0, {9})
                           : before));
    }
  });
}

TEST(an_exhausted_key_seals_nothing_until_it_is_updated) {
  if (!ready()) return;
  Random random(7);
  Secrets secrets = random_secrets(random, Aead::kAes128Gcm);
  Endpoint endpoint("auto", 4, 100);
  const int32_t id = endpoint.install(secrets, Direction::kSeal);
  for (int phase = 0; phase < 3; phase++) {
    PacketRows rows;
    for (int32_t i = 0; i < 103; i++) rows.add_plain(id, phase * 1000 + i, {1});
    CHECK_EQ(endpoint.seal(rows), 100);
    CHECK_EQ(rows.status(99), 0);
    for (int32_t row = 100; row < 103; row++) CHECK_EQ(rows.status(row), kStatusKeyExhausted);
    CHECK_EQ(endpoint.count(id, kKeyCountSealed), 100);
    secrets = next_phase(random, secrets);
    CHECK(endpoint.update(id, secrets));
  }
}

TEST(numbers_from_2_to_the_53_on_are_refused_even_when_authentic) {
  for_each([](const std::string& kernel, Aead aead) {
    Random random(11);
    const Secrets secrets = random_secrets(random, aead);
    constexpr int64_t kLast = (INT64_C(1) << 53) - 1;
    Endpoint endpoint(kernel);
    const int32_t id = endpoint.install(secrets, Direction::kOpen);
    // Step by step to the end: one packet in each half of an expansion window would take forever,
    // so the slot is told that it was there.
    endpoint.keys().find(id)->largest = kLast - 2;
    CHECK_EQ(endpoint.open_one(id, reference_packet(secrets, kLast, 0, {1})), 0);
    CHECK_EQ(endpoint.open_one(id, reference_packet(secrets, kLast + 1, 0, {1})), kStatusForged);
    CHECK_EQ(endpoint.open_one(id, reference_packet(secrets, kLast + 2, 0, {1})), kStatusForged);
    CHECK_EQ(endpoint.count(id, kKeyCountLargest), static_cast<double>(kLast));
    CHECK_EQ(endpoint.open_one(id, reference_packet(secrets, kLast - 1, 0, {1})), 0);
  });
}
