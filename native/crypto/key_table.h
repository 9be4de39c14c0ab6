// The key slots: install, update, retire. An id is `generation << kKeySlotBits | slot`.
//
// Does not touch packets: seal.cc and open.cc do, and open.cc moves a slot to its next key when the
// first packet opens with it. A slot serves one direction of one connection; its keys follow one
// another by phase (RFC 9001 section 6). Used by packet_protection.h.
//
// Owns the slots and the keys in them. Borrows during a call: the counters, places of a
// Float64Array. Invariants: an id names at most one live slot, and 0 and negative numbers name
// none; a slot holds at most two keys; a key that leaves its slot is wiped at once.
#pragma once

#include <memory>
#include <vector>

#include "../batch/layout.h"
#include "aead.h"
#include "header_key.h"
#include "replay_window.h"
#include "secret.h"

namespace burstwire {

// One key of a phase.
struct PhaseKey {
  std::unique_ptr<AeadKey> aead;
  SecretBytes<kNonceBytes> iv;

  bool live() const noexcept { return aead != nullptr; }
  void retire() noexcept;
  // Takes the key out of `other`, which is empty then; what was here is wiped.
  void take(PhaseKey& other) noexcept;
};

struct KeySlot {
  Aead aead = Aead::kAes128Gcm;
  Direction direction = Direction::kSeal;
  uint8_t phase = 0;           // the phase bit of `current`: 0 or kHeaderKeyPhase
  bool other_is_next = false;  // else it is the previous one
  int32_t index = 0;
  int64_t largest = -1;  // sealed or opened
  int64_t sealed = 0;    // with the current key
  PhaseKey current;
  // Opening slots: the key of the other phase. Next until a packet opens with it, previous from
  // then on.
  PhaseKey other;
  std::unique_ptr<HeaderKey> header;
  ReplayWindow window;  // opening slots

  // The peer has gone on to its next key.
  void advance_phase() noexcept;
};

// What installKey of JavaScript hands over; the bytes are borrowed for the call.
struct KeyMaterial {
  Aead aead = Aead::kAes128Gcm;
  Direction direction = Direction::kSeal;
  const uint8_t* key = nullptr;
  const uint8_t* iv = nullptr;
  const uint8_t* header_key = nullptr;
};

class KeyTable {
 public:
  // `capacity`: 1 to 2^kKeySlotBits. The maker and the function table are borrowed.
  KeyTable(const AeadMaker& maker, const EvpFunctions& functions, ChaChaMasks chacha_masks,
           int32_t capacity) noexcept;

  // An id above 0, or -1: every slot is taken, or memory or the library beneath fails.
  int32_t install(const KeyMaterial& material, double* counts) noexcept;
  // See Protection.updateKey in lib/core/ports.ts.
  bool update(int32_t id, const uint8_t* key, const uint8_t* iv, double* counts) noexcept;
  void retire_previous(int32_t id) noexcept;
  void retire(int32_t id) noexcept;
  void retire_all() noexcept;

  // Null for an id that names no live slot.
  KeySlot* find(int32_t id) const noexcept;
  int32_t capacity() const noexcept { return capacity_; }

 private:
  struct Place {
    std::unique_ptr<KeySlot> slot;
    int32_t generation = 0;
    int32_t next_free = -1;
  };

  int32_t claim_place() noexcept;
  void release_place(int32_t index) noexcept;

  const AeadMaker& maker_;
  const EvpFunctions& functions_;
  ChaChaMasks chacha_masks_;
  int32_t capacity_;
  std::vector<Place> places_;
  // Freed places in the order they were freed: a generation comes back as late as it can.
  int32_t first_free_ = -1;
  int32_t last_free_ = -1;
};

}  // namespace burstwire
