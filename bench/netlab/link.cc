// What becomes of a packet in one direction; see link.h. A packet that the link loses has used the
// rate, as on a radio link; one that found the queue full has not.
#include "link.h"

#include <algorithm>

#include "ecn.h"

namespace burstwire::netlab {
namespace {

constexpr double kNsPerSecond = 1e9;
constexpr double kBitsPerByte = 8;

}  // namespace

int64_t Link::queued_bytes(int64_t now_ns) const {
  const double wait_ns = free_at_ns_ - static_cast<double>(now_ns);
  if (settings_.rate_bits == 0 || wait_ns <= 0) return 0;
  const double bits = wait_ns * static_cast<double>(settings_.rate_bits) / kNsPerSecond;
  return static_cast<int64_t>(bits / kBitsPerByte + 0.5);
}

Verdict Link::take(int64_t now_ns, uint8_t* packet, size_t length) {
  const int64_t before = queued_bytes(now_ns);
  const int64_t after = before + static_cast<int64_t>(length);
  if (settings_.rate_bits > 0 && after > settings_.queue_bytes) {
    counts_.queue_drops++;
    return {Fate::kNoRoom};
  }
  counts_.most_queued_bytes = std::max(counts_.most_queued_bytes, after);
  if (settings_.mark_bytes > 0 && before > settings_.mark_bytes && mark_ce(packet, length)) {
    counts_.marked++;
  }
  free_at_ns_ = std::max(free_at_ns_, static_cast<double>(now_ns));
  if (settings_.rate_bits > 0) {
    free_at_ns_ += static_cast<double>(length) * kBitsPerByte * kNsPerSecond /
                   static_cast<double>(settings_.rate_bits);
  }
  if (is_lost()) {
    counts_.lost++;
    return {Fate::kLost};
  }
  return {Fate::kArrives, arrival(static_cast<int64_t>(free_at_ns_))};
}

bool Link::is_lost() {
  // Both are asked each time, so that neither model misses packets that the other one takes.
  const bool alone = chance_.happens(settings_.loss);
  const bool in_burst = burst_.loses(chance_);
  return alone || in_burst;
}

int64_t Link::arrival(int64_t sent_ns) {
  const double jitter_us = chance_.next() * static_cast<double>(settings_.jitter_us);
  const int64_t delay_ns = settings_.delay_us * 1'000 + static_cast<int64_t>(jitter_us * 1e3);
  const int64_t in_order = std::max(sent_ns + delay_ns, last_arrival_ns_);
  if (chance_.happens(settings_.reorder)) {
    counts_.held_back++;
    return in_order + settings_.reorder_us * 1'000;
  }
  last_arrival_ns_ = in_order;
  return in_order;
}

}  // namespace burstwire::netlab
