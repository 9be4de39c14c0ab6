// Opens TUN devices; see tun.h. Packets without a header of the device's own (IFF_NO_PI), and
// without offloads: the kernel cuts trains and large TCP segments and fills in checksums before it
// hands packets over, so one read is one packet of the wire.
#include "tun.h"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace burstwire::netlab {
namespace {

bool enter(const std::string& network_namespace) {
  const std::string path = "/run/netns/" + network_namespace;
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return false;
  const bool entered = ::setns(descriptor, CLONE_NEWNET) == 0;
  const int reason = errno;
  ::close(descriptor);
  errno = reason;
  return entered;
}

int attach(const std::string& device) {
  const int descriptor = ::open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (descriptor < 0) return -1;
  ifreq request{};
  request.ifr_flags = IFF_TUN | IFF_NO_PI;
  device.copy(request.ifr_name, IFNAMSIZ - 1);
  if (::ioctl(descriptor, TUNSETIFF, &request) == 0) return descriptor;
  const int reason = errno;
  ::close(descriptor);
  errno = reason;
  return -1;
}

}  // namespace

int open_tun(const std::string& network_namespace, const std::string& device) {
  if (!enter(network_namespace)) {
    std::fprintf(stderr, "netlab: namespace %s: %s\n", network_namespace.c_str(),
                 std::strerror(errno));
    return -1;
  }
  const int descriptor = attach(device);
  if (descriptor < 0) {
    std::fprintf(stderr, "netlab: TUN device %s: %s\n", device.c_str(), std::strerror(errno));
  }
  return descriptor;
}

}  // namespace burstwire::netlab
