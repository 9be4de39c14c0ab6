// One descriptor, closed once. Owns it; a value below 0 is the -errno of the open that failed.
#pragma once

#include "system_calls.h"

namespace burstwire {

class UniqueFd {
 public:
  UniqueFd(SystemCalls& calls, int fd) noexcept : calls_(&calls), fd_(fd) {}
  ~UniqueFd() { reset(); }
  UniqueFd(const UniqueFd&) = delete;
  UniqueFd& operator=(const UniqueFd&) = delete;
  UniqueFd(UniqueFd&& other) noexcept : calls_(other.calls_), fd_(other.release()) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    if (this != &other) {
      reset();
      calls_ = other.calls_;
      fd_ = other.release();
    }
    return *this;
  }

  bool ok() const noexcept { return fd_ >= 0; }
  int get() const noexcept { return fd_; }
  // Transfers the descriptor to the caller.
  int release() noexcept {
    const int fd = fd_;
    fd_ = -1;
    return fd;
  }
  void reset() noexcept {
    if (fd_ >= 0) calls_->close_descriptor(fd_);
    fd_ = -1;
  }

 private:
  SystemCalls* calls_;
  int fd_;
};

}  // namespace burstwire
