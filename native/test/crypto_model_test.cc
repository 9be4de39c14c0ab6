// The random life of several connections, on every kernel, against a model that knows what was sent
// and computes nothing: which keys a slot holds, what it has opened, what has become of the bytes.
//
// Packets are sealed by the protection under test (and must equal the slow reference to the bit),
// then lost, doubled, reordered, damaged and mixed over connections, and opened in batches.
#include <algorithm>
#include <optional>
#include <set>

#include "check.h"
#include "crypto_fixture.h"

using namespace burstwire;
using namespace burstwire::test;

namespace {

struct Sent {
  size_t link = 0;
  int life = 0;   // of the link: its slots are replaced now and then
  int epoch = 0;  // how many updates before
  int64_t number = 0;
  Bytes payload;
  Bytes packet;
};

// One direction of a connection: its secrets, and what the model knows of both slots.
struct Link {
  std::vector<Secrets> epochs;
  int life = 0;
  int32_t seal_id = 0;
  int32_t open_id = 0;
  int seal_epoch = 0;
  int64_t last = -1;
  int open_epoch = 0;
  std::optional<int> other_epoch;
  int64_t largest = -1;
  std::set<int64_t> seen;
  int64_t opened = 0;
  int64_t forged = 0;
};

class Life {
 public:
  Life(const std::string& kernel, uint64_t seed)
      : random_(seed), endpoint_(kernel), links_(kLinks) {
    for (size_t i = 0; i < kLinks; i++) replace(i);
  }

  void step() {
    const auto link = static_cast<size_t>(random_.between(0, kLinks - 1));
    const int32_t what = random_.between(1, 100);
    if (what <= 40) {
      seal();
    } else if (what <= 85) {
      open();
    } else if (what <= 89) {
      update_sealing(links_[link]);
    } else if (what <= 94) {
      update_opening(links_[link]);
    } else if (what <= 99) {
      endpoint_.keys().retire_previous(links_[link].open_id);
      if (links_[link].other_epoch < links_[link].open_epoch) links_[link].other_epoch.reset();
    } else {
      replace(link);
    }
  }

  int64_t opened = 0;
  int64_t updated = 0;
  int64_t refused = 0;

 private:
  static constexpr int32_t kLinks = 5;

  Secrets& secrets(Link& link, int epoch) {
    while (link.epochs.size() <= static_cast<size_t>(epoch)) {
      link.epochs.push_back(next_phase(random_, link.epochs.back()));
    }
    return link.epochs[static_cast<size_t>(epoch)];
  }

  void replace(size_t place) {
    endpoint_.keys().retire(links_[place].seal_id);
    endpoint_.keys().retire(links_[place].open_id);
    Link link;
    link.life = links_[place].life + 1;
    link.epochs.push_back(random_secrets(random_, kAeads[place % 3]));
    link.seal_id = endpoint_.install(link.epochs[0], Direction::kSeal);
    link.open_id = endpoint_.install(link.epochs[0], Direction::kOpen);
    links_[place] = std::move(link);
  }

  void update_sealing(Link& link) {
    // Most often only after the other side has followed: else little would get through.
    if (link.seal_epoch > link.open_epoch && !random_.one_in(8)) return;
    link.seal_epoch++;
    CHECK(endpoint_.update(link.seal_id, secrets(link, link.seal_epoch)));
  }

  void update_opening(Link& link) {
    const bool free = !link.other_epoch.has_value();
    CHECK_EQ(endpoint_.update(link.open_id, secrets(link, link.open_epoch + 1)), free);
    if (free) link.other_epoch = link.open_epoch + 1;
  }

  void seal() {
    PacketRows rows;
    std::vector<Sent> batch;
    for (int32_t i = random_.between(1, 150); i > 0; i--) {
      const auto place = static_cast<size_t>(random_.between(0, kLinks - 1));
      for (int32_t run = random_.between(1, 8); run > 0; run--) {
        Link& link = links_[place];
        link.last += random_.one_in(100) ? random_.between(2, 20'000) : 1;
        const auto size = static_cast<size_t>(random_.one_in(20) ? random_.between(0, 1400)
                                                                 : random_.between(0, 70));
        Sent sent{place, link.life, link.seal_epoch, link.last, random_bytes(random_, size), {}};
        rows.add_plain(link.seal_id, static_cast<double>(sent.number), sent.payload);
        batch.push_back(std::move(sent));
      }
    }
    CHECK_EQ(endpoint_.seal(rows), rows.size());
    CHECK(rows.guards_hold());
    for (size_t i = 0; i < batch.size(); i++) {
      batch[i].packet = rows.packet(static_cast<int32_t>(i));
      Link& link = links_[batch[i].link];
      CHECK(batch[i].packet == reference_packet(secrets(link, batch[i].epoch), batch[i].number,
                                                batch[i].epoch % 2, batch[i].payload));
      sent_.push_back(std::move(batch[i]));
    }
  }

  const Sent& pick() {
    const auto size = static_cast<int32_t>(sent_.size());
    const int32_t back = random_.one_in(4) ? size : std::min(size, 400);
    return sent_[static_cast<size_t>(size - random_.between(1, back))];
  }

  void open() {
    if (sent_.empty()) return;
    PacketRows rows;
    std::vector<std::pair<const Sent*, bool>> arrived;
    for (int32_t i = random_.between(1, 200); i > 0; i--) {
      const Sent& sent = pick();
      Bytes packet = sent.packet;
      const bool damaged = random_.one_in(12);
      if (damaged) {
        const auto at =
            static_cast<size_t>(random_.between(0, static_cast<int32_t>(packet.size()) - 1));
        packet[at] = static_cast<uint8_t>(packet[at] ^ random_.between(1, 255));
      }
      rows.add(links_[sent.link].open_id, packet);
      arrived.emplace_back(&sent, damaged);
    }
    int32_t good = 0;
    const int32_t done = endpoint_.open(rows);
    for (int32_t row = 0; row < rows.size() && failures() == 0; row++) {
      const auto& [sent, damaged] = arrived[static_cast<size_t>(row)];
      check_row(rows, row, *sent, damaged);
      if (rows.status(row) == 0) good++;
    }
    CHECK_EQ(done, good);
    CHECK(rows.guards_hold());
    opened += good;
    refused += rows.size() - good;
    for (const Link& link : links_) check_counts(link);
  }

  void check_row(PacketRows& rows, int32_t row, const Sent& sent, bool damaged) {
    Link& link = links_[sent.link];
    const bool current = sent.epoch == link.open_epoch;
    const bool other = link.other_epoch == sent.epoch;
    // Numbers of one life stay within half an expansion window of each other.
    if (damaged || sent.life != link.life || (!current && !other)) {
      link.forged++;
      CHECK_EQ(rows.status(row), kStatusForged);
      const Bytes payload = rows.payload(row);
      CHECK(std::all_of(payload.begin(), payload.end(), [](uint8_t b) { return b == 0; }));
      return;
    }
    CHECK_EQ(rows.number(row), sent.number);
    CHECK_EQ(rows.column(row, kPlaintextLength), sent.payload.size());
    CHECK(rows.payload(row) == sent.payload);
    const Bytes header = rows.packet(row);
    const Bytes expected = reference_header(sent.number, sent.epoch % 2);
    CHECK(std::equal(expected.begin(), expected.end(), header.begin()));
    const int32_t previous = sent.epoch < link.open_epoch ? kFlagPreviousKey : 0;
    if (sent.number < link.largest - kReplayWindow) {
      CHECK_EQ(rows.status(row), kStatusTooOld);
      CHECK_EQ(rows.flags(row), previous);
      return;
    }
    if (!link.seen.insert(sent.number).second) {
      CHECK_EQ(rows.status(row), kStatusReplayed);
      CHECK_EQ(rows.flags(row), previous);
      return;
    }
    link.largest = std::max(link.largest, sent.number);
    link.opened++;
    CHECK_EQ(rows.status(row), 0);
    const bool switches = sent.epoch > link.open_epoch;
    CHECK_EQ(rows.flags(row), switches ? kFlagKeyUpdated : previous);
    if (!switches) return;
    link.other_epoch = link.open_epoch;
    link.open_epoch = sent.epoch;
    updated++;
  }

  void check_counts(const Link& link) {
    CHECK_EQ(endpoint_.count(link.open_id, kKeyCountOpened), link.opened);
    CHECK_EQ(endpoint_.count(link.open_id, kKeyCountForged), link.forged);
    CHECK_EQ(endpoint_.count(link.open_id, kKeyCountLargest), link.largest);
    CHECK_EQ(endpoint_.count(link.seal_id, kKeyCountLargest), link.last);
  }

  Random random_;
  Endpoint endpoint_;
  std::vector<Link> links_;
  std::vector<Sent> sent_;
};

}  // namespace

TEST(every_kernel_lives_the_life_of_the_model) {
  if (!ready()) return;
  for (const std::string& kernel : kernels()) {
    int64_t opened = 0;
    int64_t updated = 0;
    int64_t refused = 0;
    for (uint64_t seed = 0; seed < 4 && failures() == 0; seed++) {
      Life life(kernel, seed);
      for (int step = 0; step < 150 && failures() == 0; step++) life.step();
      opened += life.opened;
      updated += life.updated;
      refused += life.refused;
    }
    // A life in which nothing gets through, or nothing is refused, would prove nothing.
    CHECK(opened > 3000);
    CHECK(updated > 5);
    CHECK(refused > 5000);
    std::printf("    %s: %lld opened, %lld refused, %lld key updates\n", kernel.c_str(),
                static_cast<long long>(opened), static_cast<long long>(refused),
                static_cast<long long>(updated));
  }
}
