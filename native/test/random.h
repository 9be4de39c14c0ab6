// Random numbers that are the same in every run: a property test that fails, fails again.
//
// Not for secrets. Each case makes its own, with its own seed.
#pragma once

#include <cstdint>

namespace burstwire::test {

// splitmix64 (Steele, Lea and Flood 2014): passes the usual statistical tests with 64 bits of
// state.
class Random {
 public:
  explicit Random(uint64_t seed) noexcept : state_(seed) {}

  uint64_t next() noexcept {
    state_ += 0x9e3779b97f4a7c15U;
    uint64_t mixed = state_;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9U;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebU;
    return mixed ^ (mixed >> 31);
  }
  // From `low` to `high`, both included. The bias of the remainder does not matter here.
  int32_t between(int32_t low, int32_t high) noexcept {
    const uint64_t span = static_cast<uint64_t>(static_cast<int64_t>(high) - low) + 1;
    return static_cast<int32_t>(low + static_cast<int64_t>(next() % span));
  }
  bool one_in(int32_t times) noexcept { return between(1, times) == 1; }

 private:
  uint64_t state_;
};

}  // namespace burstwire::test
