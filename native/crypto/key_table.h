// The key slots: install, update, retire. An id is `generation << kKeySlotBits | slot`.
//
// Does not touch packets: seal.cc and open.cc do, and open.cc moves a slot to its next key when the
// first packet opens with it. A slot serves one direction of one connection; its keys follow one
// another by phase (RFC 9001 section 6). Used by packet_protection.h.
//
// A key as it is used takes 20 times its bytes (round keys, powers of the hash key, OpenSSL's
// contexts), so only the slots used last have theirs expanded: kExpandedSlots, by a clock hand. All
// others hold the key alone and are expanded by `ready`, some microseconds, when a packet comes, in
// the memory of the keys that make place for them.
//
// Owns the slots and the keys in them. Borrows during a call: the counters, places of a
// Float64Array. Invariants: an id names at most one live slot, and 0 and negative numbers name
// none; a slot holds at most two keys, and expands both or none; a key that leaves its slot is
// wiped at once.
#pragma once

#include <memory>
#include <vector>

#include "../batch/layout.h"
#include "aead.h"
#include "header_key.h"
#include "replay_window.h"
#include "secret.h"

namespace burstwire {

// Slots whose keys are expanded at once: 512 connections, and up to 4 MB.
inline constexpr size_t kExpandedSlots = 1024;

// One key of a phase.
struct PhaseKey {
  SecretBytes<kMostKeyBytes> bytes;
  SecretBytes<kNonceBytes> iv;
  std::unique_ptr<AeadKey> aead;  // null while the slot is not expanded
  bool is_live = false;

  bool live() const noexcept { return is_live; }
  void assign(Aead kind, const uint8_t* key, const uint8_t* nonce) noexcept;
  void retire() noexcept;
  // Takes the key out of `other`, which is empty then; what was here is wiped.
  void take(PhaseKey& other) noexcept;
};

struct KeySlot {
  Aead aead = Aead::kAes128Gcm;
  Direction direction = Direction::kSeal;
  uint8_t phase = 0;           // the phase bit of `current`: 0 or kHeaderKeyPhase
  bool other_is_next = false;  // else it is the previous one
  bool expanded = false;
  int32_t index = 0;
  int64_t largest = -1;  // sealed or opened
  int64_t sealed = 0;    // with the current key
  PhaseKey current;
  // Opening slots: the key of the other phase. Next until a packet opens with it, previous from
  // then on.
  PhaseKey other;
  SecretBytes<kMostKeyBytes> header_bytes;
  std::unique_ptr<HeaderKey> header;  // null while the slot is not expanded
  size_t clock_place = 0;             // while it is
  ReplayWindow window;                // opening slots

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
  // The same, with its keys expanded. Null as well when memory or the library beneath fails. Good
  // until the next call.
  KeySlot* ready(int32_t id) noexcept;
  // Slots whose keys are expanded.
  size_t expanded() const noexcept { return expanded_count_; }
  int32_t capacity() const noexcept { return capacity_; }

 private:
  struct Place {
    std::unique_ptr<KeySlot> slot;
    int32_t generation = 0;
    int32_t next_free = -1;
  };

  int32_t claim_place() noexcept;
  void release_place(int32_t index) noexcept;
  bool make(const KeySlot& slot, PhaseKey& key) const noexcept;
  bool make_all(KeySlot& slot) const noexcept;
  bool expand(KeySlot& slot) noexcept;
  void fold(KeySlot& slot) noexcept;
  KeySlot* expanded_at(size_t clock_place) const noexcept;
  size_t claim_clock_place() noexcept;

  const AeadMaker& maker_;
  const EvpFunctions& functions_;
  ChaChaMasks chacha_masks_;
  int32_t capacity_;
  std::vector<Place> places_;
  // Indices of expanded slots, and of some that were: a slot knows its place.
  std::vector<int32_t> clock_;
  // By place of the clock: whether its slot was used since the hand was there. Beside one another,
  // so that the hand reads no slot that it passes.
  std::vector<uint8_t> recent_;
  size_t hand_ = 0;
  size_t expanded_count_ = 0;
  // Freed places in the order they were freed: a generation comes back as late as it can.
  int32_t first_free_ = -1;
  int32_t last_free_ = -1;
};

}  // namespace burstwire
