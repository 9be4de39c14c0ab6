// What both halves of the secure ceiling share: the addon's packet protection with one key that
// both processes know, the stream of bytes that they move, and the credit that comes back.
//
// No handshake: the key is written here, and protects nothing. Invariant: byte i of the stream is
// pattern_byte(i), so that the receiver can tell whether everything arrived where it belongs.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "crypto/packet_protection.h"

namespace burstwire::ceiling {

inline constexpr int32_t kOverheadBytes = kPacketHeaderBytes + kPacketTagBytes;
// What an application holds in its hand at a time; the stream goes round and round in it.
inline constexpr size_t kApplicationBytes = 65'536;

// One direction of one key, with room for the rows of `packets` packets.
class Keyed {
 public:
  // Null when nothing here can seal: the reason is then on stderr.
  static std::unique_ptr<Keyed> open(const std::string& kernel, Direction direction);

  const char* kernel_name() const { return protection_->kernel_name(); }
  int32_t key() const { return key_; }
  double count(int32_t place) const { return counts_[place]; }

  int32_t seal(RowView view, int32_t rows) {
    view.counts = counts_;
    return protection_->seal(view, 0, rows);
  }
  int32_t unseal(RowView view, int32_t rows) {
    view.counts = counts_;
    return protection_->open(view, 0, rows);
  }

 private:
  double counts_[kKeyCounts] = {};
  std::unique_ptr<PacketProtection> protection_;
  int32_t key_ = -1;
};

// What the receiver sends back after each call: packets opened so far. Later ones replace earlier
// ones, so one that is lost costs nothing.
struct Credit {
  int64_t opened = 0;
};

inline uint8_t pattern_byte(size_t at) {
  return static_cast<uint8_t>((at * 31 + (at >> 8)) & 0xff);
}

}  // namespace burstwire::ceiling
