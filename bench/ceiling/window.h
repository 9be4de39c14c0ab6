// The measured window: what a process did between the end of its warm-up and the end of its time.
// Reads clocks and getrusage; knows no sockets. Used by sender and receiver. Invariant: all figures
// of one report come from the same two moments.
#pragma once

#include <sys/resource.h>

#include <cstdint>
#include <cstdio>
#include <ctime>

namespace burstwire::ceiling {

inline int64_t now_ns() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

// User and system time of the whole process, in microseconds.
inline int64_t cpu_us() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return (static_cast<int64_t>(usage.ru_utime.tv_sec) + usage.ru_stime.tv_sec) * 1'000'000 +
         usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
}

struct Counts {
  int64_t datagrams = 0;
  int64_t bytes = 0;
  int64_t calls = 0;
};

class Window {
 public:
  Window(double warmup_seconds, double seconds)
      : warmup_ns_(static_cast<int64_t>(warmup_seconds * 1e9)),
        length_ns_(static_cast<int64_t>(seconds * 1e9)) {}

  // The first datagram: the warm-up begins.
  void start(int64_t now) { open_at_ = now + warmup_ns_; }
  bool started() const { return open_at_ != 0; }
  bool closed() const { return closed_; }

  // Called after each system call or few; cheap but at the two moments that matter.
  void tick(int64_t now, const Counts& counts) {
    if (now < open_at_ || closed_) return;
    if (!opened_) {
      opened_ = true;
      first_ = {counts, now, cpu_us()};
      return;
    }
    if (now < open_at_ + length_ns_) return;
    closed_ = true;
    last_ = {counts, now, cpu_us()};
  }

  // One line of JSON on stdout. `drops`: of this socket, as the kernel counts; -1 when unknown. A
  // window that never closed (nothing came, or the run was cut short) reports zeros and 0 seconds.
  // `what`: of which bytes the window's count is.
  void report(const Counts& total, int64_t drops, const char* what = "bytes") {
    if (!closed_) last_ = first_;
    std::printf(
        "{\"datagrams\":%lld,\"%s\":%lld,\"calls\":%lld,\"seconds\":%.9f,\"cpuUs\":%lld,"
        "\"totalDatagrams\":%lld,\"totalBytes\":%lld,\"totalCalls\":%lld,\"kernelDrops\":%lld}\n",
        as_ll(last_.counts.datagrams - first_.counts.datagrams), what,
        as_ll(last_.counts.bytes - first_.counts.bytes),
        as_ll(last_.counts.calls - first_.counts.calls),
        static_cast<double>(last_.time_ns - first_.time_ns) / 1e9,
        as_ll(last_.cpu_us - first_.cpu_us), as_ll(total.datagrams), as_ll(total.bytes),
        as_ll(total.calls), as_ll(drops));
    std::fflush(stdout);
  }

 private:
  struct Moment {
    Counts counts;
    int64_t time_ns = 0;
    int64_t cpu_us = 0;
  };

  static long long as_ll(int64_t value) { return value; }

  int64_t warmup_ns_;
  int64_t length_ns_;
  int64_t open_at_ = 0;
  bool opened_ = false;
  bool closed_ = false;
  Moment first_;
  Moment last_;
};

}  // namespace burstwire::ceiling
