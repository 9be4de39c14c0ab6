// A Sender over the scripted kernel, for tests of errors.
//
// Invariant, checked by `check_settled`: the kernel has taken exactly the rows with STATUS 0, each
// once, in the order of the rows, byte for byte.
#pragma once

#include <memory>
#include <vector>

#include "../udp/send.h"
#include "batch_fixture.h"
#include "check.h"
#include "sending_kernel.h"

namespace burstwire::test {

struct SenderBench {
  explicit SenderBench(int family = AF_INET)
      : peers(family),
        sender(std::make_unique<Sender>(kernel, 3, features, peers.table, peers.counters.data())) {
    features.gso = true;
    features.ecn = true;
    one = peers.named("192.0.2.1", 1);
    two = peers.named("192.0.2.2", 2);
    source = peers.named("192.0.2.9", 0);
  }

  // Sends rows `from` to the end; returns how many are settled.
  int32_t send(int32_t from = 0) { return sender->send(batch.view(), from, batch.count()); }
  Blocked blocked() const { return sender->blocked(); }

  Statuses statuses() {
    Statuses all;
    for (int32_t row = 0; row < batch.count(); row++) all.push_back(batch.status(row));
    return all;
  }

  // How many rows each message had that was offered to the kernel.
  std::vector<int32_t> offered_counts() const {
    std::vector<int32_t> counts;
    for (const SeenMessage& message : kernel.offered) {
      const size_t size = message.bytes.size();
      const size_t step = message.segment > 0 ? static_cast<size_t>(message.segment) : size;
      counts.push_back(step == 0 ? 1 : static_cast<int32_t>((size + step - 1) / step));
    }
    return counts;
  }

  void check_settled() {
    size_t next = 0;
    double bytes = 0;
    for (int32_t row = 0; row < batch.count(); row++) {
      if (batch.status(row) != 0) continue;
      REQUIRE(next < kernel.taken.size());
      const TakenDatagram& datagram = kernel.taken[next++];
      const PeerEntry* peer = peers.table.find(batch.at(row, kRemote));
      REQUIRE_EQ(datagram.port, peer->key.port);
      REQUIRE(datagram.bytes == batch.bytes(row));
      bytes += static_cast<double>(datagram.bytes.size());
    }
    CHECK_EQ(next, kernel.taken.size());
    CHECK_EQ(peers.count(kCountDatagramsSent), next);
    CHECK_EQ(peers.count(kCountBytesSent), bytes);
    CHECK_EQ(peers.count(kCountSendCalls), kernel.calls());
  }

  Features features;
  SendingKernel kernel;
  Peers peers;
  std::unique_ptr<Sender> sender;
  Batch batch;
  int32_t one = 0;
  int32_t two = 0;
  int32_t source = 0;
};

}  // namespace burstwire::test
