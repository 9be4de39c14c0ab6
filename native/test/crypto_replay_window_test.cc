// The replay window against a set of all numbers ever accepted, and packet numbers against the
// definition of their expansion.
#include <algorithm>
#include <set>

#include "../batch/layout.h"
#include "../crypto/packet_number.h"
#include "../crypto/replay_window.h"
#include "check.h"
#include "random.h"

using namespace burstwire;
using namespace burstwire::test;

namespace {

class Model {
 public:
  Admission accept(int64_t number) {
    if (number < largest_ - kReplayWindow) return Admission::kTooOld;
    largest_ = std::max(largest_, number);
    return seen_.insert(number).second ? Admission::kFresh : Admission::kReplayed;
  }
  int64_t largest() const { return largest_; }

 private:
  std::set<int64_t> seen_;
  int64_t largest_ = -1;
};

// A number near the largest, most often; now and then far ahead or behind.
int64_t draw(Random& random, int64_t largest, int32_t reach) {
  if (random.one_in(50)) return std::max<int64_t>(0, largest + random.between(-20'000, 20'000));
  return std::max<int64_t>(0, largest + random.between(-reach, reach / 4 + 1));
}

void compare(uint64_t seed, int64_t start, int32_t reach, int steps) {
  Random random(seed);
  ReplayWindow window;
  Model model;
  CHECK_EQ(window.accept(start), model.accept(start));
  for (int i = 0; i < steps && failures() == 0; i++) {
    const int64_t number = draw(random, model.largest(), reach);
    CHECK_EQ(window.accept(number), model.accept(number));
    CHECK_EQ(window.largest(), model.largest());
  }
}

}  // namespace

TEST(a_million_numbers_fare_as_in_the_model) {
  for (uint64_t seed = 0; seed < 10; seed++) {
    compare(seed, 0, 10, 40'000);
    compare(seed + 100, 0, 300, 30'000);
    compare(seed + 200, (INT64_C(1) << 32) - 5000, 9000, 30'000);
  }
}

TEST(the_window_ends_where_the_layout_says) {
  for (const int64_t largest : {INT64_C(8192), INT64_C(8193), INT64_C(10'000), INT64_C(16'447),
                                INT64_C(1) << 40, kLargestPacketNumber}) {
    ReplayWindow window;
    CHECK_EQ(window.accept(largest), Admission::kFresh);
    CHECK_EQ(window.accept(largest - kReplayWindow), Admission::kFresh);
    CHECK_EQ(window.accept(largest - kReplayWindow), Admission::kReplayed);
    CHECK_EQ(window.accept(largest - kReplayWindow + 1), Admission::kFresh);
    CHECK_EQ(window.accept(largest), Admission::kReplayed);
    if (largest > kReplayWindow) {
      CHECK_EQ(window.accept(largest - kReplayWindow - 1), Admission::kTooOld);
      CHECK_EQ(window.accept(0), Admission::kTooOld);
    }
    CHECK_EQ(window.largest(), largest);
  }
}

TEST(every_number_of_a_window_is_taken_once_in_either_order) {
  ReplayWindow window;
  CHECK_EQ(window.accept(20'000), Admission::kFresh);
  for (int64_t number = 19'999; number >= 20'000 - kReplayWindow; number--) {
    CHECK_EQ(window.accept(number), Admission::kFresh);
  }
  for (int64_t number = 20'000 - kReplayWindow; number <= 20'000; number++) {
    CHECK_EQ(window.accept(number), Admission::kReplayed);
  }
  // One step on: one number falls out, nothing else is forgotten.
  CHECK_EQ(window.accept(20'001), Admission::kFresh);
  CHECK_EQ(window.accept(20'000 - kReplayWindow), Admission::kTooOld);
  CHECK_EQ(window.accept(20'001 - kReplayWindow), Admission::kReplayed);
}

TEST(a_window_stays_small_until_number_256) {
  ReplayWindow window;
  for (int64_t number = 0; number < 256; number += 2) {
    CHECK_EQ(window.accept(number), Admission::kFresh);
  }
  CHECK(window.is_small());
  CHECK_EQ(window.accept(256), Admission::kFresh);
  CHECK(!window.is_small());
  for (int64_t number = 0; number < 256; number++) {
    CHECK_EQ(window.accept(number), number % 2 == 0 ? Admission::kReplayed : Admission::kFresh);
  }
}

TEST(a_leap_of_a_whole_ring_or_more_forgets_everything_and_nothing_else) {
  for (const int64_t leap : {INT64_C(8191), INT64_C(8192), INT64_C(8193), INT64_C(8255),
                             INT64_C(8256), INT64_C(8257), INT64_C(1) << 31}) {
    ReplayWindow window;
    for (int64_t number = 0; number < 1000; number++) window.accept(number);
    CHECK_EQ(window.accept(999 + leap), Admission::kFresh);
    for (int64_t number = 999 + leap - kReplayWindow; number < 999 + leap; number++) {
      CHECK_EQ(window.accept(number), number < 1000 ? Admission::kReplayed : Admission::kFresh);
    }
  }
}

TEST(expansion_finds_every_number_less_than_half_a_window_away) {
  Random random(7);
  for (int i = 0; i < 200'000; i++) {
    const int64_t number = static_cast<int64_t>(random.next() >> random.between(11, 63));
    const int64_t distance = static_cast<int64_t>(random.next() >> random.between(33, 63));
    const int64_t expected = random.one_in(2) ? std::max<int64_t>(0, number - distance)
                                              : std::min(kLargestPacketNumber, number + distance);
    if (expected - number > (INT64_C(1) << 31) || number - expected >= (INT64_C(1) << 31)) continue;
    CHECK_EQ(expand_packet_number(static_cast<uint32_t>(number), expected), number);
  }
}

TEST(expansion_at_the_edges_is_that_of_rfc_9000) {
  constexpr int64_t kWord = INT64_C(1) << 32;
  constexpr int64_t kHalf = INT64_C(1) << 31;
  CHECK_EQ(expand_packet_number(0, 0), 0);
  CHECK_EQ(expand_packet_number(0xffffffff, 0), 0xffffffff);  // nothing below 0
  CHECK_EQ(expand_packet_number(0xffffffff, kWord), kWord - 1);
  CHECK_EQ(expand_packet_number(0, kWord - 1), kWord);
  CHECK_EQ(expand_packet_number(0x9b32 | 0xa82f0000, (INT64_C(5) << 32) + 0xa82f30ea),
           (INT64_C(5) << 32) + 0xa82f9b32);
  CHECK_EQ(expand_packet_number(0, kHalf), kWord);  // at half a window: upwards
  CHECK_EQ(expand_packet_number(0, kHalf - 1), 0);  //
  CHECK_EQ(expand_packet_number(0, kWord + kHalf), 2 * kWord);
  CHECK_EQ(expand_packet_number(0x80000000, kWord), kWord + kHalf);
  CHECK_EQ(expand_packet_number(0x80000001, kWord), kHalf + 1);
  // Near the end: never beyond it, where another number would do.
  CHECK_EQ(expand_packet_number(0, kLargestPacketNumber), (kLargestPacketNumber + 1) - kWord);
  CHECK_EQ(expand_packet_number(0xffffffff, kLargestPacketNumber), kLargestPacketNumber);
  CHECK(expand_packet_number(0, kLargestPacketNumber + 1) > kLargestPacketNumber);
}
