// Rows that seal from a source: what is on the wire, what a source that is not there costs, and
// that nothing outside of it is read.
#include <algorithm>
#include <limits>

#include "check.h"
#include "crypto_fixture.h"

using namespace burstwire;
using namespace burstwire::test;

namespace {

// `rows` with these sources.
int32_t seal(Endpoint& endpoint, PacketRows& rows, const std::vector<Source>& sources) {
  RowView view = endpoint.view(rows);
  view.sources = sources.data();
  view.source_count = sources.size();
  return endpoint.protection().seal(view, 0, rows.size());
}

void set_source(PacketRows& rows, int32_t row, int32_t source, int32_t offset, int32_t length) {
  rows.column(row, kSource) = source;
  rows.column(row, kSourceOffset) = offset;
  rows.column(row, kSourceLength) = length;
}

constexpr int32_t kMost = std::numeric_limits<int32_t>::max();
constexpr int32_t kLeast = std::numeric_limits<int32_t>::min();

}  // namespace

TEST(the_end_of_the_payload_comes_from_the_source) {
  if (!ready()) return;
  Random random(21);
  const Bytes sources[] = {random_bytes(random, 3000), random_bytes(random, 77)};
  for (const std::string& kernel : kernels()) {
    for (const Aead aead : kAeads) {
      const Secrets secrets = random_secrets(random, aead);
      Endpoint endpoint(kernel);
      const int32_t id = endpoint.install(secrets, Direction::kSeal);
      PacketRows rows;
      std::vector<Bytes> wanted;
      // More than one run of rows, with rows without a source in between.
      for (int32_t row = 0; row < 150; row++) {
        const auto size = static_cast<size_t>(random.between(0, 1500));
        const auto from = static_cast<size_t>(random.between(0, 2) == 0);
        const Bytes& source = sources[from];
        const auto most = static_cast<int32_t>(std::min(size, source.size()));
        const int32_t length = random.one_in(4) ? 0 : random.between(0, most);
        const int32_t offset = random.between(0, static_cast<int32_t>(source.size()) - length);
        Bytes payload = random_bytes(random, size);
        rows.add_plain(id, row, payload);
        set_source(rows, row, static_cast<int32_t>(from), offset, length);
        std::copy_n(source.begin() + offset, length, payload.end() - length);
        wanted.push_back(reference_packet(secrets, row, 0, payload));
      }
      CHECK_EQ(
          seal(endpoint, rows,
               {{sources[0].data(), sources[0].size()}, {sources[1].data(), sources[1].size()}}),
          150);
      for (int32_t row = 0; row < rows.size(); row++) {
        CHECK(rows.packet(row) == wanted[static_cast<size_t>(row)]);
      }
      CHECK(rows.guards_hold());
    }
  }
}

TEST(a_source_that_does_not_hold_what_the_row_says_costs_the_row_alone) {
  if (!ready()) return;
  Random random(22);
  const Secrets secrets = random_secrets(random, Aead::kAes128Gcm);
  // Memory of its own, so that a byte beyond it is seen by the sanitizer.
  const Bytes bytes = random_bytes(random, 50);
  const std::vector<Source> sources = {{bytes.data(), bytes.size()}, {nullptr, 0}};
  const int32_t bad[][3] = {{0, 50, 1},     {0, 1, 50},     {0, 0, 51},    {0, -1, 1},
                            {0, kLeast, 1}, {0, kMost, 1},  {0, 0, -1},    {0, 0, kLeast},
                            {0, 0, kMost},  {0, 51, kMost}, {1, 0, 1},     {2, 0, 1},
                            {-1, 0, 1},     {kLeast, 0, 1}, {kMost, 0, 1}, {0, 0, 41}};
  for (const std::string& kernel : kernels()) {
    Endpoint endpoint(kernel);
    const int32_t id = endpoint.install(secrets, Direction::kSeal);
    PacketRows rows;
    for (const auto& [source, offset, length] : bad) {
      rows.add_plain(id, 5, Bytes(40, 3));
      set_source(rows, rows.size() - 1, source, offset, length);
    }
    // What was refused used no number up.
    rows.add_plain(id, 5, Bytes(40, 3));
    set_source(rows, rows.size() - 1, 0, 10, 40);
    const int32_t last = rows.size() - 1;
    const Bytes before = rows.packet(0);
    CHECK_EQ(seal(endpoint, rows, sources), 1);
    for (int32_t row = 0; row < last; row++) {
      CHECK_EQ(rows.status(row), kStatusSourceLost);
      CHECK(rows.packet(row) == before);
    }
    CHECK_EQ(rows.status(last), 0);
    CHECK(rows.packet(last) ==
          reference_packet(secrets, 5, 0, Bytes(bytes.begin() + 10, bytes.end())));
    CHECK_EQ(endpoint.count(id, kKeyCountSealed), 1);
  }
}

TEST(without_a_length_the_other_columns_of_a_source_mean_nothing) {
  if (!ready()) return;
  Random random(23);
  const Secrets secrets = random_secrets(random, Aead::kAes256Gcm);
  Endpoint endpoint("auto");
  const int32_t id = endpoint.install(secrets, Direction::kSeal);
  PacketRows rows;
  rows.add_plain(id, 1, {1, 2, 3});
  set_source(rows, 0, kMost, kLeast, 0);
  CHECK_EQ(endpoint.seal(rows), 1);
  CHECK(rows.packet(0) == reference_packet(secrets, 1, 0, {1, 2, 3}));
}

TEST(a_number_that_must_not_be_sealed_is_refused_before_its_source_is_looked_at) {
  if (!ready()) return;
  Random random(24);
  const Secrets secrets = random_secrets(random, Aead::kAes128Gcm);
  Endpoint endpoint("auto");
  const int32_t id = endpoint.install(secrets, Direction::kSeal);
  PacketRows rows;
  rows.add_plain(id, -1, {1, 2, 3});
  set_source(rows, 0, 9, 9, 1);
  CHECK_EQ(endpoint.seal(rows), 0);
  CHECK_EQ(rows.status(0), kStatusKeyExhausted);
}

TEST(a_source_may_be_the_slab_itself) {
  if (!ready()) return;
  Random random(25);
  const Secrets secrets = random_secrets(random, Aead::kAes128Gcm);
  Endpoint endpoint("auto");
  const int32_t id = endpoint.install(secrets, Direction::kSeal);
  PacketRows rows;
  const Bytes payload = random_bytes(random, 60);
  rows.add_plain(id, 1, payload);
  // The payload's first 50 bytes over its last 50: they overlap.
  set_source(rows, 0, 0, rows.column(0, kOffset) + kPacketHeaderBytes, 50);
  Bytes wanted = payload;
  std::copy_backward(payload.begin(), payload.begin() + 50, wanted.end());
  CHECK_EQ(seal(endpoint, rows, {{rows.slab().data(), rows.slab().size()}}), 1);
  CHECK(rows.packet(0) == reference_packet(secrets, 1, 0, wanted));
}
