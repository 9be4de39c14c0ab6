// See gather.h.
#include "gather.h"

#include <cstring>

#include "overlap.h"

namespace burstwire {
namespace {

// Bytes of all pieces; -1 when one of them, or their sum, does not fit.
int64_t total_bytes(const Gathering& gathering) noexcept {
  size_t total = 0;
  for (size_t i = 0; i < gathering.count; i++) {
    const int32_t offset = gathering.pieces[2 * i];
    const int32_t length = gathering.pieces[2 * i + 1];
    if (offset < 0 || length < 0) return -1;
    const size_t end = static_cast<size_t>(offset) + static_cast<size_t>(length);
    if (end > gathering.source_bytes) return -1;
    total += static_cast<size_t>(length);
    // At each step, so that no sum is large enough to wrap.
    if (total > gathering.target_bytes) return -1;
  }
  return static_cast<int64_t>(total);
}

}  // namespace

int64_t gather_pieces(const Gathering& gathering) noexcept {
  const int64_t total = total_bytes(gathering);
  if (total <= 0) return total;
  // What was checked must be what is copied.
  if (overlaps(gathering.target, static_cast<size_t>(total), gathering.pieces,
               2 * gathering.count * sizeof(int32_t))) {
    return -1;
  }
  uint8_t* to = gathering.target;
  for (size_t i = 0; i < gathering.count; i++) {
    const int32_t offset = gathering.pieces[2 * i];
    const auto length = static_cast<size_t>(gathering.pieces[2 * i + 1]);
    // memmove: nobody has promised that the two do not overlap.
    std::memmove(to, gathering.source + offset, length);
    to += length;
  }
  return total;
}

}  // namespace burstwire
