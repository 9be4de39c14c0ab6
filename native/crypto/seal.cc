// Sealing a run of rows: copy from the source and AEAD row by row, then header protection for all
// of them. See packet_protection.h.
#include <cmath>

#include "packet_run.h"

namespace burstwire {
namespace {

// Copies the end of the payload from its source: just before it is encrypted, so the bytes are
// still in the nearest cache then. False when source and row do not fit each other.
bool copy_source(const RowView& view, const int32_t* row) noexcept {
  const int32_t index = row[kSource];
  const int32_t offset = row[kSourceOffset];
  const int32_t length = row[kSourceLength];
  const int32_t payload = row[kLength] - kLeastPacketBytes;
  if (index < 0 || static_cast<size_t>(index) >= view.source_count || offset < 0 || length < 0 ||
      length > payload) {
    return false;
  }
  const Source& source = view.sources[index];
  const auto from = static_cast<size_t>(offset);
  const auto size = static_cast<size_t>(length);
  if (from > source.size || size > source.size - from) return false;
  // memmove: nobody has promised that a source is not the slab itself.
  std::memmove(packet_of(view, row) + kPacketHeaderBytes + payload - length, source.data + from,
               size);
  return true;
}

}  // namespace

int32_t PacketProtection::seal_run(const RowView& view, KeySlot& slot, Run& run) const noexcept {
  size_t sealed = 0;
  for (size_t i = 0; i < run.length; i++) {
    int32_t* row = run.rows[i];
    const int32_t status = seal_row(view, slot, row, run.nonce.data());
    if (status != 0) {
      row[kStatus] = status;
      continue;
    }
    run.take_sample(sealed, packet_of(view, row));
    run.rows[sealed++] = row;
  }
  if (sealed == 0) return 0;
  if (!slot.header->make_masks(run.masks, sealed)) {
    // Nothing of it may be sent: a packet without header protection is not ours.
    for (size_t i = 0; i < sealed; i++) run.rows[i][kStatus] = kStatusKeyExhausted;
    return 0;
  }
  for (size_t i = 0; i < sealed; i++) apply_mask(packet_of(view, run.rows[i]), run.mask(i));
  return static_cast<int32_t>(sealed);
}

// All but header protection. What it refuses it leaves alone, the packet number included.
int32_t PacketProtection::seal_row(const RowView& view, KeySlot& slot, int32_t* row,
                                   uint8_t* nonce) const noexcept {
  double wanted = 0;
  std::memcpy(&wanted, row + kPacketNumber, sizeof(wanted));
  // Written so that NaN is refused.
  const bool rises = wanted > static_cast<double>(slot.largest) &&
                     wanted <= static_cast<double>(kLargestPacketNumber);
  if (!rises || std::trunc(wanted) != wanted || slot.sealed >= seal_limit_) {
    return kStatusKeyExhausted;
  }
  if (row[kSourceLength] != 0 && !copy_source(view, row)) return kStatusSourceLost;
  const auto number = static_cast<int64_t>(wanted);
  // Used up before it is used: whatever happens below, no second packet gets this number.
  slot.largest = number;
  slot.sealed++;
  double* counts = counts_of(view, slot);
  counts[kKeyCountLargest] = wanted;
  counts[kKeyCountSealed] = static_cast<double>(slot.sealed);

  uint8_t* packet = packet_of(view, row);
  packet[0] = static_cast<uint8_t>((packet[0] & ~kHeaderKeyPhase) | slot.phase);
  write_uint32(packet + kPacketNumberOffset, static_cast<uint32_t>(number));
  write_nonce(slot.current.iv.data(), number, nonce);
  return slot.current.aead->seal(nonce, message_of(packet, row[kLength])) ? 0 : kStatusKeyExhausted;
}

}  // namespace burstwire
