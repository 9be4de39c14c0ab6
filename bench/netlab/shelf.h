// Packets that are on their way, in the order of their arrival. Reads no clock and no device; used
// by path.cc. Owns the memory of all packets of its direction, taken once. Invariant: packets with
// the same time leave in the order in which they came, and a slot is either free, lent, or on the
// way.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace burstwire::netlab {

// Above any MTU that the laboratory sets.
constexpr size_t kSlotBytes = 2048;
// 100 ms of 1 Gbit/s in packets of 1,500 bytes, and as many again; 32 MiB, used only as far as it
// is needed.
constexpr uint32_t kSlots = 16'384;

class Shelf {
 public:
  struct Packet {
    uint8_t* bytes;
    size_t length;
    int64_t at_ns;
    uint32_t slot;
  };

  Shelf();

  // False when there was no memory.
  bool ok() const { return memory_ != nullptr; }

  // A place for a packet, lent until put() or give_back(); false when all are on the way.
  bool lend(uint32_t& slot);
  uint8_t* bytes(uint32_t slot) { return memory_.get() + size_t{slot} * kSlotBytes; }
  void give_back(uint32_t slot) { free_.push_back(slot); }

  // The packet in `slot` arrives at `at_ns`.
  void put(uint32_t slot, size_t length, int64_t at_ns);

  bool empty() const { return heap_.empty(); }
  size_t size() const { return heap_.size(); }
  // When the next one arrives. Not to be asked of an empty shelf.
  int64_t next_at_ns() const { return heap_.front().at_ns; }
  // Takes it off; its bytes are borrowed until its slot is given back.
  Packet pop();

 private:
  struct Entry {
    int64_t at_ns;
    uint64_t order;
    uint32_t slot;
    uint32_t length;
  };
  static bool later(const Entry& a, const Entry& b) {
    return a.at_ns != b.at_ns ? a.at_ns > b.at_ns : a.order > b.order;
  }

  std::unique_ptr<uint8_t[]> memory_;
  std::vector<uint32_t> free_;
  std::vector<Entry> heap_;
  uint64_t order_ = 0;
};

}  // namespace burstwire::netlab
