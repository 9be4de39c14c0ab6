// The sending half of the secure ceiling: copies an application's bytes into packets, seals them
// with the addon's code and hands them to the kernel as trains, as long as credit lasts. Called by
// main(). Allocates nothing while it runs. Invariants: each packet number is sent once and in
// order; no more packets are outstanding than --outstanding says.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <vector>

#include "options.h"
#include "protection.h"
#include "roles.h"
#include "window.h"

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

namespace burstwire::ceiling {
namespace {

// Limits of one train, as in ../sender.cc.
constexpr int32_t kMaxSegments = 64;
constexpr int32_t kMaxTrainBytes = 65'507;
// How long credit may stay away before the packets must be lost.
constexpr int64_t kLostUs = 500'000;
constexpr size_t kCreditSlots = 16;

struct alignas(8) SegmentControl {
  char bytes[CMSG_SPACE(sizeof(uint16_t))] = {};
};

class Sender {
 public:
  Sender(const Options& options, Keyed& keyed, int descriptor)
      : options_(options),
        keyed_(keyed),
        descriptor_(descriptor),
        payload_bytes_(options.size_bytes - kOverheadBytes),
        window_(options.warmup_seconds, options.seconds),
        application_(kApplicationBytes) {
    for (size_t i = 0; i < kApplicationBytes; i++) application_[i] = pattern_byte(i);
    prepare_trains();
    prepare_credits();
  }

  bool run() {
    const int64_t begin = now_ns();
    const int64_t end =
        begin + static_cast<int64_t>(
                    (options_.warmup_seconds + options_.seconds + options_.tail_seconds) * 1e9);
    window_.start(begin);
    for (int64_t now = begin; now < end || !window_.closed(); now = now_ns()) {
      window_.tick(now, total_);
      if (room() < most_packets() && !collect_credit()) return false;
      const int32_t trains = std::min(options_.messages, room() / segments_);
      if (trains == 0) continue;
      if (!fill_and_seal(trains * segments_) || !send(static_cast<unsigned>(trains))) return false;
    }
    return true;
  }

  void report() { window_.report(total_, 0, "payloadBytes"); }

 private:
  int32_t most_packets() const { return options_.messages * segments_; }
  int32_t room() const {
    return options_.outstanding - static_cast<int32_t>(next_number_ - opened_);
  }

  void prepare_trains() {
    segments_ = std::clamp(kMaxTrainBytes / options_.size_bytes, 1, kMaxSegments);
    segments_ = std::min(segments_, options_.outstanding);
    const auto count = static_cast<size_t>(options_.messages);
    const auto train_bytes =
        static_cast<size_t>(options_.size_bytes) * static_cast<size_t>(segments_);
    address_.sin_family = AF_INET;
    address_.sin_port = htons(options_.ports[0]);
    address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    slab_.resize(count * train_bytes);
    rows_.resize(static_cast<size_t>(most_packets()) * kRowInts);
    vectors_.resize(count);
    messages_.resize(count);
    controls_.resize(count);
    for (size_t i = 0; i < count; i++) {
      vectors_[i] = {slab_.data() + i * train_bytes, train_bytes};
      msghdr& header = messages_[i].msg_hdr;
      header.msg_iov = &vectors_[i];
      header.msg_iovlen = 1;
      header.msg_name = &address_;
      header.msg_namelen = sizeof(address_);
      if (segments_ > 1) attach_segment_size(header, controls_[i]);
    }
  }

  void attach_segment_size(msghdr& header, SegmentControl& control) const {
    header.msg_control = control.bytes;
    header.msg_controllen = sizeof(control.bytes);
    cmsghdr* item = CMSG_FIRSTHDR(&header);
    item->cmsg_level = SOL_UDP;
    item->cmsg_type = UDP_SEGMENT;
    item->cmsg_len = CMSG_LEN(sizeof(uint16_t));
    const auto size = static_cast<uint16_t>(options_.size_bytes);
    std::memcpy(CMSG_DATA(item), &size, sizeof(size));
  }

  void prepare_credits() {
    for (size_t i = 0; i < kCreditSlots; i++) {
      credit_vectors_[i] = {&credits_[i], sizeof(Credit)};
      credit_messages_[i].msg_hdr.msg_iov = &credit_vectors_[i];
      credit_messages_[i].msg_hdr.msg_iovlen = 1;
    }
  }

  // Takes what is there, and waits for more when not even one train may be sent. False: it did not
  // come.
  bool collect_credit() {
    take_credit(MSG_DONTWAIT);
    if (room() >= segments_) return true;
    const int64_t patience_ns = static_cast<int64_t>(options_.spin_seconds * 1e9);
    for (const int64_t end = now_ns() + patience_ns; room() < segments_ && now_ns() < end;) {
      take_credit(MSG_DONTWAIT);
    }
    return room() >= segments_ || wait_for_credit();
  }

  int take_credit(int flags) {
    const int taken = ::recvmmsg(descriptor_, credit_messages_, kCreditSlots, flags, nullptr);
    total_.calls++;
    for (int i = 0; i < taken; i++) opened_ = std::max(opened_, credits_[i].opened);
    return taken;
  }

  bool wait_for_credit() {
    if (take_credit(MSG_WAITFORONE) > 0 || errno == EINTR) return true;
    std::fprintf(stderr,
                 "secure-ceiling: no credit comes: nobody receives, or packets were lost (lower "
                 "--outstanding)\n");
    return false;
  }

  // Rows as the transport would write them: the header and what does not come from the source, then
  // the source's place. `seal` copies from it, right before it encrypts.
  bool fill_and_seal(int32_t packets) {
    for (int32_t i = 0; i < packets; i++) fill(i);
    const Source source = {application_.data(), application_.size()};
    const RowView view = {slab_.data(), slab_.size(), rows_.data(), nullptr, &source, 1};
    if (keyed_.seal(view, packets) == packets) return true;
    std::fprintf(stderr, "secure-ceiling: a packet was not sealed\n");
    return false;
  }

  void fill(int32_t index) {
    int32_t* row = rows_.data() + static_cast<ptrdiff_t>(index) * kRowInts;
    const int32_t offset = index * options_.size_bytes;
    uint8_t* packet = slab_.data() + offset;
    packet[0] = 0x40;
    std::memset(packet + 1, 0xc1, kPacketNumberOffset - 1);
    // A packet that reaches over the end of the application's bytes begins with the last of them.
    int32_t left = payload_bytes_;
    const auto behind = static_cast<int32_t>(kApplicationBytes) - cursor_;
    for (int32_t part = behind; part < left; part = static_cast<int32_t>(kApplicationBytes)) {
      std::memcpy(packet + kPacketHeaderBytes + payload_bytes_ - left,
                  application_.data() + cursor_, static_cast<size_t>(part));
      left -= part;
      cursor_ = 0;
    }
    row[kOffset] = offset;
    row[kLength] = options_.size_bytes;
    row[kStatus] = 0;
    row[kKey] = keyed_.key();
    row[kSource] = 0;
    row[kSourceOffset] = cursor_;
    row[kSourceLength] = left;
    cursor_ = (cursor_ + left) % static_cast<int32_t>(kApplicationBytes);
    const auto number = static_cast<double>(next_number_++);
    std::memcpy(row + kPacketNumber, &number, sizeof(number));
  }

  // All of the trains, however often the kernel stops.
  bool send(unsigned count) {
    for (unsigned from = 0; from < count;) {
      const int taken = ::sendmmsg(descriptor_, messages_.data() + from, count - from, 0);
      total_.calls++;
      if (taken < 0 && errno != EINTR && errno != EAGAIN && errno != ENOBUFS) {
        std::fprintf(stderr, "secure-ceiling: send: %s\n", std::strerror(errno));
        return false;
      }
      if (taken <= 0) continue;
      total_.datagrams += static_cast<int64_t>(taken) * segments_;
      total_.bytes += static_cast<int64_t>(taken) * segments_ * payload_bytes_;
      from += static_cast<unsigned>(taken);
    }
    return true;
  }

  const Options& options_;
  Keyed& keyed_;
  int descriptor_;
  int32_t payload_bytes_;
  int32_t segments_ = 1;
  Window window_;
  Counts total_;
  int64_t next_number_ = 0;
  int64_t opened_ = 0;
  // Where in the application's bytes the next packet begins.
  int32_t cursor_ = 0;
  sockaddr_in address_{};
  std::vector<uint8_t> application_;
  std::vector<uint8_t> slab_;
  std::vector<int32_t> rows_;
  std::vector<iovec> vectors_;
  std::vector<mmsghdr> messages_;
  std::vector<SegmentControl> controls_;
  Credit credits_[kCreditSlots];
  iovec credit_vectors_[kCreditSlots];
  mmsghdr credit_messages_[kCreditSlots] = {};
};

// How many packets may be outstanding before one is lost: half of what the kernel grants for the
// packets themselves, half for its bookkeeping. The receiver is on the same machine and asks for
// the same, so this socket's buffer tells.
int32_t most_outstanding(const Options& options, int descriptor) {
  ::setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &options.buffer_bytes,
               sizeof(options.buffer_bytes));
  int32_t granted = 0;
  socklen_t length = sizeof(granted);
  ::getsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &granted, &length);
  return std::max(1, granted / 2 / options.size_bytes);
}

}  // namespace

int run_sender(const Options& options) {
  const auto keyed = Keyed::open(options.kernel, Direction::kSeal);
  if (keyed == nullptr) return 1;
  const int descriptor = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) {
    std::perror("secure-ceiling: socket");
    return 1;
  }
  ::setsockopt(descriptor, SOL_SOCKET, SO_SNDBUF, &options.buffer_bytes,
               sizeof(options.buffer_bytes));
  const timeval patience{0, kLostUs};
  ::setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  Options bounded = options;
  bounded.outstanding = std::min(options.outstanding, most_outstanding(options, descriptor));
  Sender sender(bounded, *keyed, descriptor);
  if (!sender.run()) return 1;
  sender.report();
  ::close(descriptor);
  return 0;
}

}  // namespace burstwire::ceiling
