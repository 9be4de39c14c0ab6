// A Receiver over the scripted kernel, with a slab and rows of its own.
#pragma once

#include <memory>
#include <vector>

#include "../udp/receive.h"
#include "check.h"
#include "receiving_kernel.h"

namespace burstwire::test {

inline constexpr int32_t kLocalPeer = 1;
inline constexpr uint16_t kLocalPort = 4433;

struct ReceiverBench {
  explicit ReceiverBench(int32_t capacity = 256, int32_t messages = kReceiveMessages)
      : peers(AF_INET, capacity),
        slab(static_cast<size_t>(messages) * kReceiveStride),
        rows(static_cast<size_t>(kReceiveRows) * kRowInts, -1) {
    features.gro = true;
    peers.pin(peers.named("127.0.0.1", kLocalPort), 1);
    receiver = std::make_unique<Receiver>(kernel, 3, features, peers.table, kLocalPeer, kLocalPort,
                                          peers.counters.data());
  }

  int32_t receive(int32_t row_count = kReceiveRows) {
    return receiver->receive({slab.data(), slab.size(), rows.data(), row_count});
  }
  int32_t at(int32_t row, int32_t column) const {
    return rows[static_cast<size_t>(row) * kRowInts + static_cast<size_t>(column)];
  }
  uint16_t port(int32_t row) { return peers.table.find(at(row, kRemote))->key.port; }
  // The first byte of a row: the scripted kernel fills a message with its sender's port.
  int byte(int32_t row) const { return slab[static_cast<size_t>(at(row, kOffset))]; }

  Features features;
  ReceivingKernel kernel;
  Peers peers;
  Bytes slab;
  std::vector<int32_t> rows;
  std::unique_ptr<Receiver> receiver;
};

}  // namespace burstwire::test
