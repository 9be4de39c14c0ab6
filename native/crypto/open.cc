// Opening a run of rows: the masks of all samples, then each row in order, since a packet number is
// expanded from the largest opened before it. See packet_protection.h.
#include "packet_run.h"

namespace burstwire {
namespace {

int32_t status_of(Admission admission) noexcept {
  switch (admission) {
    case Admission::kFresh:
      return 0;
    case Admission::kReplayed:
      return kStatusReplayed;
    case Admission::kTooOld:
      return kStatusTooOld;
  }
  return kStatusForged;
}

}  // namespace

int32_t PacketProtection::open_run(const RowView& view, KeySlot& slot, Run& run) const noexcept {
  for (size_t i = 0; i < run.length; i++) run.take_sample(i, packet_of(view, run.rows[i]));
  if (!slot.header->make_masks(run.masks, run.length)) {
    for (size_t i = 0; i < run.length; i++) run.rows[i][kStatus] = kStatusNoKey;
    return 0;
  }
  int32_t opened = 0;
  for (size_t i = 0; i < run.length; i++) {
    const int32_t status = open_row(view, slot, run.rows[i], run.mask(i), run.nonce.data());
    run.rows[i][kStatus] = status;
    if (status == 0) opened++;
  }
  return opened;
}

// Opens with the one key that the phase bit names. Returns the row's STATUS.
int32_t PacketProtection::open_row(const RowView& view, KeySlot& slot, int32_t* row,
                                   const uint8_t* mask, uint8_t* nonce) const noexcept {
  uint8_t* packet = packet_of(view, row);
  double* counts = counts_of(view, slot);
  apply_mask(packet, mask);
  const bool same_key = (packet[0] & kHeaderKeyPhase) == slot.phase;
  PhaseKey& key = same_key ? slot.current : slot.other;
  const int64_t number =
      expand_packet_number(read_uint32(packet + kPacketNumberOffset), slot.largest + 1);
  const Message message = message_of(packet, row[kLength]);
  write_nonce(key.iv.data(), number, nonce);
  if (!key.live() || number > kLargestPacketNumber || !key.aead->open(nonce, message)) {
    wipe(message.payload(), message.payload_bytes + kTagBytes);
    apply_mask(packet, mask);
    counts[kKeyCountForged] += 1;
    return kStatusForged;
  }
  row[kHeaderLength] = kPacketHeaderBytes;
  row[kPlaintextLength] = static_cast<int32_t>(message.payload_bytes);
  const auto shown = static_cast<double>(number);
  std::memcpy(row + kPacketNumber, &shown, sizeof(shown));
  return admit(slot, row, number, same_key, counts);
}

// An authentic packet: the window has the last word.
int32_t PacketProtection::admit(KeySlot& slot, int32_t* row, int64_t number, bool same_key,
                                double* counts) const noexcept {
  row[kFlags] &= ~(kFlagKeyUpdated | kFlagPreviousKey);
  if (!same_key && !slot.other_is_next) row[kFlags] |= kFlagPreviousKey;
  const int32_t status = status_of(slot.window.accept(number));
  if (status != 0) return status;
  slot.largest = slot.window.largest();
  counts[kKeyCountOpened] += 1;
  counts[kKeyCountLargest] = static_cast<double>(slot.largest);
  if (!same_key && slot.other_is_next) {
    slot.advance_phase();
    row[kFlags] |= kFlagKeyUpdated;
  }
  return 0;
}

}  // namespace burstwire
