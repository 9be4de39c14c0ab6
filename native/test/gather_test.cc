// Copies of many pieces: what is copied, and that nothing is when any piece does not fit.
#include "../batch/gather.h"

#include <algorithm>
#include <limits>
#include <vector>

#include "check.h"
#include "random.h"

using namespace burstwire;
using namespace burstwire::test;

namespace {

using Bytes = std::vector<uint8_t>;
using Pieces = std::vector<int32_t>;

Bytes counting(size_t size) {
  Bytes bytes(size);
  for (size_t i = 0; i < size; i++) bytes[i] = static_cast<uint8_t>(i * 7 + 1);
  return bytes;
}

int64_t gather_into(Bytes& target, const Bytes& source, const Pieces& pieces) {
  return gather_pieces({target.data(), target.size(), source.data(), source.size(), pieces.data(),
                        pieces.size() / 2});
}

}  // namespace

TEST(pieces_lie_one_behind_the_other_in_the_order_they_were_named) {
  const Bytes source = counting(20);
  Bytes target(9, 0xee);
  CHECK_EQ(gather_into(target, source, {18, 2, 0, 3, 5, 0, 4, 1}), 6);
  const Bytes wanted = {source[18], source[19], source[0], source[1], source[2],
                        source[4],  0xee,       0xee,      0xee};
  CHECK(target == wanted);
}

TEST(no_pieces_and_empty_pieces_copy_nothing) {
  const Bytes source = counting(4);
  Bytes target(2, 0xee);
  CHECK_EQ(gather_into(target, source, {}), 0);
  CHECK_EQ(gather_into(target, source, {4, 0, 0, 0}), 0);
  CHECK(target == Bytes(2, 0xee));
  CHECK_EQ(gather_pieces({}), 0);
}

TEST(one_piece_that_does_not_fit_forbids_all) {
  constexpr int32_t kMost = std::numeric_limits<int32_t>::max();
  constexpr int32_t kLeast = std::numeric_limits<int32_t>::min();
  const Bytes source = counting(10);
  const Pieces bad[] = {{-1, 1},
                        {0, -1},
                        {kLeast, 1},
                        {1, kLeast},
                        {10, 1},
                        {0, 11},
                        {11, 0},
                        {kMost, 1},
                        {1, kMost},
                        {kMost, kMost},
                        {0, 10, 0, 10, 0, 1},
                        {0, 10, 0, 9, 0, 2},
                        {9, 2}};
  for (const Pieces& pieces : bad) {
    Pieces all = {0, 1};
    all.insert(all.end(), pieces.begin(), pieces.end());
    Bytes target(20, 0xee);
    CHECK_EQ(gather_into(target, source, all), -1);
    CHECK(target == Bytes(20, 0xee));
  }
}

TEST(pieces_that_would_be_written_over_are_not_copied) {
  const Bytes source = counting(40);
  // Two pieces of 8 bytes, and the target from there on.
  std::vector<int32_t> memory = {0, 8, 8, 8, -1, -1, -1, -1};
  const std::vector<int32_t> before = memory;
  auto* bytes = reinterpret_cast<uint8_t*>(memory.data());
  for (const size_t at : {0, 1, 15}) {
    CHECK_EQ(gather_pieces({bytes + at, 16, source.data(), source.size(), memory.data(), 2}), -1);
    CHECK(memory == before);
  }
  const Gathering behind = {bytes + 16, 16, source.data(), source.size(), memory.data(), 2};
  CHECK_EQ(gather_pieces(behind), 16);
  CHECK(std::equal(source.begin(), source.begin() + 16, bytes + 16));
}

TEST(random_pieces_are_copied_as_a_loop_over_bytes_would) {
  Random random(0x67617468);
  const Bytes source = counting(3000);
  for (int round = 0; round < 200 && failures() == 0; round++) {
    Pieces pieces;
    Bytes wanted;
    for (int32_t left = random.between(0, 40); left > 0; left--) {
      const int32_t offset = random.between(0, 3000);
      const int32_t length = random.between(0, 3000 - offset) % 200;
      pieces.insert(pieces.end(), {offset, length});
      wanted.insert(wanted.end(), source.begin() + offset, source.begin() + offset + length);
    }
    Bytes target(wanted.size());
    CHECK_EQ(gather_into(target, source, pieces), static_cast<int64_t>(wanted.size()));
    CHECK(target == wanted);
  }
}
