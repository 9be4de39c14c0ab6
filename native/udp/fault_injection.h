// A system-call table that answers in the kernel's place: errno paths are tested without the
// kernel's help.
//
// Not part of a release: the addon includes it only when built with BURSTWIRE_FAULTS, C++ tests
// always. Invariant: a call for which no fault is due goes to the table behind it, unchanged.
#pragma once

#include <algorithm>
#include <vector>

#include "system_calls.h"

namespace burstwire {

enum class Operation : int32_t {
  kSendmmsg = 0,
  kSendmsg = 1,
  kRecvmmsg = 2,
  kRecvmsg = 3,
  kSetOption = 4,
};

// After `skip` calls of `operation` pass, the next `times` return `result`: -errno, or for
// kSendmmsg a count above 0, which lets only that many messages through, or 0, which the kernel
// should never answer.
struct Fault {
  Operation operation;
  int32_t skip;
  int32_t result;
  int32_t times;
  int32_t option_name = -1;  // kSetOption: only this option; -1 = each
};

class FaultySystemCalls final : public SystemCalls {
 public:
  explicit FaultySystemCalls(SystemCalls& behind) noexcept : behind_(behind) {}

  void inject(const Fault& fault) { faults_.push_back(fault); }
  void clear() { faults_.clear(); }
  // Replaces the clock; below 0 = the real one.
  void set_now_ms(int64_t now_ms) { now_ms_ = now_ms; }

  int send_messages(int fd, mmsghdr* messages, unsigned count, int flags) noexcept override {
    Fault* fault = due(Operation::kSendmmsg, -1);
    if (fault == nullptr) return behind_.send_messages(fd, messages, count, flags);
    if (fault->result <= 0) return fault->result;
    const unsigned most = std::min(count, static_cast<unsigned>(fault->result));
    return behind_.send_messages(fd, messages, most, flags);
  }
  int64_t send_message(int fd, const msghdr* message, int flags) noexcept override {
    Fault* fault = due(Operation::kSendmsg, -1);
    return fault != nullptr ? fault->result : behind_.send_message(fd, message, flags);
  }
  int receive_messages(int fd, mmsghdr* messages, unsigned count, int flags) noexcept override {
    Fault* fault = due(Operation::kRecvmmsg, -1);
    return fault != nullptr ? fault->result : behind_.receive_messages(fd, messages, count, flags);
  }
  int64_t receive_message(int fd, msghdr* message, int flags) noexcept override {
    Fault* fault = due(Operation::kRecvmsg, -1);
    return fault != nullptr ? fault->result : behind_.receive_message(fd, message, flags);
  }
  int set_option(int fd, int level, int name, const void* value, socklen_t size) noexcept override {
    Fault* fault = due(Operation::kSetOption, name);
    return fault != nullptr ? fault->result : behind_.set_option(fd, level, name, value, size);
  }
  int open_socket(int family, int type, int protocol) noexcept override {
    return behind_.open_socket(family, type, protocol);
  }
  int bind_socket(int fd, const sockaddr* address, socklen_t size) noexcept override {
    return behind_.bind_socket(fd, address, size);
  }
  int socket_name(int fd, sockaddr* address, socklen_t* size) noexcept override {
    return behind_.socket_name(fd, address, size);
  }
  int connect_socket(int fd, const sockaddr* address, socklen_t size) noexcept override {
    return behind_.connect_socket(fd, address, size);
  }
  int peer_name(int fd, sockaddr* address, socklen_t* size) noexcept override {
    return behind_.peer_name(fd, address, size);
  }
  int get_option(int fd, int level, int name, void* value, socklen_t* size) noexcept override {
    return behind_.get_option(fd, level, name, value, size);
  }
  int duplicate_descriptor(int fd) noexcept override { return behind_.duplicate_descriptor(fd); }
  int close_descriptor(int fd) noexcept override { return behind_.close_descriptor(fd); }
  int64_t now_ms() noexcept override { return now_ms_ < 0 ? behind_.now_ms() : now_ms_; }

 private:
  Fault* due(Operation operation, int option_name) noexcept {
    for (Fault& fault : faults_) {
      if (fault.operation != operation || fault.times <= 0) continue;
      if (fault.option_name >= 0 && fault.option_name != option_name) continue;
      if (fault.skip > 0) {
        fault.skip--;
        return nullptr;
      }
      fault.times--;
      return &fault;
    }
    return nullptr;
  }

  SystemCalls& behind_;
  std::vector<Fault> faults_;
  int64_t now_ms_ = -1;
};

}  // namespace burstwire
