// Kernel versions as vendors write them, and the two lists of broken kernels.
#include "../udp/kernel_version.h"

#include "check.h"

namespace burstwire::test {
namespace {

void check_version(const char* release, int32_t major, int32_t minor, int32_t patch) {
  const KernelVersion version = parse_kernel_version(release);
  CHECK_EQ(version.major, major);
  CHECK_EQ(version.minor, minor);
  CHECK_EQ(version.patch, patch);
}

TEST(releases_of_vendors) {
  check_version("6.8.0-45-generic", 6, 8, 0);
  check_version("7.1", 7, 1, 0);
  check_version("7.1-rc5", 7, 1, 0);
  check_version("5.15.167.4-microsoft-standard-WSL2", 5, 15, 167);
  check_version("7.0.14-pve", 7, 0, 14);
  check_version("6.1.0-18-amd64", 6, 1, 0);
  check_version("4.18.0-553.el8_10.x86_64", 4, 18, 0);
  check_version("5.10.223-211.872.amzn2.x86_64", 5, 10, 223);
  check_version("6.6.44", 6, 6, 44);
  check_version("6.6.44+", 6, 6, 44);
  check_version("6.6.44_1", 6, 6, 44);
  check_version("4.14.336-android-mainline", 4, 14, 336);
  check_version("6.12.", 6, 12, 0);
  check_version("6.12.x", 6, 12, 0);
}

TEST(what_cannot_be_read_is_zero) {
  for (const char* release : {"", "6", "6.", ".6", "x", "six.two", "-6.1", " 6.1", "6.x", "6..1",
                              "99999.1.1", "6.99999", "99999999999999999999.1"}) {
    check_version(release, 0, 0, 0);
  }
  // A date where the patch number should be: no version, but the rest is.
  check_version("6.1.20240101", 6, 1, 0);
}

TEST(kernels_that_corrupt_equal_trains) {
  for (const char* release : {"7.0", "7.0.0", "7.0.0-generic", "7.0.14-pve", "7.0.99", "7.1",
                              "7.1.0-rc1", "7.1.3", "7.1.4", "7.1.4-arch1-1"}) {
    CHECK(corrupts_equal_trains(parse_kernel_version(release)));
  }
  for (const char* release : {"6.99.99", "6.18.44", "7.1.5", "7.1.5-generic", "7.2", "7.2.0", "8.0",
                              "17.0.0", "5.7.0", "", "7", "nonsense"}) {
    CHECK(!corrupts_equal_trains(parse_kernel_version(release)));
  }
}

TEST(the_kernel_that_refuses_short_tails) {
  CHECK(refuses_short_tails(parse_kernel_version("6.6.44")));
  CHECK(refuses_short_tails(parse_kernel_version("6.6.44-0-virt")));
  for (const char* release :
       {"6.6.43", "6.6.45", "6.6", "6.6.4", "6.7.44", "5.6.44", "", "6.6.440"}) {
    CHECK(!refuses_short_tails(parse_kernel_version(release)));
  }
}

}  // namespace
}  // namespace burstwire::test
