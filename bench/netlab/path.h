// One direction from device to device: reads packets, asks the link what becomes of them, and
// writes them when it is time. Opens nothing and waits for nothing; called by main(). Borrows both
// descriptors as long as it lives. Invariant: every packet that was read is counted once: arrived =
// delivered + lost + queue_drops + overflow + write_errors + those on the way.
#pragma once

#include <cstdint>

#include "link.h"
#include "options.h"
#include "shelf.h"

namespace burstwire::netlab {

struct PathCounts {
  int64_t arrived = 0;
  int64_t arrived_bytes = 0;
  int64_t delivered = 0;
  int64_t delivered_bytes = 0;
  // More packets on the way than there is memory for.
  int64_t overflow = 0;
  // The packet was larger than a slot, or the device was taken down.
  int64_t read_errors = 0;
  int64_t write_errors = 0;
  // How much later than planned packets were written: what this machine adds by being busy.
  int64_t most_late_us = 0;
  int64_t late_over_1ms = 0;
};

class Path {
 public:
  Path(int from, int to, const LinkSettings& settings, uint64_t seed)
      : from_(from), to_(to), link_(settings, seed) {}

  bool ok() const { return shelf_.ok(); }

  // Reads what has come, up to a budget; descriptors must not block.
  void read_all();
  // Writes what is due.
  void write_due();
  // Nanoseconds until write_due() has work; -1: nothing is on the way.
  int64_t wait_ns() const;

  // A JSON object, without a line's end, on stdout.
  void report() const;

 private:
  void take(uint32_t slot, size_t length);

  int from_;
  int to_;
  Link link_;
  Shelf shelf_;
  PathCounts counts_;
};

// CLOCK_MONOTONIC.
int64_t now_ns();

}  // namespace burstwire::netlab
