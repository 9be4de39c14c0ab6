// Rows into messages: which rows leave together, and the msghdr array that says so.
//
// A train is a run of rows with one destination, one source, one ECN mark and one length, but for a
// shorter last one; it leaves as one message with UDP_SEGMENT. Rows that lie back to back in the
// slab share one iovec; nothing is ever copied. Makes no system call. Called by send.cc, again for
// what is left after each call. Invariant: messages cover the rows from `from` on, in order,
// without gap; a message of one row has no UDP_SEGMENT.
#pragma once

#include <sys/socket.h>

#include <cstdint>

#include "../batch/layout.h"
#include "control_messages.h"
#include "features.h"
#include "peer_table.h"

namespace burstwire {

// UDP_MAX_SEGMENTS is 128 from Linux 6.9 on and 64 before, and cannot be asked for.
inline constexpr int32_t kMostSegments = 64;
// What one IP packet can carry behind the UDP header; a train is one packet until it is cut.
inline constexpr int32_t kMostBytesIpv4 = 65507;
inline constexpr int32_t kMostBytesIpv6 = 65527;
// Messages per sendmmsg. With trains 8 would do; single datagrams want more. 64 holds the kernel
// for about 100 us.
inline constexpr int32_t kMostMessages = 64;
inline constexpr int32_t kMostVectors = 1024;  // UIO_MAXIOV

// Where the bytes of row i are: in one slab, or in views of their own. Borrowed until the send
// returns.
struct SendView {
  uint8_t* slab = nullptr;
  size_t slab_bytes = 0;
  const iovec* views = nullptr;  // views[i - first] for row i; nullptr = slab
  int32_t first = 0;
  int32_t* rows = nullptr;

  int32_t* row(int32_t index) const noexcept {
    return rows + static_cast<ptrdiff_t>(index) * kRowInts;
  }
  // The bytes of a row; false when they are not inside the slab.
  bool bytes_of(int32_t index, iovec& bytes) const noexcept;
};

// One buffer cut into datagrams of `segment` bytes, the last one possibly shorter. Needs no rows:
// the place of each datagram is arithmetic. Borrowed until the send returns.
struct SegmentView {
  uint8_t* bytes = nullptr;
  size_t size = 0;
  int32_t segment = 0;  // above 0
  // kRemote, kLocal and kFlags as in the row of any of its datagrams.
  int32_t header[kRowInts] = {};

  int32_t count() const noexcept {
    const size_t step = static_cast<size_t>(segment);
    return static_cast<int32_t>((size + step - 1) / step);
  }
};

struct Train {
  int32_t first = 0;
  int32_t count = 0;
  int32_t segment = 0;  // length of each row but the last
  int32_t bytes = 0;
  int32_t remote = 0;
};

class TrainBuilder {
 public:
  TrainBuilder(const Features& features, PeerTable& peers) noexcept
      : features_(features), peers_(peers) {}

  // Fills the message array from row `from`, at most to `to`. Returns the number of messages; 0
  // when row `from` itself cannot be sent: unknown destination or bytes outside the slab.
  int32_t build(const SendView& view, int32_t from, int32_t to, int64_t now_ms) noexcept;
  // The same for datagrams `from` to the end of one buffer. 0 when its destination is unknown.
  int32_t build_segments(const SegmentView& view, int32_t from, int64_t now_ms) noexcept;
  // Makes message 0 of row `index` alone, with or without its ECN mark. False as `build` returning
  // 0.
  bool build_single(const SendView& view, int32_t index, bool with_ecn) noexcept;

  mmsghdr* messages() noexcept { return messages_; }
  const Train& train(int32_t message) const noexcept { return trains_[message]; }

 private:
  bool add_message(const SendView& view, int32_t index, int32_t from, int32_t to,
                   int64_t now_ms) noexcept;
  int32_t segments_per_train(const PeerEntry& peer, size_t segment, int64_t now_ms) const noexcept;
  int32_t most_segments(const PeerEntry& peer, int64_t now_ms) const noexcept;
  void finish_message(int32_t message, PeerEntry& peer, const int32_t* row, bool with_ecn) noexcept;

  const Features& features_;
  PeerTable& peers_;
  int32_t vectors_used_ = 0;
  Train trains_[kMostMessages];
  mmsghdr messages_[kMostMessages];
  iovec vectors_[kMostVectors];
  alignas(cmsghdr) uint8_t controls_[kMostMessages][kSentControlBytes];
};

}  // namespace burstwire
