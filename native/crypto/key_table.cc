// See key_table.h.
#include "key_table.h"

#include <cstddef>

namespace burstwire {
namespace {

constexpr int32_t kSlotMask = (1 << kKeySlotBits) - 1;
// Ids are positive int32: 13 bits are left. Generations go from 1 to this and round again.
constexpr int32_t kLastGeneration = (1 << (31 - kKeySlotBits)) - 1;

}  // namespace

void PhaseKey::retire() noexcept {
  aead.reset();
  iv.clear();
}

void PhaseKey::take(PhaseKey& other) noexcept {
  aead = std::move(other.aead);
  iv.assign(other.iv);
  other.iv.clear();
}

void KeySlot::advance_phase() noexcept {
  std::swap(current.aead, other.aead);
  SecretBytes<kNonceBytes> iv;
  iv.assign(current.iv);
  current.iv.assign(other.iv);
  other.iv.assign(iv);
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
  slot->header = HeaderKey::make(functions_, chacha_masks_, material.aead, material.header_key);
  slot->current.aead = maker_.make(material.aead, material.direction, material.key);
  slot->current.iv.assign(material.iv);
  if (slot->header == nullptr || !slot->current.live()) return -1;
  const int32_t index = claim_place();
  if (index < 0) return -1;
  slot->index = index;
  double* places = counts + static_cast<ptrdiff_t>(index) * kKeyCounts;
  places[kKeyCountSealed] = 0;
  places[kKeyCountOpened] = 0;
  places[kKeyCountForged] = 0;
  places[kKeyCountLargest] = -1;
  Place& place = places_[static_cast<size_t>(index)];
  place.generation = place.generation % kLastGeneration + 1;
  place.slot = std::move(slot);
  return place.generation << kKeySlotBits | index;
}

bool KeyTable::update(int32_t id, const uint8_t* key, const uint8_t* iv, double* counts) noexcept {
  KeySlot* slot = find(id);
  if (slot == nullptr || slot->other.live()) return false;
  PhaseKey made;
  made.aead = maker_.make(slot->aead, slot->direction, key);
  made.iv.assign(iv);
  if (!made.live()) return false;
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
