// See key_table.h.
#include "key_table.h"

#include <cstddef>
#include <cstring>

namespace burstwire {
namespace {

constexpr int32_t kSlotMask = (1 << kKeySlotBits) - 1;
// Ids are positive int32: 13 bits are left. Generations go from 1 to this and round again.
constexpr int32_t kLastGeneration = (1 << (31 - kKeySlotBits)) - 1;

}  // namespace

void PhaseKey::assign(Aead kind, const uint8_t* key, const uint8_t* nonce) noexcept {
  std::memcpy(bytes.data(), key, key_bytes(kind));
  iv.assign(nonce);
  is_live = true;
}

void PhaseKey::retire() noexcept {
  aead.reset();
  bytes.clear();
  iv.clear();
  is_live = false;
}

void PhaseKey::take(PhaseKey& other) noexcept {
  aead = std::move(other.aead);
  bytes.assign(other.bytes);
  iv.assign(other.iv);
  is_live = other.is_live;
  other.retire();
}

void KeySlot::advance_phase() noexcept {
  PhaseKey before;
  before.take(current);
  current.take(other);
  other.take(before);
  other_is_next = false;
  phase ^= static_cast<uint8_t>(kHeaderKeyPhase);
}

KeyTable::KeyTable(const AeadMaker& maker, const EvpFunctions& functions, ChaChaMasks chacha_masks,
                   int32_t capacity) noexcept
    : maker_(maker), functions_(functions), chacha_masks_(chacha_masks), capacity_(capacity) {}

int32_t KeyTable::install(const KeyMaterial& material, double* counts) noexcept {
  auto slot = std::make_unique<KeySlot>();
  slot->aead = material.aead;
  slot->direction = material.direction;
  std::memcpy(slot->header_bytes.data(), material.header_key, key_bytes(material.aead));
  slot->current.assign(material.aead, material.key, material.iv);
  const int32_t index = claim_place();
  if (index < 0) return -1;
  slot->index = index;
  double* places = counts + static_cast<ptrdiff_t>(index) * kKeyCounts;
  places[kKeyCountSealed] = 0;
  places[kKeyCountOpened] = 0;
  places[kKeyCountForged] = 0;
  places[kKeyCountLargest] = -1;
  Place& place = places_[static_cast<size_t>(index)];
  place.slot = std::move(slot);
  // At once: it is about to be used, and what fails does so before anybody relies on it.
  if (!expand(*place.slot)) {
    release_place(index);
    return -1;
  }
  place.generation = place.generation % kLastGeneration + 1;
  return place.generation << kKeySlotBits | index;
}

bool KeyTable::update(int32_t id, const uint8_t* key, const uint8_t* iv, double* counts) noexcept {
  KeySlot* slot = find(id);
  if (slot == nullptr || slot->other.live()) return false;
  PhaseKey made;
  made.assign(slot->aead, key, iv);
  if (slot->expanded) {
    if (!make(*slot, made)) return false;
  }
  if (slot->direction == Direction::kOpen) {
    slot->other.take(made);
    slot->other_is_next = true;
    return true;
  }
  slot->current.take(made);
  slot->phase ^= static_cast<uint8_t>(kHeaderKeyPhase);
  slot->sealed = 0;
  counts[static_cast<ptrdiff_t>(slot->index) * kKeyCounts + kKeyCountSealed] = 0;
  return true;
}

void KeyTable::retire_previous(int32_t id) noexcept {
  KeySlot* slot = find(id);
  if (slot != nullptr && !slot->other_is_next) slot->other.retire();
}

void KeyTable::retire(int32_t id) noexcept {
  if (find(id) != nullptr) release_place(id & kSlotMask);
}

void KeyTable::retire_all() noexcept {
  for (size_t i = 0; i < places_.size(); i++) {
    if (places_[i].slot != nullptr) release_place(static_cast<int32_t>(i));
  }
}

KeySlot* KeyTable::find(int32_t id) const noexcept {
  if (id <= 0) return nullptr;
  const auto index = static_cast<size_t>(id & kSlotMask);
  if (index >= places_.size() || places_[index].generation != id >> kKeySlotBits) return nullptr;
  return places_[index].slot.get();
}

KeySlot* KeyTable::ready(int32_t id) noexcept {
  KeySlot* slot = find(id);
  if (slot == nullptr || (!slot->expanded && !expand(*slot))) return nullptr;
  recent_[slot->clock_place] = 1;
  return slot;
}

// Expands a key, in the memory of the one that is there.
bool KeyTable::make(const KeySlot& slot, PhaseKey& key) const noexcept {
  if (key.aead != nullptr) return key.aead->rekey(slot.direction, key.bytes.data());
  key.aead = maker_.make(slot.aead, slot.direction, key.bytes.data());
  return key.aead != nullptr;
}

// Both keys: that of the other phase must not take longer than that of this one.
bool KeyTable::make_all(KeySlot& slot) const noexcept {
  const uint8_t* header_key = slot.header_bytes.data();
  if (slot.header != nullptr) {
    if (!slot.header->rekey(header_key)) return false;
  } else {
    slot.header = HeaderKey::make(functions_, chacha_masks_, slot.aead, header_key);
    if (slot.header == nullptr) return false;
  }
  return make(slot, slot.current) && (!slot.other.live() || make(slot, slot.other));
}

// Takes over the memory of the keys that make place for it, if they are of its kind.
bool KeyTable::expand(KeySlot& slot) noexcept {
  const size_t place = claim_clock_place();
  KeySlot* before = expanded_at(place);
  if (before != nullptr) {
    if (before->aead == slot.aead) {
      slot.header = std::move(before->header);
      slot.current.aead = std::move(before->current.aead);
    }
    fold(*before);
  }
  if (!make_all(slot)) {
    fold(slot);
    return false;
  }
  slot.clock_place = place;
  clock_[place] = slot.index;
  slot.expanded = true;
  expanded_count_++;
  return true;
}

void KeyTable::fold(KeySlot& slot) noexcept {
  slot.header.reset();
  slot.current.aead.reset();
  slot.other.aead.reset();
  if (slot.expanded) expanded_count_--;
  slot.expanded = false;
}

// The slot whose keys have that place of the clock; null when it is free.
KeySlot* KeyTable::expanded_at(size_t clock_place) const noexcept {
  KeySlot* slot = places_[static_cast<size_t>(clock_[clock_place])].slot.get();
  const bool there = slot != nullptr && slot->expanded && slot->clock_place == clock_place;
  return there ? slot : nullptr;
}

// A free place of the clock; when there is none, that of a slot that was not used for longest.
size_t KeyTable::claim_clock_place() noexcept {
  if (clock_.size() < kExpandedSlots) {
    clock_.push_back(0);
    recent_.push_back(0);
    return clock_.size() - 1;
  }
  while (recent_[hand_] != 0) {
    recent_[hand_] = 0;
    hand_ = (hand_ + 1) % kExpandedSlots;
  }
  const size_t place = hand_;
  hand_ = (hand_ + 1) % kExpandedSlots;
  return place;
}

int32_t KeyTable::claim_place() noexcept {
  const int32_t freed = first_free_;
  if (freed >= 0) {
    first_free_ = places_[static_cast<size_t>(freed)].next_free;
    if (first_free_ < 0) last_free_ = -1;
    return freed;
  }
  if (places_.size() >= static_cast<size_t>(capacity_)) return -1;
  places_.emplace_back();
  return static_cast<int32_t>(places_.size()) - 1;
}

void KeyTable::release_place(int32_t index) noexcept {
  Place& place = places_[static_cast<size_t>(index)];
  if (place.slot->expanded) expanded_count_--;
  place.slot.reset();
  place.next_free = -1;
  if (last_free_ >= 0) {
    places_[static_cast<size_t>(last_free_)].next_free = index;
  } else {
    first_free_ = index;
  }
  last_free_ = index;
}

}  // namespace burstwire
