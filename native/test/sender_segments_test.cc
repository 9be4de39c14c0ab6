// Sending one buffer cut into segments: the way without rows, as far as it goes.
#include <algorithm>

#include "sender_fixture.h"

namespace burstwire::test {
namespace {

std::vector<uint8_t> pattern(size_t size) {
  std::vector<uint8_t> bytes(size);
  for (size_t i = 0; i < size; i++) bytes[i] = static_cast<uint8_t>(i * 7 + i / 251);
  return bytes;
}

SegmentView view_of(std::vector<uint8_t>& bytes, int32_t segment, int32_t remote) {
  SegmentView view;
  view.bytes = bytes.data();
  view.size = bytes.size();
  view.segment = segment;
  view.header[kRemote] = remote;
  return view;
}

// The kernel has taken the first `count` segments, each once, in order, byte for byte.
void check_taken(const SenderBench& bench, const SegmentView& view, int32_t count) {
  REQUIRE_EQ(bench.kernel.taken.size(), static_cast<size_t>(count));
  for (int32_t i = 0; i < count; i++) {
    const size_t offset = static_cast<size_t>(i) * static_cast<size_t>(view.segment);
    const size_t length = std::min(static_cast<size_t>(view.segment), view.size - offset);
    const std::vector<uint8_t> expected(view.bytes + offset, view.bytes + offset + length);
    REQUIRE(bench.kernel.taken[static_cast<size_t>(i)].bytes == expected);
  }
}

}  // namespace

TEST(segments_of_any_size_and_count_leave_as_trains_without_rows) {
  for (const int32_t segment : {1, 2, 500, 1200, 1400, 9000, 40000, 65507}) {
    for (const size_t count : {1U, 2U, 45U, 64U, 65U, 200U}) {
      for (const int32_t tail : {0, 1}) {
        for (const bool gso : {false, true}) {
          SenderBench bench;
          bench.features.gso = gso;
          const size_t size =
              count * static_cast<size_t>(segment) - (segment > 1 ? static_cast<size_t>(tail) : 0);
          std::vector<uint8_t> bytes = pattern(size);
          const SegmentView view = view_of(bytes, segment, bench.one);
          REQUIRE_EQ(bench.sender->send_segments(view), static_cast<int32_t>(count));
          check_taken(bench, view, static_cast<int32_t>(count));
          CHECK_EQ(bench.peers.count(kCountDatagramsSent), count);
          CHECK_EQ(bench.peers.count(kCountBytesSent), size);
          for (const SeenMessage& message : bench.kernel.offered) {
            const bool train = message.bytes.size() > static_cast<size_t>(segment);
            CHECK_EQ(message.segment > 0, train);
            CHECK(gso || !train);
            CHECK(message.bytes.size() <= static_cast<size_t>(kMostBytesIpv4));
          }
        }
      }
    }
  }
}

TEST(segments_stop_at_the_first_trouble_with_an_exact_count) {
  for (const int error : {-EAGAIN, -ENOBUFS, -EIO, -EINVAL, -EMSGSIZE, -ECONNREFUSED}) {
    for (int before = 0; before <= 3; before++) {
      SenderBench bench;
      std::vector<uint8_t> bytes = pattern(4 * 46 * 1400);
      const SegmentView view = view_of(bytes, 1400, bench.one);
      bench.kernel.batch_answers = {error};
      if (before > 0) bench.kernel.batch_answers = {before, error};
      bench.kernel.single_answers = {error};
      const int32_t sent = bench.sender->send_segments(view);
      CHECK_EQ(sent, before * 46);
      check_taken(bench, view, sent);
    }
  }
}

TEST(segments_keep_a_short_tail_apart_where_the_kernel_refuses_it) {
  SenderBench bench;
  bench.features.short_tail = false;
  std::vector<uint8_t> bytes = pattern(10 * 1000 + 1);
  const SegmentView view = view_of(bytes, 1000, bench.one);
  CHECK_EQ(bench.sender->send_segments(view), 11);
  check_taken(bench, view, 11);
  CHECK(bench.offered_counts() == (std::vector<int32_t>{10, 1}));
}

TEST(segments_leave_one_by_one_where_trains_were_refused) {
  SenderBench bench;
  bench.peers.table.find(bench.one)->gso_denied_until_ms = INT64_MAX;
  std::vector<uint8_t> bytes = pattern(5000);
  const SegmentView view = view_of(bytes, 1000, bench.one);
  CHECK_EQ(bench.sender->send_segments(view), 5);
  CHECK_EQ(bench.peers.count(kCountTrainsSent), 0);
}

TEST(segments_to_nobody_are_not_sent) {
  SenderBench bench;
  std::vector<uint8_t> bytes = pattern(5000);
  CHECK_EQ(bench.sender->send_segments(view_of(bytes, 1000, 0)), 0);
  CHECK_EQ(bench.sender->send_segments(view_of(bytes, 1000, 12345)), 0);
  CHECK_EQ(bench.kernel.offered.size(), 0);
}

}  // namespace burstwire::test
