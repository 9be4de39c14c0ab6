// Packet protection over rows: seals and opens a whole batch in place in its slab.
//
// Follows docs/wire-format.md; the promises stand in lib/core/ports.ts, and what becomes of each
// row in lib/crypto/row-protection.ts, which does the same in TypeScript. Knows neither Node nor
// where keys come from. Called by native/napi/protection_hot.cc once per batch and direction.
//
// Owns the kernel, the function table and all keys. Borrows until a call returns: slab, rows,
// counters, sources. Invariants: a row that does not lie wholly inside the slab is never touched;
// nothing outside of a source is read; a key seals no packet number twice; plaintext that was not
// authenticated stays nowhere.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "evp.h"
#include "key_table.h"

namespace burstwire {

// Packets that one key may seal: the limit of AES-GCM at any packet size (RFC 9001 section 6.6).
inline constexpr int64_t kSealLimit = INT64_C(1) << 23;

// Bytes that sealing copies from, named by kSource of a row. Of a source that is gone: none.
struct Source {
  const uint8_t* data = nullptr;
  size_t size = 0;
};

// A batch. `rows` has room for every row that is named in a call; nothing that stands in it is
// trusted.
struct RowView {
  uint8_t* slab = nullptr;
  size_t slab_bytes = 0;
  int32_t* rows = nullptr;
  double* counts = nullptr;  // kKeyCounts places for each slot
  const Source* sources = nullptr;
  size_t source_count = 0;
};

// The kernel that makes the keys, and what the header keys need.
struct Kernel {
  EvpFunctions functions;
  ChaChaMasks chacha_masks = nullptr;
  std::unique_ptr<AeadMaker> maker;
};

class PacketProtection {
 public:
  // `slots`: 1 to 2^kKeySlotBits. `seal_limit`: at most kSealLimit; tests lower it.
  PacketProtection(Kernel kernel, int32_t slots, int64_t seal_limit = kSealLimit) noexcept;

  KeyTable& keys() noexcept { return keys_; }
  const char* kernel_name() const noexcept { return kernel_.maker->name(); }

  // Both return how many of the rows they did: none, with nothing written, when the rows share
  // memory with the slab or the counters. See Protection in lib/core/ports.ts.
  int32_t seal(const RowView& view, int32_t from, int32_t to) noexcept;
  int32_t open(const RowView& view, int32_t from, int32_t to) noexcept;

 private:
  // Consecutive rows of one slot, whose header masks are made in one call.
  struct Run;

  int32_t in_runs(const RowView& view, int32_t from, int32_t to, Direction direction) noexcept;
  int32_t seal_run(const RowView& view, KeySlot& slot, Run& run) const noexcept;
  // Returns the row's STATUS.
  int32_t seal_row(const RowView& view, KeySlot& slot, int32_t* row, uint8_t* nonce) const noexcept;
  int32_t open_run(const RowView& view, KeySlot& slot, Run& run) const noexcept;
  int32_t open_row(const RowView& view, KeySlot& slot, int32_t* row, const uint8_t* mask,
                   uint8_t* nonce) const noexcept;
  int32_t admit(KeySlot& slot, int32_t* row, int64_t number, bool same_key,
                double* counts) const noexcept;

  Kernel kernel_;
  KeyTable keys_;
  int64_t seal_limit_;
};

}  // namespace burstwire
