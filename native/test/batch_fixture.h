// A batch to send and the peers it goes to, for tests: rows, their bytes, and the two ways to hand
// the bytes over.
//
// Does not send. Owns slab, rows, views, peer columns and counters; a SendView borrows them until
// the next `add`. Invariant: the bytes of two rows of more than a few bytes differ, so that a row
// sent twice or skipped shows.
#pragma once

#include <sys/uio.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "../batch/layout.h"
#include "../udp/address.h"
#include "../udp/peer_table.h"
#include "../udp/trains.h"

namespace burstwire::test {

using Bytes = std::vector<uint8_t>;
using Statuses = std::vector<int32_t>;

// A STATUS that the engine never writes: shows which rows it has touched.
inline constexpr int32_t kUntouched = -777;

inline PeerKey key_of(const char* text, uint16_t port) {
  PeerKey key;
  parse_address(text, port, key);
  return key;
}

// The i-th of 2^32 different addresses.
inline PeerKey numbered(uint32_t number) {
  PeerKey key = key_of("2001:db8::", 4433);
  std::memcpy(key.address.s6_addr + 12, &number, sizeof number);
  return key;
}

// A peer table with the columns and counters it borrows.
struct Peers {
  explicit Peers(int family = AF_INET, int32_t capacity = 64)
      : columns(static_cast<size_t>(capacity + 1) * kPeerInts),
        counters(kCounterPlaces),
        table(family, capacity, columns.data(), counters.data()) {}

  int32_t named(const char* text, uint16_t port) { return table.intern_named(key_of(text, port)); }
  int32_t generation(int32_t id) const { return columns[place(id, kPeerGeneration)]; }
  void pin(int32_t id, int32_t holders) { columns[place(id, kPeerPins)] = holders; }
  double count(int32_t counter) const { return counters[static_cast<size_t>(counter)]; }
  double errno_count(int32_t error) const { return count(kCountErrnoBase + error); }

  static size_t place(int32_t id, int32_t column) {
    return static_cast<size_t>(id) * kPeerInts + static_cast<size_t>(column);
  }

  std::vector<int32_t> columns;
  std::vector<double> counters;
  PeerTable table;
};

class Batch {
 public:
  // Adds a row; `gap` bytes of the slab stay unused before it.
  void add(int32_t length, int32_t remote, int32_t flags = 0, int32_t local = 0, int32_t gap = 0) {
    grow(gap);
    const int32_t offset = static_cast<int32_t>(slab_.size());
    grow(length);
    const int32_t row[kRowInts] = {offset, length, flags, kUntouched, remote, local};
    rows_.insert(rows_.end(), row, row + kRowInts);
  }
  void add_many(int32_t count, int32_t length, int32_t remote, int32_t flags = 0,
                int32_t local = 0) {
    for (int32_t i = 0; i < count; i++) add(length, remote, flags, local);
  }

  int32_t count() const { return static_cast<int32_t>(rows_.size()) / kRowInts; }
  int32_t& at(int32_t row, int32_t column) {
    return rows_[static_cast<size_t>(row) * kRowInts + static_cast<size_t>(column)];
  }
  int32_t status(int32_t row) { return at(row, kStatus); }
  const uint8_t* start(int32_t row) { return slab_.data() + at(row, kOffset); }
  Bytes bytes(int32_t row) { return Bytes(start(row), start(row) + at(row, kLength)); }
  void forget_statuses() {
    for (int32_t row = 0; row < count(); row++) at(row, kStatus) = kUntouched;
  }

  // The rows in the slab.
  SendView view() {
    SendView view;
    view.slab = slab_.data();
    view.slab_bytes = slab_.size();
    view.rows = rows_.data();
    return view;
  }
  // The same rows as views: each row's bytes in an allocation of its own, from row `first` on.
  SendView scattered(int32_t first = 0) {
    copies_.clear();
    vectors_.clear();
    for (int32_t row = first; row < count(); row++) copies_.push_back(bytes(row));
    for (Bytes& copy : copies_) vectors_.push_back({copy.data(), copy.size()});
    SendView view;
    view.views = vectors_.data();
    view.first = first;
    view.rows = rows_.data();
    return view;
  }

 private:
  void grow(int32_t length) {
    const size_t from = slab_.size();
    slab_.resize(from + static_cast<size_t>(length));
    uint8_t* bytes = slab_.data();
    for (size_t at = from; at < slab_.size(); at++) {
      // Multiplicative hashing of the position (Knuth): no period that a row length could match.
      bytes[at] = static_cast<uint8_t>(static_cast<uint32_t>(at) * 2654435761U >> 24);
    }
  }

  Bytes slab_;
  std::vector<int32_t> rows_;
  std::vector<Bytes> copies_;
  std::vector<iovec> vectors_;
};

}  // namespace burstwire::test
