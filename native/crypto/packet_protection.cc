// Cuts a batch into runs of one slot. See packet_protection.h.
#include "packet_protection.h"

#include <utility>

#include "../batch/overlap.h"
#include "packet_run.h"

namespace burstwire {
namespace {

int32_t status_of_shape(const RowView& view, const int32_t* row) noexcept {
  const int32_t offset = row[kOffset];
  const int32_t length = row[kLength];
  const bool inside = offset >= 0 && length >= kLeastPacketBytes &&
                      static_cast<size_t>(offset) + static_cast<size_t>(length) <= view.slab_bytes;
  return inside ? 0 : kStatusTooShort;
}

// Whether what is written while a run is done may change its rows, which were checked before.
bool rows_are_apart(const RowView& view, int32_t rows, int32_t slots) noexcept {
  const size_t bytes = static_cast<size_t>(rows) * kRowInts * sizeof(int32_t);
  const size_t counts_bytes = static_cast<size_t>(slots) * kKeyCounts * sizeof(double);
  return !overlaps(view.rows, bytes, view.slab, view.slab_bytes) &&
         !overlaps(view.rows, bytes, view.counts, counts_bytes);
}

}  // namespace

PacketProtection::PacketProtection(Kernel kernel, int32_t slots, int64_t seal_limit) noexcept
    : kernel_(std::move(kernel)),
      keys_(*kernel_.maker, kernel_.functions, kernel_.chacha_masks, slots),
      seal_limit_(seal_limit) {}

int32_t PacketProtection::seal(const RowView& view, int32_t from, int32_t to) noexcept {
  return in_runs(view, from, to, Direction::kSeal);
}

int32_t PacketProtection::open(const RowView& view, int32_t from, int32_t to) noexcept {
  return in_runs(view, from, to, Direction::kOpen);
}

int32_t PacketProtection::in_runs(const RowView& view, int32_t from, int32_t to,
                                  Direction direction) noexcept {
  if (!rows_are_apart(view, to, keys_.capacity())) return 0;
  Run run;
  int32_t done = 0;
  int32_t index = from;
  while (index < to) {
    const int32_t id = view.rows[static_cast<ptrdiff_t>(index) * kRowInts + kKey];
    KeySlot* slot = keys_.ready(id);
    if (slot != nullptr && slot->direction != direction) slot = nullptr;
    run.length = 0;
    for (; index < to && run.length < kRunRows; index++) {
      int32_t* row = view.rows + static_cast<ptrdiff_t>(index) * kRowInts;
      if (row[kStatus] != 0) continue;
      if (row[kKey] != id) break;
      const int32_t status = slot != nullptr ? status_of_shape(view, row) : kStatusNoKey;
      if (status == 0) {
        run.rows[run.length++] = row;
      } else {
        row[kStatus] = status;
      }
    }
    if (slot == nullptr || run.length == 0) continue;
    done += direction == Direction::kSeal ? seal_run(view, *slot, run) : open_run(view, *slot, run);
  }
  return done;
}

}  // namespace burstwire
