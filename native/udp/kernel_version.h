// The running kernel's version, and what is known to be broken in it.
//
// Decides nothing: features.cc turns these answers into defaults. Invariant: a release string that
// cannot be read is 0.0.0, which is on no list.
#pragma once

#include <cstdint>
#include <string_view>

namespace burstwire {

struct KernelVersion {
  int32_t major = 0;
  int32_t minor = 0;
  int32_t patch = 0;
};

// Reads the numbers at the front of `uname -r`: "6.8.0-45-generic", "7.1",
// "5.15.167.4-microsoft-standard-WSL2".
KernelVersion parse_kernel_version(std::string_view release) noexcept;

// 7.0.0 to 7.1.4 corrupt trains whose segments are all equal, depending on the network driver.
bool corrupts_equal_trains(const KernelVersion& version) noexcept;

// 6.6.44 refuses trains whose last segment is shorter (a wrong check of virtio_net_hdr).
bool refuses_short_tails(const KernelVersion& version) noexcept;

}  // namespace burstwire
