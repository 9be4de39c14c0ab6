// secure_ceiling: how fast this machine moves sealed packets when no Node and no transport is
// involved. One process copies an application's bytes into packets, seals and sends them; one
// receives, opens and copies the bytes out. See bench/README.md for the options and the output.
#include <cstdio>

#include "options.h"
#include "roles.h"

int main(int argc, char** argv) {
  const auto options = burstwire::ceiling::parse_options(argc, argv);
  if (!options) return 2;
  if (options->mode != burstwire::ceiling::Mode::kSecure || options->ports.size() > 1 ||
      options->destinations > 1) {
    std::fprintf(stderr, "secure-ceiling: it has the modes seal and open, and one destination\n");
    return 2;
  }
  return options->role == burstwire::ceiling::Role::kSend
             ? burstwire::ceiling::run_sender(*options)
             : burstwire::ceiling::run_receiver(*options);
}
