// The run rule and the msghdr array. See trains.h.
#include "trains.h"

#include <algorithm>

namespace burstwire {
namespace {

// Same destination, same source, same mark: what one header can say for all rows of a train.
bool same_header(const int32_t* left, const int32_t* right) noexcept {
  return left[kRemote] == right[kRemote] && left[kLocal] == right[kLocal] &&
         ((left[kFlags] ^ right[kFlags]) & kFlagEcnMask) == 0;
}

}  // namespace

bool SendView::bytes_of(int32_t index, iovec& bytes) const noexcept {
  if (views != nullptr) {
    bytes = views[index - first];
    return true;
  }
  const int32_t* columns = row(index);
  if (columns[kOffset] < 0 || columns[kLength] < 0) return false;
  const size_t offset = static_cast<size_t>(columns[kOffset]);
  const size_t length = static_cast<size_t>(columns[kLength]);
  if (offset > slab_bytes || length > slab_bytes - offset) return false;
  bytes = {slab + offset, length};
  return true;
}

int32_t TrainBuilder::build(const SendView& view, int32_t from, int32_t to,
                            int64_t now_ms) noexcept {
  vectors_used_ = 0;
  int32_t count = 0;
  int32_t row = from;
  while (row < to && count < kMostMessages) {
    if (!add_message(view, count, row, to, now_ms)) break;
    row += trains_[count].count;
    count++;
  }
  return count;
}

int32_t TrainBuilder::build_segments(const SegmentView& view, int32_t from,
                                     int64_t now_ms) noexcept {
  PeerEntry* peer = peers_.find(view.header[kRemote]);
  if (peer == nullptr) return 0;
  const size_t segment = static_cast<size_t>(view.segment);
  const int32_t most = segments_per_train(*peer, segment, now_ms);
  const int32_t total = view.count();
  // Datagrams of full length; a last one that is shorter joins a train only where tails may be
  // short.
  const int32_t full = static_cast<int32_t>(view.size / segment);
  const int32_t joined = features_.short_tail ? total : full;
  int32_t messages = 0;
  for (int32_t next = from; next < total && messages < kMostMessages; messages++) {
    const int32_t count = next < joined ? std::min(most, joined - next) : 1;
    const size_t offset = static_cast<size_t>(next) * segment;
    const size_t bytes = std::min(static_cast<size_t>(count) * segment, view.size - offset);
    vectors_[messages] = {view.bytes + offset, bytes};
    trains_[messages] = {next, count, view.segment, static_cast<int32_t>(bytes),
                         view.header[kRemote]};
    messages_[messages].msg_hdr.msg_iov = vectors_ + messages;
    messages_[messages].msg_hdr.msg_iovlen = 1;
    finish_message(messages, *peer, view.header, true);
    next += count;
  }
  return messages;
}

bool TrainBuilder::build_single(const SendView& view, int32_t index, bool with_ecn) noexcept {
  PeerEntry* peer = peers_.find(view.row(index)[kRemote]);
  iovec bytes{};
  if (peer == nullptr || !view.bytes_of(index, bytes)) return false;
  vectors_[0] = bytes;
  const int32_t length = static_cast<int32_t>(bytes.iov_len);
  trains_[0] = {index, 1, length, length, view.row(index)[kRemote]};
  messages_[0].msg_hdr.msg_iov = vectors_;
  messages_[0].msg_hdr.msg_iovlen = 1;
  finish_message(0, *peer, view.row(index), with_ecn);
  return true;
}

int32_t TrainBuilder::most_segments(const PeerEntry& peer, int64_t now_ms) const noexcept {
  return features_.gso && peer.gso_denied_until_ms <= now_ms ? kMostSegments : 1;
}

// How many full segments fit into one train to this peer; at least 1.
int32_t TrainBuilder::segments_per_train(const PeerEntry& peer, size_t segment,
                                         int64_t now_ms) const noexcept {
  const size_t most_bytes =
      static_cast<size_t>(peer.key.is_ipv4() ? kMostBytesIpv4 : kMostBytesIpv6);
  const int32_t by_bytes = std::max(1, static_cast<int32_t>(most_bytes / segment));
  return std::min(most_segments(peer, now_ms), by_bytes);
}

bool TrainBuilder::add_message(const SendView& view, int32_t index, int32_t from, int32_t to,
                               int64_t now_ms) noexcept {
  const int32_t* head = view.row(from);
  PeerEntry* peer = peers_.find(head[kRemote]);
  iovec bytes{};
  if (peer == nullptr || vectors_used_ >= kMostVectors || !view.bytes_of(from, bytes)) return false;
  const int32_t most_bytes = peer->key.is_ipv4() ? kMostBytesIpv4 : kMostBytesIpv6;
  const size_t segment = bytes.iov_len;
  // A datagram of no bytes cannot be a segment: the kernel would see nothing to cut.
  const int32_t most = segment == 0 ? 1 : most_segments(*peer, now_ms);
  const int32_t first_vector = vectors_used_;
  vectors_[vectors_used_++] = bytes;
  size_t total = segment;
  int32_t count = 1;
  while (count < most && from + count < to) {
    const int32_t next = from + count;
    if (!same_header(head, view.row(next)) || !view.bytes_of(next, bytes)) break;
    if (bytes.iov_len == 0 || bytes.iov_len > segment) break;
    if (bytes.iov_len < segment && !features_.short_tail) break;
    if (total + bytes.iov_len > static_cast<size_t>(most_bytes)) break;
    iovec& last = vectors_[vectors_used_ - 1];
    if (static_cast<uint8_t*>(last.iov_base) + last.iov_len == bytes.iov_base) {
      last.iov_len += bytes.iov_len;
    } else if (vectors_used_ < kMostVectors) {
      vectors_[vectors_used_++] = bytes;
    } else {
      break;
    }
    total += bytes.iov_len;
    count++;
    if (bytes.iov_len < segment) break;
  }
  trains_[index] = {from, count, static_cast<int32_t>(segment), static_cast<int32_t>(total),
                    head[kRemote]};
  messages_[index].msg_hdr.msg_iov = vectors_ + first_vector;
  messages_[index].msg_hdr.msg_iovlen = static_cast<size_t>(vectors_used_ - first_vector);
  finish_message(index, *peer, head, true);
  return true;
}

void TrainBuilder::finish_message(int32_t message, PeerEntry& peer, const int32_t* row,
                                  bool with_ecn) noexcept {
  SentControl control;
  const Train& train = trains_[message];
  // Never on a single datagram: drivers without checksum offload and some links mishandle a train
  // of one.
  if (train.count > 1) control.segment_size = static_cast<uint16_t>(train.segment);
  if (with_ecn && features_.ecn) control.ecn = static_cast<uint8_t>(row[kFlags] & kFlagEcnMask);
  control.ipv4 = peer.key.is_ipv4();
  PeerEntry* source = peers_.find(row[kLocal]);
  if (source != nullptr && source->key.is_ipv4() == control.ipv4) {
    control.source = &source->key.address;
    control.interface_index = source->key.scope;
  }
  msghdr& header = messages_[message].msg_hdr;
  messages_[message].msg_len = 0;
  header.msg_name = features_.connected ? nullptr : &peer.name;
  header.msg_namelen = features_.connected ? 0 : peer.name_size;
  header.msg_controllen = write_control(controls_[message], control);
  header.msg_control = header.msg_controllen > 0 ? controls_[message] : nullptr;
  header.msg_flags = 0;
}

}  // namespace burstwire
