// Taking a received train apart: every border case by hand, then at random against a reference that
// goes byte by byte.
#include <vector>

#include "../udp/receive.h"
#include "check.h"
#include "random.h"

namespace burstwire::test {
namespace {

struct Piece {
  int32_t offset;
  int32_t length;
  int32_t flags;
};

ReceivedMessage message_of(int32_t length, int32_t segment, int32_t lost = 0, int32_t flags = 0) {
  ReceivedMessage message;
  message.offset = 1000;
  message.length = length;
  message.segment = segment;
  message.lost = lost;
  message.flags = flags;
  message.remote = 5;
  message.local = 6;
  return message;
}

// The rows of one message; checks the columns that each row shares with its message.
std::vector<Piece> split(const ReceivedMessage& message, int32_t room = kReceiveRows) {
  // Exactly `room` rows, so that the sanitizer sees one too many.
  std::vector<int32_t> rows(static_cast<size_t>(room) * kRowInts, -1);
  const int32_t count = split_message(message, rows.data(), room);
  std::vector<Piece> pieces;
  CHECK(count <= room);
  for (int32_t i = 0; i < count; i++) {
    const int32_t* row = rows.data() + static_cast<ptrdiff_t>(i) * kRowInts;
    CHECK_EQ(row[kStatus], 0);
    CHECK_EQ(row[kRemote], message.remote);
    CHECK_EQ(row[kLocal], message.local);
    for (int32_t column = kLocal + 1; column < kRowInts; column++) CHECK_EQ(row[column], -1);
    pieces.push_back({row[kOffset], row[kLength], row[kFlags]});
  }
  for (size_t at = pieces.size() * kRowInts; at < rows.size(); at++) {
    if (rows[at] != -1) CHECK(!"a row behind the last was written");
  }
  return pieces;
}

void check_pieces(const ReceivedMessage& message, const std::vector<Piece>& expected) {
  const std::vector<Piece> found = split(message);
  CHECK_EQ(found.size(), expected.size());
  for (size_t i = 0; i < std::min(found.size(), expected.size()); i++) {
    CHECK_EQ(found[i].offset, expected[i].offset);
    CHECK_EQ(found[i].length, expected[i].length);
    CHECK_EQ(found[i].flags, expected[i].flags);
  }
}

constexpr int32_t kSegment = kFlagSegment;
constexpr int32_t kCut = kFlagTruncated;

TEST(single_datagrams) {
  check_pieces(message_of(1200, 0), {{1000, 1200, 0}});
  check_pieces(message_of(0, 0), {{1000, 0, 0}});
  check_pieces(message_of(1, 0), {{1000, 1, 0}});
  check_pieces(message_of(65507, 0), {{1000, 65507, 0}});
  check_pieces(message_of(1200, 0, 0, 3), {{1000, 1200, 3}});
}

TEST(exact_multiples) {
  check_pieces(message_of(300, 100),
               {{1000, 100, kSegment}, {1100, 100, kSegment}, {1200, 100, kSegment}});
  check_pieces(message_of(2, 1), {{1000, 1, kSegment}, {1001, 1, kSegment}});
  check_pieces(message_of(200, 100, 0, 2), {{1000, 100, kSegment | 2}, {1100, 100, kSegment | 2}});
}

TEST(remainder_tails) {
  check_pieces(message_of(201, 100),
               {{1000, 100, kSegment}, {1100, 100, kSegment}, {1200, 1, kSegment}});
  check_pieces(message_of(199, 100), {{1000, 100, kSegment}, {1100, 99, kSegment}});
}

TEST(a_segment_size_that_cuts_nothing_is_no_train) {
  check_pieces(message_of(100, 100), {{1000, 100, 0}});
  check_pieces(message_of(99, 100), {{1000, 99, 0}});
  check_pieces(message_of(0, 100), {{1000, 0, 0}});
  check_pieces(message_of(100, INT32_MAX), {{1000, 100, 0}});
  check_pieces(message_of(100, -1), {{1000, 100, 0}});
}

TEST(cut_single_datagram) {
  check_pieces(message_of(65536, 0, 1), {{1000, 65536, kCut}});
  check_pieces(message_of(10, 100, 5), {{1000, 10, kCut}});
  check_pieces(message_of(0, 0, 5), {{1000, 0, kCut}});
}

TEST(train_cut_in_the_middle_of_a_datagram) {
  check_pieces(message_of(250, 100, 50),
               {{1000, 100, kSegment}, {1100, 100, kSegment}, {1200, 50, kSegment | kCut}});
  check_pieces(message_of(50, 100, 250), {{1000, 50, kSegment | kCut}});
}

TEST(train_cut_at_the_border_of_two_datagrams) {
  // What arrived is whole; what follows is gone without a row.
  check_pieces(message_of(200, 100, 100), {{1000, 100, kSegment}, {1100, 100, kSegment}});
  check_pieces(message_of(100, 100, 1), {{1000, 100, kSegment}});
}

TEST(the_longest_train_of_the_kernel) {
  const std::vector<Piece> pieces = split(message_of(128 * 500, 500));
  REQUIRE_EQ(pieces.size(), 128);
  for (int32_t i = 0; i < 128; i++) {
    CHECK_EQ(pieces[static_cast<size_t>(i)].offset, 1000 + i * 500);
    CHECK_EQ(pieces[static_cast<size_t>(i)].length, 500);
  }
}

TEST(room_is_a_limit) {
  for (int32_t room = 0; room <= 5; room++) {
    CHECK_EQ(split(message_of(300, 100), room).size(), std::min(room, 3));
    CHECK_EQ(split(message_of(100, 0), room).size(), std::min(room, 1));
  }
  // One row of a train that is cut at its end: the row itself is whole.
  const std::vector<Piece> pieces = split(message_of(250, 100, 50), 1);
  REQUIRE_EQ(pieces.size(), 1);
  CHECK_EQ(pieces[0].flags, kSegment);
}

// Lays the datagrams of the sender out one after the other and keeps what the buffer kept.
std::vector<Piece> reference(const ReceivedMessage& message) {
  const int32_t total = message.length + message.lost;
  const bool train = message.segment > 0 && message.segment < total;
  std::vector<Piece> pieces;
  int32_t at = 0;
  do {
    const int32_t whole = train ? std::min(message.segment, total - at) : total;
    const int32_t kept = std::min(whole, message.length - at);
    int32_t flags = message.flags | (train ? kFlagSegment : 0);
    if (kept < whole) flags |= kFlagTruncated;
    pieces.push_back({message.offset + at, kept, flags});
    at += whole;
  } while (at < message.length);
  return pieces;
}

TEST(random_messages_agree_with_the_reference) {
  Random random(3);
  for (int round = 0; round < 100000; round++) {
    const int32_t most = random.one_in(20) ? kReceiveMessageBytes : 600;
    ReceivedMessage message = message_of(random.between(0, most), 0);
    message.offset = random.between(0, 1 << 22);
    message.lost = random.one_in(3) ? random.between(1, 400) : 0;
    message.flags = random.between(0, 3);
    if (!random.one_in(4)) {
      message.segment = random.between(std::max(1, message.length / 128), message.length + 3);
    }
    const int32_t room = random.one_in(4) ? random.between(0, 12) : 600;
    std::vector<Piece> expected = reference(message);
    if (expected.size() > static_cast<size_t>(room)) expected.resize(static_cast<size_t>(room));
    const std::vector<Piece> found = split(message, room);
    REQUIRE_EQ(found.size(), expected.size());
    for (size_t i = 0; i < found.size(); i++) {
      REQUIRE_EQ(found[i].offset, expected[i].offset);
      REQUIRE_EQ(found[i].length, expected[i].length);
      REQUIRE_EQ(found[i].flags, expected[i].flags);
    }
  }
}

}  // namespace
}  // namespace burstwire::test
