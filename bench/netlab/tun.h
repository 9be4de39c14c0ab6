// A TUN device in a network namespace. Sets no address and does not bring it up: the harness does
// that with `ip`. Called by main(). Invariant: the device lives as long as its descriptor, so
// nothing of it is left when the process has gone.
#pragma once

#include <string>

namespace burstwire::netlab {

// Enters the namespace (this thread stays in it), makes the device, returns its descriptor, which
// does not block and which the caller owns. -1: the reason is on stderr.
int open_tun(const std::string& network_namespace, const std::string& device);

}  // namespace burstwire::netlab
