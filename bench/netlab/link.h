// One direction of the emulated link: what becomes of a packet, and when it arrives. Holds no
// packets and reads no clock: the time is a parameter. Called by path.cc. Invariant: bytes leave
// the queue at the rate, to the nanosecond, however late the caller is; and packets keep their
// order but for those that were held back on purpose.
#pragma once

#include <cstddef>
#include <cstdint>

#include "chance.h"
#include "options.h"

namespace burstwire::netlab {

enum class Fate { kArrives, kLost, kNoRoom };

struct Verdict {
  Fate fate;
  int64_t at_ns = 0;
};

struct LinkCounts {
  int64_t lost = 0;
  int64_t queue_drops = 0;
  int64_t marked = 0;
  int64_t held_back = 0;
  int64_t most_queued_bytes = 0;
};

class Link {
 public:
  Link(const LinkSettings& settings, uint64_t seed)
      : settings_(settings), chance_(seed), burst_(settings.burst_loss, settings.burst_length) {}

  // A packet reaches the queue. Borrows it for the call, and may mark it.
  Verdict take(int64_t now_ns, uint8_t* packet, size_t length);

  const LinkCounts& counts() const { return counts_; }

 private:
  // Bytes that are still to be sent, the packet on the wire included.
  int64_t queued_bytes(int64_t now_ns) const;
  bool is_lost();
  int64_t arrival(int64_t sent_ns);

  LinkSettings settings_;
  Chance chance_;
  BurstLoss burst_;
  // When the last byte that was taken has been sent.
  double free_at_ns_ = 0;
  int64_t last_arrival_ns_ = 0;
  LinkCounts counts_;
};

}  // namespace burstwire::netlab
