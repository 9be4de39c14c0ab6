// Two real sockets on loopback: rows go in at one end and are compared as they come out at the
// other.
//
// The receiver is emptied after every send call, and a call hands the kernel no more than fits into
// the smallest usual receive buffer: nothing is lost, whatever the limits of the machine. No time
// is measured; a wait only bounds a hang.
#pragma once

#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

#include "../udp/options.h"
#include "../udp/receive.h"
#include "../udp/send.h"
#include "batch_fixture.h"
#include "check.h"
#include "forwarding_calls.h"

namespace burstwire::test {

// One socket with its engine, as the addon puts it together.
struct Socket {
  Socket(SystemCalls& calls, const char* address, bool ipv6, bool gso, bool gro)
      : opened(open(calls, address, ipv6, gso, gro)),
        peers(opened.family),
        slab(static_cast<size_t>(kReceiveMessages) * kReceiveStride),
        rows(static_cast<size_t>(kReceiveRows) * kRowInts) {
    local = peers.table.intern_named(opened.local);
    peers.pin(local, 1);
    sender = std::make_unique<Sender>(calls, opened.fd.get(), opened.features, peers.table,
                                      peers.counters.data());
    receiver = std::make_unique<Receiver>(calls, opened.fd.get(), opened.features, peers.table,
                                          local, opened.local.port, peers.counters.data());
  }

  static OpenResult open(SystemCalls& calls, const char* address, bool ipv6, bool gso, bool gro) {
    OpenOptions options;
    options.local = key_of(address, 0);
    options.ipv6 = ipv6;
    options.gso = gso;
    options.gro = gro;
    options.receive_buffer_bytes = 4 << 20;
    return open_udp_socket(calls, options);
  }

  // The other socket's id here.
  int32_t id_of(const char* address, const Socket& other) {
    const int32_t id = peers.named(address, other.opened.local.port);
    peers.pin(id, 1);
    return id;
  }
  int32_t at(int32_t row, int32_t column) const {
    return rows[static_cast<size_t>(row) * kRowInts + static_cast<size_t>(column)];
  }
  const PeerKey& key(int32_t row, int32_t column) { return peers.table.find(at(row, column))->key; }
  Bytes bytes(int32_t row) const {
    const uint8_t* start = slab.data() + at(row, kOffset);
    return Bytes(start, start + at(row, kLength));
  }
  // The next rows; 0 only when nothing came.
  int32_t receive() {
    if (!wait_readable(opened.fd.get())) return 0;
    receiver->wake();
    return receiver->receive({slab.data(), slab.size(), rows.data(), kReceiveRows});
  }

  OpenResult opened;
  Peers peers;
  Bytes slab;
  std::vector<int32_t> rows;
  int32_t local = 0;
  std::unique_ptr<Sender> sender;
  std::unique_ptr<Receiver> receiver;
};

// Compares what arrives with the rows of a batch, in order; rows with an error do not arrive.
class Arrivals {
 public:
  Arrivals(Socket& socket, Batch& batch, uint16_t from_port)
      : socket_(socket), batch_(batch), from_port_(from_port) {}

  // Receives until so many rows have arrived; false when they do not come or are not the rows sent.
  bool take(int32_t rows) {
    while (arrived_ < rows && failures() == 0) {
      const int32_t count = socket_.receive();
      CHECK(count > 0);
      for (int32_t row = 0; row < count && failures() == 0; row++) take_one(row);
    }
    return failures() == 0;
  }
  int32_t arrived() const { return arrived_; }
  int32_t segments() const { return segments_; }

 private:
  void take_one(int32_t row) {
    REQUIRE(arrived_ < batch_.count());
    const int32_t sent = arrived_++;
    REQUIRE_EQ(socket_.at(row, kLength), batch_.at(sent, kLength));
    const size_t length = static_cast<size_t>(batch_.at(sent, kLength));
    const uint8_t* start = socket_.slab.data() + socket_.at(row, kOffset);
    REQUIRE(length == 0 || std::memcmp(start, batch_.start(sent), length) == 0);
    REQUIRE_EQ(socket_.at(row, kFlags) & kFlagEcnMask, batch_.at(sent, kFlags) & kFlagEcnMask);
    REQUIRE_EQ(socket_.at(row, kFlags) & kFlagTruncated, 0);
    REQUIRE_EQ(socket_.key(row, kRemote).port, from_port_);
    if ((socket_.at(row, kFlags) & kFlagSegment) != 0) segments_++;
  }

  Socket& socket_;
  Batch& batch_;
  uint16_t from_port_;
  int32_t arrived_ = 0;
  int32_t segments_ = 0;
};

// Between the sender and the kernel: a call takes 64 KiB or 128 datagrams, or one message that is
// more, and what it took must arrive before the next one. To the sender, a kernel with short
// counts.
class PacedCalls final : public ForwardingCalls {
 public:
  Arrivals* arrivals = nullptr;

  int send_messages(int fd, mmsghdr* messages, unsigned count, int flags) noexcept override {
    size_t bytes = 0;
    int32_t sent = 0;
    unsigned most = 0;
    while (most < count) {
      bytes += size_of(messages[most].msg_hdr);
      sent += rows_of(messages[most].msg_hdr);
      if (most > 0 && (bytes > kMostBytes || sent > kMostRows)) break;
      most++;
    }
    const int result = ForwardingCalls::send_messages(fd, messages, most, flags);
    int32_t rows = 0;
    for (int i = 0; i < result; i++) rows += rows_of(messages[i].msg_hdr);
    if (result > 0 && arrivals != nullptr) arrivals->take(arrivals->arrived() + rows);
    return result;
  }
  int64_t send_message(int fd, const msghdr* message, int flags) noexcept override {
    const int64_t result = ForwardingCalls::send_message(fd, message, flags);
    if (result >= 0 && arrivals != nullptr) arrivals->take(arrivals->arrived() + rows_of(*message));
    return result;
  }

 private:
  // A small datagram costs the receive buffer its bookkeeping, about 768 bytes.
  static constexpr size_t kMostBytes = 65536;
  static constexpr int32_t kMostRows = 128;

  static size_t size_of(const msghdr& header) {
    size_t size = 0;
    for (size_t i = 0; i < header.msg_iovlen; i++) size += header.msg_iov[i].iov_len;
    return size;
  }
  static int32_t rows_of(const msghdr& header) {
    const cmsghdr* first = header.msg_controllen > 0 ? CMSG_FIRSTHDR(&header) : nullptr;
    if (first == nullptr || first->cmsg_level != kSolUdp) return 1;
    uint16_t segment = 0;
    std::memcpy(&segment, CMSG_DATA(first), sizeof segment);
    return static_cast<int32_t>((size_of(header) + segment - 1) / segment);
  }
};

// Which trains are on: four combinations.
struct Trains {
  bool gso;
  bool gro;
};
inline constexpr Trains kAllTrains[] = {{true, true}, {true, false}, {false, true}, {false, false}};

}  // namespace burstwire::test
