// A binary heap over slots of one size; see shelf.h. Nothing is allocated after the constructor.
#include "shelf.h"

#include <algorithm>
#include <new>

namespace burstwire::netlab {

Shelf::Shelf() : memory_(new (std::nothrow) uint8_t[kSlotBytes * kSlots]) {
  free_.reserve(kSlots);
  heap_.reserve(kSlots);
  // The first slots are used first, so that memory that is never needed is never touched.
  for (uint32_t slot = kSlots; slot > 0; slot--) free_.push_back(slot - 1);
}

bool Shelf::lend(uint32_t& slot) {
  if (free_.empty()) return false;
  slot = free_.back();
  free_.pop_back();
  return true;
}

void Shelf::put(uint32_t slot, size_t length, int64_t at_ns) {
  heap_.push_back({at_ns, order_++, slot, static_cast<uint32_t>(length)});
  std::push_heap(heap_.begin(), heap_.end(), later);
}

Shelf::Packet Shelf::pop() {
  std::pop_heap(heap_.begin(), heap_.end(), later);
  const Entry entry = heap_.back();
  heap_.pop_back();
  return {bytes(entry.slot), entry.length, entry.at_ns, entry.slot};
}

}  // namespace burstwire::netlab
