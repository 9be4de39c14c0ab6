// ceiling: how fast this machine moves UDP datagrams when no Node is involved. One process sends,
// one receives; the benchmark starts both and compares burstwire with them. See bench/README.md for
// the options and the output.
#include <cstdio>

#include "options.h"
#include "roles.h"

int main(int argc, char** argv) {
  const auto options = burstwire::ceiling::parse_options(argc, argv);
  if (!options) return 2;
  if (options->mode == burstwire::ceiling::Mode::kSecure) {
    std::fprintf(stderr, "ceiling: seal and open are modes of secure_ceiling: bench/README.md\n");
    return 2;
  }
  return options->role == burstwire::ceiling::Role::kSend
             ? burstwire::ceiling::run_sender(*options)
             : burstwire::ceiling::run_receiver(*options);
}
