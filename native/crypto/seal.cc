// Sealing a run of rows: AEAD row by row, then header protection for all of them. See
// packet_protection.h.
#include <cmath>

#include "packet_run.h"

namespace burstwire {

int32_t PacketProtection::seal_run(const RowView& view, KeySlot& slot, Run& run) const noexcept {
  size_t sealed = 0;
  for (size_t i = 0; i < run.length; i++) {
    int32_t* row = run.rows[i];
    if (!seal_row(view, slot, row, run.nonce.data())) {
      row[kStatus] = kStatusKeyExhausted;
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

// All but header protection. False when the key must not seal this number; the bytes are left alone
// then.
bool PacketProtection::seal_row(const RowView& view, KeySlot& slot, int32_t* row,
                                uint8_t* nonce) const noexcept {
  double wanted = 0;
  std::memcpy(&wanted, row + kPacketNumber, sizeof(wanted));
  // Written so that NaN is refused.
  const bool rises = wanted > static_cast<double>(slot.largest) &&
                     wanted <= static_cast<double>(kLargestPacketNumber);
  if (!rises || std::trunc(wanted) != wanted || slot.sealed >= seal_limit_) return false;
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
  return slot.current.aead->seal(nonce, message_of(packet, row[kLength]));
}

}  // namespace burstwire
