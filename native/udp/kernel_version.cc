// Parsing of `uname -r` and the two lists of broken kernels. No system call is made here.
#include "kernel_version.h"

namespace burstwire {
namespace {

constexpr int64_t kMostNumber =
    65535;  // larger "numbers" are dates or hashes of vendors: not versions

// Reads digits at the front of `text` and drops them; -1 when there are none or the number is no
// version.
int32_t take_number(std::string_view& text) noexcept {
  int64_t value = 0;
  size_t digits = 0;
  while (digits < text.size() && text[digits] >= '0' && text[digits] <= '9') {
    value = value * 10 + (text[digits] - '0');
    if (value > kMostNumber) return -1;
    digits++;
  }
  if (digits == 0) return -1;
  text.remove_prefix(digits);
  return static_cast<int32_t>(value);
}

bool take_dot(std::string_view& text) noexcept {
  if (text.empty() || text.front() != '.') return false;
  text.remove_prefix(1);
  return true;
}

// One comparable number: each part is below 65,536.
int64_t ordinal(const KernelVersion& version) noexcept {
  return (static_cast<int64_t>(version.major) << 32) | (static_cast<int64_t>(version.minor) << 16) |
         version.patch;
}

}  // namespace

KernelVersion parse_kernel_version(std::string_view release) noexcept {
  const int32_t major = take_number(release);
  if (major < 0 || !take_dot(release)) return {};
  const int32_t minor = take_number(release);
  if (minor < 0) return {};
  KernelVersion version{major, minor, 0};
  if (take_dot(release)) {
    const int32_t patch = take_number(release);
    if (patch > 0) version.patch = patch;
  }
  return version;
}

bool corrupts_equal_trains(const KernelVersion& version) noexcept {
  return ordinal(version) >= ordinal({7, 0, 0}) && ordinal(version) <= ordinal({7, 1, 4});
}

bool refuses_short_tails(const KernelVersion& version) noexcept {
  return ordinal(version) == ordinal({6, 6, 44});
}

}  // namespace burstwire
