// Sending: rows into trains, trains into sendmmsg(2), and what each errno means.
//
// Does not queue and does not wait: what the kernel does not take stays the caller's. Called by the
// addon, once per batch. Allocates nothing after construction. Borrows slab, views and rows until
// return. Invariant: each row is settled once, in order: STATUS 0 when the kernel took it, its
// errno otherwise; no row is sent twice and none is skipped.
#pragma once

#include "features.h"
#include "peer_table.h"
#include "system_calls.h"
#include "trains.h"

namespace burstwire {

// How long a refused train keeps the way to its destination without trains. Routes and devices
// change.
inline constexpr int64_t kGsoDenialMs = 120000;

// Why a send stopped before its last row.
enum class Blocked : int32_t {
  kNo = 0,
  // The socket buffer is full: the descriptor becomes writable.
  kUntilWritable = 1,
  // A device queue is full or memory is short: the descriptor is writable already, so only time
  // helps.
  kForAWhile = 2,
};

class Sender {
 public:
  Sender(SystemCalls& calls, int fd, Features& features, PeerTable& peers,
         double* counters) noexcept
      : calls_(calls),
        fd_(fd),
        features_(features),
        peers_(peers),
        counters_(counters),
        builder_(features, peers) {}

  // Sends rows `from` to `to` (exclusive); returns how many are settled, counted from `from`.
  int32_t send(const SendView& view, int32_t from, int32_t to) noexcept;
  // Sends the front of one buffer cut into segments, as far as it goes without any trouble; returns
  // how many datagrams are sent. The caller goes on with rows and `send` from there, which knows
  // what to do about the trouble.
  int32_t send_segments(const SegmentView& view) noexcept;
  // Why the last send stopped.
  Blocked blocked() const noexcept { return blocked_; }

 private:
  int32_t count_sent(int32_t message) noexcept;
  int32_t send_messages(const SendView& view, int32_t messages) noexcept;
  int transmit(int32_t first, int32_t messages) noexcept;
  int transmit_one(int32_t message) noexcept;
  int32_t settle_failure(const SendView& view, int32_t message, int error) noexcept;
  int32_t resend_singly(const SendView& view, const Train& train, int32_t from, int error) noexcept;
  int send_single(const SendView& view, int32_t row) noexcept;
  int explain_invalid(const SendView& view, int32_t row, int error) noexcept;
  int32_t settle_sent(const SendView& view, int32_t message) noexcept;
  void settle_row_sent(const SendView& view, int32_t row, int32_t bytes) noexcept;
  void fail_row(const SendView& view, int32_t row, int status) noexcept;
  bool stops(int error) noexcept;
  void deny_trains(int32_t remote) noexcept;

  SystemCalls& calls_;
  int fd_;
  Features& features_;
  PeerTable& peers_;
  double* counters_;
  TrainBuilder builder_;
  Blocked blocked_ = Blocked::kNo;
  int32_t cured_refusals_ = 0;
};

}  // namespace burstwire
