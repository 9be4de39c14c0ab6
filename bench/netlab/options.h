// The command line of the link emulator: what each direction does to packets, and where its two
// ends are. Parsing only; called by main(). Invariant: options that were parsed are in range, so
// nobody checks them again.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace burstwire::netlab {

// One direction. A share is between 0 and 1; a size is that of the IP packet.
struct LinkSettings {
  // Bits a second; 0: as fast as they come.
  int64_t rate_bits = 0;
  // What may wait for the rate, the packet on the wire included. Without a rate nothing waits.
  int64_t queue_bytes = 1'000'000;
  int64_t delay_us = 0;
  // Up to this much more, evenly distributed; never changes the order.
  int64_t jitter_us = 0;
  // Of packets, each by itself.
  double loss = 0;
  // Of packets, in runs of burst_length on average (Gilbert's model: while a run lasts, all are
  // lost).
  double burst_loss = 0;
  double burst_length = 4;
  // Of packets that are held back by reorder_us, so that later ones overtake them.
  double reorder = 0;
  int64_t reorder_us = 5'000;
  // Packets that find more than this in the queue are marked CE, if they are ECT; 0: none.
  int64_t mark_bytes = 0;
};

struct Options {
  // Network namespaces by their name in /run/netns, and the TUN device that is made in each.
  std::string namespace_a;
  std::string namespace_b;
  std::string device = "lab0";
  uint64_t seed = 1;
  LinkSettings a_to_b;
  LinkSettings b_to_a;
};

// Nothing when an argument is unknown, malformed or out of range; the reason is then on stderr.
std::optional<Options> parse_options(int argc, char** argv);

}  // namespace burstwire::netlab
