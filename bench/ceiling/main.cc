// ceiling: how fast this machine moves UDP datagrams when no Node is involved. One process sends,
// one receives; the benchmark starts both and compares burstwire with them. See bench/README.md for
// the options and the output.
#include "options.h"
#include "roles.h"

int main(int argc, char** argv) {
  const auto options = burstwire::ceiling::parse_options(argc, argv);
  if (!options) return 2;
  return options->role == burstwire::ceiling::Role::kSend
             ? burstwire::ceiling::run_sender(*options)
             : burstwire::ceiling::run_receiver(*options);
}
