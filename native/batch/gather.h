// Copies of many pieces in one call: what arrived scattered over a slab becomes one run of bytes.
//
// Pure: knows no packets and no Node. Called by native/napi/gather.cc; the promise stands at
// Memory.gather in lib/core/ports.ts. Borrows everything until it returns. Invariant: nothing is
// written unless all of it fits.
#pragma once

#include <cstddef>
#include <cstdint>

namespace burstwire {

struct Gathering {
  uint8_t* target = nullptr;
  size_t target_bytes = 0;
  const uint8_t* source = nullptr;
  size_t source_bytes = 0;
  // Pairs of byte offset in the source and byte length. What stands in them is not trusted.
  const int32_t* pieces = nullptr;
  size_t count = 0;
};

// Copies the pieces, one behind the other, to the front of the target. Returns the bytes copied;
// -1, with nothing written, when a piece is not wholly inside the source, the target is too short,
// or the pieces would be written over.
int64_t gather_pieces(const Gathering& gathering) noexcept;

}  // namespace burstwire
