// Which packet numbers of one direction have been opened: a ring of bits behind the largest
// (RFC 6479).
//
// Does not authenticate: it is asked only about packets whose tag has been verified. One per
// opening slot; key updates share it, as they share the packet numbers. A connection that has
// received few packets needs 32 bytes; the ring of 1 KB comes with packet number 256.
//
// Invariant: a number is accepted at most once, and a number that is refused changes nothing.
#pragma once

#include <cstdint>
#include <memory>

namespace burstwire {

enum class Admission : uint8_t { kFresh, kReplayed, kTooOld };

class ReplayWindow {
 public:
  // The largest number accepted; -1 = none yet.
  int64_t largest() const noexcept { return largest_; }
  // Takes the number, or says why not. `number` is 0 or more.
  Admission accept(int64_t number) noexcept;
  bool is_small() const noexcept { return ring_ == nullptr; }

 private:
  void advance(int64_t number) noexcept;

  static constexpr int64_t kSmallWords = 4;
  uint64_t small_[kSmallWords] = {};  // in use until the ring is
  std::unique_ptr<uint64_t[]> ring_;
  int64_t largest_ = -1;
};

}  // namespace burstwire
