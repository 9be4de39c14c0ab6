// Chance of one direction: a generator (splitmix64) and the two models of loss. No clock, no
// packets; used by link.cc. Invariant: the same seed, options and number of packets give the same
// decisions.
#pragma once

#include <cstdint>

namespace burstwire::netlab {

class Chance {
 public:
  explicit Chance(uint64_t seed) : state_(seed) {}

  // In [0, 1).
  double next() {
    state_ += 0x9e3779b97f4a7c15;
    uint64_t word = state_;
    word = (word ^ (word >> 30)) * 0xbf58476d1ce4e5b9;
    word = (word ^ (word >> 27)) * 0x94d049bb133111eb;
    word ^= word >> 31;
    return static_cast<double>(word >> 11) * 0x1p-53;
  }

  bool happens(double share) { return next() < share; }

 private:
  uint64_t state_;
};

// Gilbert's model: a good state that loses nothing and a bad one that loses everything. A bad state
// lasts `length` packets on average and begins so often that `share` of all packets is lost.
class BurstLoss {
 public:
  BurstLoss(double share, double length)
      : leave_(1 / length), enter_(share <= 0 ? 0 : share * leave_ / (1 - share)) {}

  bool loses(Chance& chance) {
    const double turn = chance.next();
    bad_ = bad_ ? turn >= leave_ : turn < enter_;
    return bad_;
  }

 private:
  double leave_;
  double enter_;
  bool bad_ = false;
};

}  // namespace burstwire::netlab
