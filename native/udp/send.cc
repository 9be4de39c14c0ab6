// sendmmsg and the table of errnos. sendmmsg(2) hides the errno of the message that stopped it; it
// is asked for again by starting the next call with that message.
#include "send.h"

#include <algorithm>
#include <cerrno>

#include "unique_fd.h"

namespace burstwire {
namespace {

// Signals are rare; a storm of them must not hold the loop.
constexpr int kMostInterrupts = 64;
// A filter on sendmmsg answers EPERM, as netfilter does for one datagram. When sendmsg has got the
// same message through so many times, the filter it is.
constexpr int32_t kRefusalsOfAFilter = 3;

bool refuses_train(int error) noexcept {
  return error == -EIO || error == -EINVAL || error == -EMSGSIZE || error == -EOPNOTSUPP;
}

// Errors that belong to an earlier datagram (ICMP) or to a moment (conntrack): the failing call has
// cleared them.
bool may_pass(int error) noexcept {
  switch (-error) {
    case EPERM:
    case ECONNREFUSED:
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EHOSTDOWN:
    case ENETDOWN:
    case EADDRNOTAVAIL:
    case ECONNRESET:
      return true;
    default:
      return false;
  }
}

// Is the source that a row names no address of this machine? For IPv4, newer kernels answer that
// with ENETUNREACH, which may as well mean the destination; bind(2) tells the two apart. Costs
// three calls, on a failure only.
bool source_is_gone(SystemCalls& calls, const PeerEntry* source) noexcept {
  if (source == nullptr || !source->key.is_ipv4()) return false;
  const UniqueFd fd(calls, calls.open_socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!fd.ok()) return false;
  PeerKey key = source->key;
  key.port = 0;
  sockaddr_in6 name{};
  const socklen_t size = write_sockaddr(key, AF_INET, name);
  return calls.bind_socket(fd.get(), reinterpret_cast<const sockaddr*>(&name), size) ==
         -EADDRNOTAVAIL;
}

}  // namespace

int32_t Sender::send(const SendView& view, int32_t from, int32_t to) noexcept {
  blocked_ = Blocked::kNo;
  // Coarse and read once: only the memory of refusals looks at it.
  const int64_t now_ms = calls_.now_ms();
  int32_t row = from;
  while (row < to && blocked_ == Blocked::kNo) {
    const int32_t messages = builder_.build(view, row, to, now_ms);
    if (messages == 0) {
      fail_row(view, row, EINVAL);
      row++;
      continue;
    }
    row += send_messages(view, messages);
  }
  peers_.end_send();
  return row - from;
}

int32_t Sender::send_segments(const SegmentView& view) noexcept {
  const int64_t now_ms = calls_.now_ms();
  const int32_t total = view.count();
  int32_t sent = 0;
  while (sent < total) {
    const int32_t messages = builder_.build_segments(view, sent, now_ms);
    int32_t message = 0;
    while (message < messages) {
      const int result = transmit(message, messages);
      if (result < 0) return sent;
      for (int32_t end = message + result; message < end; message++) {
        const int32_t count = builder_.train(message).count;
        const int32_t taken = count_sent(message);
        sent += taken;
        // A message taken in part is the last of its call: sendmmsg stops behind it.
        if (taken < count) return sent;
      }
    }
    if (messages == 0) break;
  }
  peers_.end_send();
  return sent;
}

// Sends what the builder holds; returns rows settled. Stops early when blocked, or when a failure
// has overwritten the builder: the caller builds again from the next row.
int32_t Sender::send_messages(const SendView& view, int32_t messages) noexcept {
  int32_t settled = 0;
  int32_t message = 0;
  while (message < messages) {
    const int result = transmit(message, messages);
    if (result < 0) {
      return settled + settle_failure(view, message, result);
    }
    bool resent = false;
    for (int32_t sent = 0; sent < result; sent++) {
      const Train train = builder_.train(message + sent);
      int32_t rows = settle_sent(view, message + sent);
      if (rows < train.count) {
        resent = true;
        rows += resend_singly(view, train, train.first + rows, -EIO);
        // Messages behind a part have left already (Linux stops at it, so there should be none):
        // rows that would have to wait here would let those behind them be sent twice.
        while (sent + 1 < result && rows < train.count) fail_row(view, train.first + rows++, EIO);
      }
      settled += rows;
    }
    if (resent) return settled;
    message += result;
  }
  return settled;
}

// Hands messages `first` to `messages` to the kernel: how many it took, at least 1, or -errno of
// the first.
int Sender::transmit(int32_t first, int32_t messages) noexcept {
  if (!features_.sendmmsg || messages - first == 1) return transmit_one(first);
  for (int interrupts = 0; interrupts < kMostInterrupts; interrupts++) {
    counters_[kCountSendCalls] += 1;
    const int result = calls_.send_messages(fd_, builder_.messages() + first,
                                            static_cast<unsigned>(messages - first), MSG_DONTWAIT);
    if (result > 0) {
      cured_refusals_ = 0;  // no filter lets one through
      return result;
    }
    if (result == -EINTR) continue;
    if (result == -ENOSYS) {
      features_.sendmmsg = false;
      return transmit_one(first);
    }
    if (result == -EPERM) {
      const int single = transmit_one(first);
      if (single > 0 && ++cured_refusals_ >= kRefusalsOfAFilter) features_.sendmmsg = false;
      return single;
    }
    // 0 should never come back: ask by the other call, which cannot say it.
    return result == 0 ? transmit_one(first) : result;
  }
  return -EAGAIN;
}

int Sender::transmit_one(int32_t message) noexcept {
  mmsghdr& header = builder_.messages()[message];
  for (int interrupts = 0; interrupts < kMostInterrupts; interrupts++) {
    counters_[kCountSendCalls] += 1;
    const int64_t result = calls_.send_message(fd_, &header.msg_hdr, MSG_DONTWAIT);
    if (result >= 0) {
      header.msg_len = static_cast<unsigned>(result);
      return 1;
    }
    if (result != -EINTR) return static_cast<int>(result);
  }
  return -EAGAIN;
}

// The first message of a call failed. Returns rows settled; sets `blocked_` when the rest must
// wait.
int32_t Sender::settle_failure(const SendView& view, int32_t message, int error) noexcept {
  const Train train = builder_.train(message);
  if (stops(error)) return 0;
  if (may_pass(error)) {
    const int again = transmit_one(message);
    if (again > 0) {
      const int32_t rows = settle_sent(view, message);
      return rows < train.count ? rows + resend_singly(view, train, train.first + rows, -EIO)
                                : rows;
    }
    if (stops(again)) return 0;
    error = again;
  }
  if (train.count > 1 && refuses_train(error)) {
    counters_[kCountGsoFallbacks] += 1;
    return resend_singly(view, train, train.first, error);
  }
  if (train.count == 1 || error == -ENETUNREACH) {
    error = explain_invalid(view, train.first, error);
  }
  if (stops(error)) return 0;
  for (int32_t row = train.first; row < train.first + train.count; row++) {
    if (error >= 0) {
      settle_row_sent(view, row, builder_.train(0).bytes);
    } else {
      fail_row(view, row, -error);
    }
  }
  return train.count;
}

// The kernel refused a train, or took only its front: its rows from `from` on, one by one, now and
// in order.
int32_t Sender::resend_singly(const SendView& view, const Train& train, int32_t from,
                              int error) noexcept {
  const bool had_ecn = features_.ecn;
  bool one_passed = false;
  int32_t row = from;
  for (; row < train.first + train.count; row++) {
    const int result = send_single(view, row);
    if (stops(result)) break;
    if (result < 0) {
      fail_row(view, row, -result);
      continue;
    }
    one_passed = true;
    settle_row_sent(view, row, result);
  }
  // EIO says that the device cannot cut trains. EINVAL says so only if the same bytes pass without
  // the cut: a source address that is gone, or a mark, gives EINVAL too, and must not cost the
  // trains. EMSGSIZE is about the size of a row.
  const bool mark_was_it = had_ecn && !features_.ecn;
  const bool denied = error == -EIO || (one_passed && !mark_was_it && error != -EMSGSIZE);
  if (denied) deny_trains(train.remote);
  return row - from;
}

// Sends one row as one datagram: bytes, -errno, or -kStatusSourceGone.
int Sender::send_single(const SendView& view, int32_t row) noexcept {
  if (!builder_.build_single(view, row, true)) return -EINVAL;
  const int32_t bytes = builder_.train(0).bytes;
  int result = transmit_one(0);
  if (result < 0 && may_pass(result)) result = transmit_one(0);
  if (result > 0) return bytes;
  return explain_invalid(view, row, result);
}

// EINVAL and EIO of a single datagram: the mark (kernels before 3.13, some Android radios), or a
// source address that this machine no longer has (for IPv4 also ENETUNREACH). Returns the bytes
// when it went out without its mark, else the error to report.
int Sender::explain_invalid(const SendView& view, int32_t row, int error) noexcept {
  PeerEntry* source = peers_.find(view.row(row)[kLocal]);
  if (error == -ENETUNREACH && source_is_gone(calls_, source)) return -kStatusSourceGone;
  if (error != -EINVAL && error != -EIO) return error;
  if (features_.ecn && (view.row(row)[kFlags] & kFlagEcnMask) != 0) {
    if (!builder_.build_single(view, row, false)) return -EINVAL;
    const int unmarked = transmit_one(0);
    if (unmarked > 0) {
      features_.ecn = false;
      return builder_.train(0).bytes;
    }
    error = unmarked;
  }
  return error == -EINVAL && view.row(row)[kLocal] != 0 ? -kStatusSourceGone : error;
}

// Settles the rows that the kernel took of one message; fewer than all when it took only a part of
// the bytes.
int32_t Sender::settle_sent(const SendView& view, int32_t message) noexcept {
  const int32_t first = builder_.train(message).first;
  const int32_t rows = count_sent(message);
  for (int32_t row = first; row < first + rows; row++) view.row(row)[kStatus] = 0;
  return rows;
}

// Counts what the kernel took of one message: its datagrams, fewer than all when it took only a
// part.
int32_t Sender::count_sent(int32_t message) noexcept {
  const Train& train = builder_.train(message);
  const int32_t taken = static_cast<int32_t>(builder_.messages()[message].msg_len);
  int32_t datagrams = train.count;
  if (train.count > 1) {
    counters_[kCountTrainsSent] += 1;
    // Seen on a vendor's kernel: UDP_SEGMENT accepted, only the first segment sent.
    if (taken < train.bytes) datagrams = std::max(1, taken / train.segment);
  }
  counters_[kCountDatagramsSent] += datagrams;
  counters_[kCountBytesSent] +=
      train.count > 1 ? std::min(train.bytes, std::max(taken, 0)) : train.bytes;
  return datagrams;
}

void Sender::settle_row_sent(const SendView& view, int32_t row, int32_t bytes) noexcept {
  view.row(row)[kStatus] = 0;
  counters_[kCountDatagramsSent] += 1;
  counters_[kCountBytesSent] += bytes;
}

void Sender::fail_row(const SendView& view, int32_t row, int status) noexcept {
  view.row(row)[kStatus] = status;
  counters_[kCountSendFailures] += 1;
  const int errno_seen = status == kStatusSourceGone ? EINVAL : status;
  counters_[kCountErrnoBase + std::clamp(errno_seen, 0, 255)] += 1;
}

// True for the errors that are no datagram's: the rest of the batch stays with the caller.
bool Sender::stops(int error) noexcept {
  if (error == -EAGAIN || error == -EWOULDBLOCK) {
    blocked_ = Blocked::kUntilWritable;
    counters_[kCountSendBlocked] += 1;
    return true;
  }
  if (error == -ENOBUFS || error == -ENOMEM) {
    blocked_ = Blocked::kForAWhile;
    counters_[kCountSendNoBuffers] += 1;
    counters_[kCountErrnoBase - error] += 1;
    return true;
  }
  return false;
}

void Sender::deny_trains(int32_t remote) noexcept {
  PeerEntry* peer = peers_.find(remote);
  if (peer != nullptr) peer->gso_denied_until_ms = calls_.now_ms() + kGsoDenialMs;
}

}  // namespace burstwire
