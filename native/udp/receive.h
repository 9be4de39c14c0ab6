// Receiving: recvmmsg(2) into the slab, trains (UDP_GRO) taken apart by arithmetic, one row a
// datagram.
//
// Does not decide when to receive and calls nobody. Called by the addon, once per batch. Allocates
// nothing after construction. Borrows slab and rows until return. Invariant: every row lies inside
// the slab; no error of the network ends the socket.
#pragma once

#include <memory>

#include "../batch/layout.h"
#include "control_messages.h"
#include "features.h"
#include "peer_table.h"
#include "system_calls.h"

namespace burstwire {

// The slab and the rows that one call fills.
struct ReceiveView {
  uint8_t* slab = nullptr;
  size_t slab_bytes = 0;
  int32_t* rows = nullptr;
  int32_t row_count = 0;
};

// One message as the kernel gave it, before it is taken apart. Lengths in bytes.
struct ReceivedMessage {
  int32_t offset = 0;   // in the slab
  int32_t length = 0;   // bytes there
  int32_t lost = 0;     // bytes that did not fit: cut by the kernel
  int32_t segment = 0;  // 0 = a single datagram
  int32_t flags = 0;    // kFlagEcnMask bits for each of its datagrams
  int32_t remote = 0;
  int32_t local = 0;
};

// Takes one message apart into rows; returns how many. Only the datagram that was cut is marked
// kFlagTruncated; those behind it are gone with the kernel's copy. Writes at most `room` rows.
// Plain arithmetic: a fuzz target.
int32_t split_message(const ReceivedMessage& message, int32_t* rows, int32_t room) noexcept;

class Receiver {
 public:
  Receiver(SystemCalls& calls, int fd, Features& features, PeerTable& peers, int32_t local_peer,
           uint16_t local_port, double* counters);
  ~Receiver();
  Receiver(const Receiver&) = delete;
  Receiver& operator=(const Receiver&) = delete;

  // Fills rows from 0 on; returns how many, 0 when the socket is empty for now, or -errno for a
  // descriptor that is none any more (EBADF, ENOTSOCK). At most one successful system call.
  int32_t receive(const ReceiveView& view) noexcept;
  // The socket became readable: `receive` may ask the kernel again.
  void wake() noexcept { drained_ = false; }
  // No more messages than this in one call, from 1 on. One: a descriptor that others read too, who
  // would lose what this one takes and then does not want.
  void limit_messages(int32_t most) noexcept { most_messages_ = most; }
  // The errno (below 0) of an earlier datagram that the last `receive` passed over; 0 = none.
  int pending_error() const noexcept { return pending_error_; }
  // Counts drops up to `cumulative`, the kernel's own number.
  void note_drops(uint32_t cumulative) noexcept;

 private:
  struct Buffers;

  void prepare(const ReceiveView& view, int32_t messages) noexcept;
  int call_kernel(int32_t messages) noexcept;
  int call_singly(int32_t messages) noexcept;
  int32_t rows_of(const ReceiveView& view, int32_t messages) noexcept;
  bool describe(int32_t index, ReceivedMessage& message) noexcept;
  int32_t intern_local(const ReceivedControl& control) noexcept;

  SystemCalls& calls_;
  int fd_;
  Features& features_;
  PeerTable& peers_;
  int32_t local_peer_;
  uint16_t local_port_;
  double* counters_;
  std::unique_ptr<Buffers> buffers_;
  int32_t batch_messages_ = kReceiveMessages;
  int32_t most_messages_ = kReceiveMessages;
  bool drained_ = false;
  int pending_error_ = 0;
  uint32_t last_drops_ = 0;
};

}  // namespace burstwire
