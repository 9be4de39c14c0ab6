// See replay_window.h.
#include "replay_window.h"

#include <algorithm>

#include "../batch/layout.h"

namespace burstwire {
namespace {

constexpr int64_t kWordBits = 64;
// The words that the window and the largest number can touch, wherever they begin.
constexpr int64_t kRingWords = kReplayWindow / kWordBits + 1;

}  // namespace

Admission ReplayWindow::accept(int64_t number) noexcept {
  if (number < largest_ - kReplayWindow) return Admission::kTooOld;
  if (number > largest_) advance(number);
  const int64_t word = number / kWordBits;
  uint64_t& bits = ring_ == nullptr ? small_[word] : ring_[static_cast<size_t>(word % kRingWords)];
  const uint64_t bit = UINT64_C(1) << (number % kWordBits);
  if ((bits & bit) != 0) return Admission::kReplayed;
  bits |= bit;
  return Admission::kFresh;
}

// Clears the words between the largest so far and the new one; they last held numbers a whole ring
// older.
void ReplayWindow::advance(int64_t number) noexcept {
  const int64_t word = number / kWordBits;
  const int64_t last = largest_ / kWordBits;
  largest_ = number;
  if (ring_ == nullptr) {
    if (word < kSmallWords) return;
    ring_ = std::make_unique<uint64_t[]>(static_cast<size_t>(kRingWords));
    std::copy(small_, small_ + kSmallWords, ring_.get());
  }
  const int64_t stale = std::min(word - last, kRingWords);
  for (int64_t i = 0; i < stale; i++) ring_[static_cast<size_t>((word - i) % kRingWords)] = 0;
}

}  // namespace burstwire
