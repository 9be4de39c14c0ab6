// Command line of the two ceiling programs: what to send or receive, and for how long. Parses and
// checks; opens nothing. Called once by main(), which says no to the modes of the other program.
// Invariant: a parsed Options is complete and within the kernel's limits.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace burstwire::ceiling {

enum class Role { kSend, kReceive };

// kSingle: one datagram a call. kBatch: sendmmsg/recvmmsg. kTrain: UDP_SEGMENT/UDP_GRO, batched as
// well. kSecure: trains of sealed packets, no more of them outstanding than may be; only the
// program in secure/ has it.
enum class Mode { kSingle, kBatch, kTrain, kSecure };

struct Options {
  Role role = Role::kSend;
  Mode mode = Mode::kSingle;
  bool connected = false;
  // kSecure: of a whole packet, header and tag included; 1452 unless given.
  int32_t size_bytes = 1400;
  // Where to send: ports of 127.0.0.1.
  std::vector<uint16_t> ports;
  // How many sockets receive.
  int32_t destinations = 1;
  // Messages (single datagrams or trains) in one sendmmsg or recvmmsg call; kSecure: 4 unless
  // given.
  int32_t messages = 64;
  // kSecure: packets sent and not yet opened, at most; 0: 2 MiB worth.
  int32_t outstanding = 0;
  // kSecure: how long each side looks again and again before it sleeps. The two take turns at being
  // the slower one; asleep, they would pay for every turn with a wake-up, and end up on one CPU.
  double spin_seconds = 0.0001;
  // kSecure: a name for open_kernel (native/crypto/kernels.h).
  std::string kernel = "auto";
  // Datagrams a second, evenly paced in groups of `burst`; 0: as fast as it goes.
  int64_t rate = 0;
  int32_t burst = 1;
  double warmup_seconds = 0.25;
  double seconds = 1;
  // The sender goes on this long after its window, so that the receiver's window, which opens
  // later, is full too.
  double tail_seconds = 0.1;
  int32_t buffer_bytes = 4 << 20;
};

// Nothing when an argument is unknown, malformed or out of range; the reason is then on stderr.
std::optional<Options> parse_options(int argc, char** argv);

}  // namespace burstwire::ceiling
