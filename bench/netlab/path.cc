// Reads, holds and writes the packets of one direction; see path.h.
#include "path.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <ctime>

namespace burstwire::netlab {
namespace {

// So that a flood in one direction does not delay the other.
constexpr int kReadsPerTurn = 64;

}  // namespace

int64_t now_ns() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

void Path::read_all() {
  for (int i = 0; i < kReadsPerTurn; i++) {
    uint32_t slot = 0;
    uint8_t spare[kSlotBytes];
    const bool lent = shelf_.lend(slot);
    const ssize_t length = ::read(from_, lent ? shelf_.bytes(slot) : spare, kSlotBytes);
    if (length <= 0) {
      if (lent) shelf_.give_back(slot);
      if (length < 0 && (errno == EAGAIN || errno == EINTR)) return;
      counts_.read_errors++;
      continue;
    }
    counts_.arrived++;
    counts_.arrived_bytes += length;
    if (lent) {
      take(slot, static_cast<size_t>(length));
    } else {
      counts_.overflow++;
    }
  }
}

void Path::take(uint32_t slot, size_t length) {
  const Verdict verdict = link_.take(now_ns(), shelf_.bytes(slot), length);
  if (verdict.fate == Fate::kArrives) {
    shelf_.put(slot, length, verdict.at_ns);
  } else {
    shelf_.give_back(slot);
  }
}

void Path::write_due() {
  while (!shelf_.empty()) {
    const int64_t late_ns = now_ns() - shelf_.next_at_ns();
    if (late_ns < 0) return;
    const Shelf::Packet packet = shelf_.pop();
    if (::write(to_, packet.bytes, packet.length) == static_cast<ssize_t>(packet.length)) {
      counts_.delivered++;
      counts_.delivered_bytes += static_cast<int64_t>(packet.length);
    } else {
      counts_.write_errors++;
    }
    shelf_.give_back(packet.slot);
    const int64_t late_us = late_ns / 1'000;
    counts_.most_late_us = std::max(counts_.most_late_us, late_us);
    if (late_us > 1'000) counts_.late_over_1ms++;
  }
}

int64_t Path::wait_ns() const {
  if (shelf_.empty()) return -1;
  return std::max<int64_t>(0, shelf_.next_at_ns() - now_ns());
}

void Path::report() const {
  const LinkCounts& link = link_.counts();
  const struct {
    const char* name;
    int64_t value;
  } fields[] = {
      {"arrived", counts_.arrived},
      {"arrivedBytes", counts_.arrived_bytes},
      {"delivered", counts_.delivered},
      {"deliveredBytes", counts_.delivered_bytes},
      {"lost", link.lost},
      {"queueDrops", link.queue_drops},
      {"marked", link.marked},
      {"heldBack", link.held_back},
      {"mostQueuedBytes", link.most_queued_bytes},
      {"onTheWay", static_cast<int64_t>(shelf_.size())},
      {"overflow", counts_.overflow},
      {"readErrors", counts_.read_errors},
      {"writeErrors", counts_.write_errors},
      {"mostLateUs", counts_.most_late_us},
      {"lateOver1Ms", counts_.late_over_1ms},
  };
  const char* before = "{";
  for (const auto& [name, value] : fields) {
    std::printf("%s\"%s\":%" PRId64, before, name, value);
    before = ",";
  }
  std::printf("}");
}

}  // namespace burstwire::netlab
