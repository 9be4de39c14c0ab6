// The two halves of the ceiling program. Each runs until its time is up, prints one line of JSON
// and returns the exit code of the process.
#pragma once

#include "options.h"

namespace burstwire::ceiling {

int run_sender(const Options& options);
int run_receiver(const Options& options);

}  // namespace burstwire::ceiling
