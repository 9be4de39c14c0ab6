// netlab: a link between two network namespaces, with the rate, queue, delay, loss and disorder
// that the command line says. It exists because the kernel's netem is not in every kernel; a TUN
// device is in nearly all. Started by lab.ts, which also gives the devices their addresses. See
// docs/netlab.md for the options and the output.
//
// Prints {"ready":true} when both devices are there, and one line of JSON with its counters when it
// ends: on SIGTERM, SIGINT, or when its standard input is closed. Invariant: it never outlives
// whoever started it.
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>

#include "options.h"
#include "path.h"
#include "tun.h"

namespace burstwire::netlab {
namespace {

// Chance of the two directions must not be the same.
constexpr uint64_t kOtherSeed = 0x5bd1e9955bd1e995;

// A descriptor that is readable when the process shall end; -1 on failure.
int open_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  if (sigprocmask(SIG_BLOCK, &signals, nullptr) != 0) return -1;
  return signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
}

// A link does not wait for its turn on a CPU. Works as root; without it, packets are late on a busy
// machine.
bool become_punctual() {
  prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
  sched_param parameters{};
  parameters.sched_priority = 1;
  return sched_setscheduler(0, SCHED_FIFO, &parameters) == 0;
}

// Until a packet is due in one direction or the other.
timespec until_next(const Path& one, const Path& other, bool& forever) {
  const int64_t first = one.wait_ns();
  const int64_t second = other.wait_ns();
  forever = first < 0 && second < 0;
  const int64_t wait = first < 0 ? second : second < 0 ? first : std::min(first, second);
  return {wait / 1'000'000'000, wait % 1'000'000'000};
}

void run(Path& a_to_b, Path& b_to_a, int a, int b, int signals) {
  pollfd watched[] = {
      {a, POLLIN, 0}, {b, POLLIN, 0}, {signals, POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}};
  for (;;) {
    bool forever = false;
    const timespec wait = until_next(a_to_b, b_to_a, forever);
    const int ready = ppoll(watched, std::size(watched), forever ? nullptr : &wait, nullptr);
    if (ready > 0) {
      // Nothing is ever written to our input: it is readable when it has been closed.
      if (watched[2].revents != 0 || watched[3].revents != 0) return;
      // A device that was taken away would be ready for ever.
      if (((watched[0].revents | watched[1].revents) & ~POLLIN) != 0) return;
      if (watched[0].revents != 0) a_to_b.read_all();
      if (watched[1].revents != 0) b_to_a.read_all();
    }
    a_to_b.write_due();
    b_to_a.write_due();
  }
}

int emulate(const Options& options, int a, int b, int signals) {
  Path a_to_b(a, b, options.a_to_b, options.seed);
  Path b_to_a(b, a, options.b_to_a, options.seed ^ kOtherSeed);
  if (!a_to_b.ok() || !b_to_a.ok()) {
    std::fprintf(stderr, "netlab: no memory\n");
    return 1;
  }
  const bool punctual = become_punctual();
  std::printf("{\"ready\":true}\n");
  std::fflush(stdout);
  const int64_t begin = now_ns();
  run(a_to_b, b_to_a, a, b, signals);
  std::printf("{\"aToB\":");
  a_to_b.report();
  std::printf(",\"bToA\":");
  b_to_a.report();
  std::printf(",\"seconds\":%.3f,\"realTime\":%s}\n", static_cast<double>(now_ns() - begin) / 1e9,
              punctual ? "true" : "false");
  return std::fflush(stdout) == 0 ? 0 : 1;
}

int start(const Options& options) {
  const int signals = open_signals();
  if (signals < 0) {
    std::perror("netlab: signals");
    return 1;
  }
  int status = 1;
  const int a = open_tun(options.namespace_a, options.device);
  const int b = a < 0 ? -1 : open_tun(options.namespace_b, options.device);
  if (b >= 0) status = emulate(options, a, b, signals);
  for (const int descriptor : {signals, a, b}) {
    if (descriptor >= 0) ::close(descriptor);
  }
  return status;
}

}  // namespace
}  // namespace burstwire::netlab

int main(int argc, char** argv) {
  const auto options = burstwire::netlab::parse_options(argc, argv);
  return options ? burstwire::netlab::start(*options) : 2;
}
