// recvmmsg and the splitter. See receive.h.
#include "receive.h"

#include <algorithm>
#include <cerrno>

namespace burstwire {
namespace {

// A socket may hold pending errors, one per call: passes over so many in one call, then lets the
// loop breathe.
constexpr int kMostErrorsPerCall = 16;

// With trains, 8 messages are half a megabyte, which stays in a second-level cache until it is
// read. `burstwire bench` receives alike with 4 to 64, within its noise; the smaller one keeps the
// first datagram from waiting for the last.
constexpr int32_t kTrainMessages = 8;
constexpr int32_t kTrainBytes = 8192;  // messages larger than this on average are trains

bool is_fatal(int error) noexcept { return error == -EBADF || error == -ENOTSOCK; }

void write_row(int32_t* row, int32_t offset, int32_t length, int32_t flags,
               const ReceivedMessage& message) noexcept {
  row[kOffset] = offset;
  row[kLength] = length;
  row[kFlags] = flags;
  row[kStatus] = 0;
  row[kRemote] = message.remote;
  row[kLocal] = message.local;
}

}  // namespace

// One array for each thing recvmmsg wants, so that a reset walks them in order.
struct Receiver::Buffers {
  mmsghdr headers[kReceiveMessages];
  iovec vectors[kReceiveMessages];
  sockaddr_in6 names[kReceiveMessages];
  alignas(cmsghdr) uint8_t controls[kReceiveMessages][kReceivedControlBytes];
};

int32_t split_message(const ReceivedMessage& message, int32_t* rows, int32_t room) noexcept {
  const bool train = message.segment > 0 && message.segment < message.length + message.lost;
  const int32_t segment = train ? message.segment : std::max(message.length, 1);
  const int32_t flags = train ? message.flags | kFlagSegment : message.flags;
  int32_t count = 0;
  int32_t at = 0;
  do {
    if (count >= room) return count;
    const int32_t length = std::min(segment, message.length - at);
    write_row(rows + static_cast<ptrdiff_t>(count) * kRowInts, message.offset + at, length, flags,
              message);
    count++;
    at += length;
  } while (at < message.length);
  const int32_t last = message.length - (count - 1) * segment;
  // Cut in the middle of a datagram, or the only one was cut. At the border between two, the last
  // one is whole.
  if (message.lost > 0 && (!train || last < segment)) {
    rows[static_cast<ptrdiff_t>(count - 1) * kRowInts + kFlags] |= kFlagTruncated;
  }
  return count;
}

Receiver::Receiver(SystemCalls& calls, int fd, Features& features, PeerTable& peers,
                   int32_t local_peer, uint16_t local_port, double* counters)
    : calls_(calls),
      fd_(fd),
      features_(features),
      peers_(peers),
      local_peer_(local_peer),
      local_port_(local_port),
      counters_(counters),
      buffers_(std::make_unique<Buffers>()) {}

Receiver::~Receiver() = default;

int32_t Receiver::receive(const ReceiveView& view) noexcept {
  pending_error_ = 0;
  if (drained_) return 0;
  peers_.begin_receive();
  const int32_t fitting = static_cast<int32_t>(view.slab_bytes / kReceiveStride);
  const int32_t messages = std::min({batch_messages_, fitting, most_messages_});
  if (messages <= 0) return 0;
  prepare(view, messages);
  for (int errors = 0; errors < kMostErrorsPerCall; errors++) {
    const int result = call_kernel(messages);
    if (result > 0) {
      drained_ = result < messages;
      return rows_of(view, result);
    }
    if (result == -EAGAIN || result == -EWOULDBLOCK || result == 0) {
      drained_ = true;
      return 0;
    }
    if (result == -EINTR) continue;
    if (is_fatal(result)) return result;
    // A pending error of an earlier datagram (ICMP), or no memory: not ours to die of. The call has
    // cleared it.
    pending_error_ = result;
    counters_[kCountReceiveErrors] += 1;
    counters_[kCountErrnoBase + std::min(-result, 255)] += 1;
    if (result == -ENOMEM) return 0;
  }
  return 0;
}

void Receiver::prepare(const ReceiveView& view, int32_t messages) noexcept {
  for (int32_t i = 0; i < messages; i++) {
    iovec& vector = buffers_->vectors[i];
    vector.iov_base = view.slab + static_cast<ptrdiff_t>(i) * kReceiveStride;
    vector.iov_len = kReceiveMessageBytes;
    // Each of these is in-out: the kernel wrote the last call's lengths into them (recvmsg(2)).
    mmsghdr& header = buffers_->headers[i];
    header.msg_len = 0;
    header.msg_hdr.msg_name = &buffers_->names[i];
    header.msg_hdr.msg_namelen = sizeof buffers_->names[i];
    header.msg_hdr.msg_iov = &vector;
    header.msg_hdr.msg_iovlen = 1;
    header.msg_hdr.msg_control = buffers_->controls[i];
    header.msg_hdr.msg_controllen = kReceivedControlBytes;
    header.msg_hdr.msg_flags = 0;
  }
}

int Receiver::call_kernel(int32_t messages) noexcept {
  if (!features_.recvmmsg) return call_singly(messages);
  counters_[kCountReceiveCalls] += 1;
  // MSG_TRUNC: the true length of a datagram that did not fit, so that what was lost can be
  // counted.
  const int result = calls_.receive_messages(
      fd_, buffers_->headers, static_cast<unsigned>(messages), MSG_DONTWAIT | MSG_TRUNC);
  // A seccomp filter. Without the switch the level-triggered poll would spin.
  if (result != -ENOSYS && result != -EPERM) return result;
  features_.recvmmsg = false;
  return call_singly(messages);
}

int Receiver::call_singly(int32_t messages) noexcept {
  for (int32_t i = 0; i < messages; i++) {
    counters_[kCountReceiveCalls] += 1;
    const int64_t result =
        calls_.receive_message(fd_, &buffers_->headers[i].msg_hdr, MSG_DONTWAIT | MSG_TRUNC);
    if (result < 0) return i > 0 ? i : static_cast<int>(result);
    buffers_->headers[i].msg_len = static_cast<unsigned>(result);
  }
  return messages;
}

int32_t Receiver::rows_of(const ReceiveView& view, int32_t messages) noexcept {
  int32_t count = 0;
  double bytes = 0;
  for (int32_t i = 0; i < messages; i++) {
    ReceivedMessage message;
    message.offset = i * kReceiveStride;
    if (!describe(i, message)) continue;
    int32_t* rows = view.rows + static_cast<ptrdiff_t>(count) * kRowInts;
    const int32_t added = split_message(message, rows, view.row_count - count);
    if (message.segment > 0 && added > 1) counters_[kCountSegmentsReceived] += added;
    bytes += message.length;
    count += added;
  }
  counters_[kCountDatagramsReceived] += count;
  counters_[kCountBytesReceived] += bytes;
  batch_messages_ =
      bytes > static_cast<double>(kTrainBytes) * messages ? kTrainMessages : kReceiveMessages;
  return count;
}

bool Receiver::describe(int32_t index, ReceivedMessage& message) noexcept {
  const mmsghdr& header = buffers_->headers[index];
  const int32_t whole = static_cast<int32_t>(std::min(header.msg_len, 1U << 24));
  message.length = std::min(whole, kReceiveMessageBytes);
  message.lost = whole - message.length;
  const ReceivedControl control =
      read_control(buffers_->controls[index],
                   std::min<size_t>(header.msg_hdr.msg_controllen, kReceivedControlBytes));
  message.segment = control.segment_size;
  message.flags = control.ecn;
  if (control.has_drops) note_drops(control.drops);
  if (message.lost > 0) {
    // Each datagram that is not whole: the one that was cut, and those behind it.
    const int32_t segment = message.segment;
    const bool train = segment > 0 && segment < whole;
    counters_[kCountTruncated] +=
        train ? (whole + segment - 1) / segment - message.length / segment : 1;
  }
  if ((header.msg_hdr.msg_flags & MSG_CTRUNC) != 0) counters_[kCountControlTruncated] += 1;
  PeerKey remote;
  if (!read_sockaddr(reinterpret_cast<const sockaddr*>(&buffers_->names[index]),
                     header.msg_hdr.msg_namelen, remote)) {
    return false;
  }
  message.remote = peers_.intern_received(remote);
  message.local = intern_local(control);
  return message.remote != 0;
}

int32_t Receiver::intern_local(const ReceivedControl& control) noexcept {
  if (!control.has_local) return local_peer_;
  PeerKey local;
  local.address = control.local;
  local.port = local_port_;
  // Only a link-local address needs its interface to be used again.
  if (IN6_IS_ADDR_LINKLOCAL(&control.local)) local.scope = control.interface_index;
  const int32_t id = peers_.intern_received(local);
  return id != 0 ? id : local_peer_;
}

void Receiver::note_drops(uint32_t cumulative) noexcept {
  // Modulo 2^32, and never backwards: a queued datagram carries the number of the moment when it
  // was queued.
  const int32_t more = static_cast<int32_t>(cumulative - last_drops_);
  if (more <= 0) return;
  counters_[kCountKernelDrops] += more;
  last_drops_ = cumulative;
}

}  // namespace burstwire
