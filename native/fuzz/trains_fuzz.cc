// libFuzzer target: building trains from rows of any content, also ids, offsets and lengths that
// are wrong.
//
// Every byte of every iovec is read, so the sanitizer sees one outside the slab. Asserted: messages
// cover the rows in order, keep to the limits, and a row is refused only for a reason.
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

#include "../udp/trains.h"

namespace {

using burstwire::kRowInts;

void demand(bool holds) {
  if (!holds) std::abort();
}

// Reads the input from its front; zeros behind its end.
class Input {
 public:
  Input(const uint8_t* data, size_t size) : data_(data), size_(size) {}

  template <typename T>
  T take() {
    T value{};
    const size_t count = std::min(sizeof value, size_);
    if (count > 0) std::memcpy(&value, data_, count);
    data_ += count;
    size_ -= count;
    return value;
  }
  bool empty() const { return size_ == 0; }

 private:
  const uint8_t* data_;
  size_t size_;
};

// Mostly believable, sometimes anything: else no train would ever be built.
std::vector<int32_t> rows_from(Input& input, size_t slab_bytes) {
  std::vector<int32_t> rows;
  int32_t offset = 0;
  int32_t length = 16;
  while (!input.empty() && rows.size() < static_cast<size_t>(300) * kRowInts) {
    const uint8_t kind = input.take<uint8_t>();
    if (kind < 32) length = input.take<uint8_t>();
    if (kind >= 32 && kind < 40) offset = input.take<int32_t>();
    if (kind >= 40 && kind < 44) length = input.take<int32_t>();
    if (kind >= 44 && kind < 60) {
      offset = slab_bytes > 0 ? static_cast<int32_t>(input.take<uint16_t>() % slab_bytes) : 0;
    }
    int32_t row[kRowInts] = {};
    row[burstwire::kOffset] = offset;
    row[burstwire::kLength] = length;
    row[burstwire::kFlags] = kind >= 240 ? input.take<int32_t>() : 0;
    row[burstwire::kRemote] = kind >= 230 ? input.take<int8_t>() : 1 + (kind & 1);
    row[burstwire::kLocal] = kind >= 220 ? input.take<int8_t>() : 0;
    rows.insert(rows.end(), row, row + kRowInts);
    offset = static_cast<int32_t>(static_cast<uint32_t>(offset) + static_cast<uint32_t>(length));
  }
  return rows;
}

struct Scene {
  Scene() : columns(8 * burstwire::kPeerInts), counters(burstwire::kCounterPlaces) {
    table = std::make_unique<burstwire::PeerTable>(AF_INET6, 6, columns.data(), counters.data());
    for (uint16_t port = 1; port <= 4; port++) {
      burstwire::PeerKey key;
      key.address = in6_addr{{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 1}}};
      if (port > 2) key.address = in6addr_loopback;
      key.port = port;
      demand(table->intern_named(key) == port);
    }
  }

  std::vector<int32_t> columns;
  std::vector<double> counters;
  std::unique_ptr<burstwire::PeerTable> table;
};

size_t read_bytes(const msghdr& header) {
  size_t total = 0;
  volatile uint8_t sink = 0;
  demand(header.msg_iovlen >= 1 && header.msg_iovlen <= 1024);
  for (size_t i = 0; i < header.msg_iovlen; i++) {
    const uint8_t* bytes = static_cast<const uint8_t*>(header.msg_iov[i].iov_base);
    for (size_t at = 0; at < header.msg_iov[i].iov_len; at++) sink = bytes[at];
    total += header.msg_iov[i].iov_len;
  }
  static_cast<void>(sink);
  return total;
}

void check_message(const burstwire::SendView& view, const burstwire::Train& train,
                   const msghdr& header, int32_t row) {
  demand(train.first == row && train.count >= 1 && train.count <= 64);
  size_t total = 0;
  for (int32_t i = 0; i < train.count; i++) {
    iovec bytes{};
    demand(view.bytes_of(row + i, bytes));
    demand(view.row(row + i)[burstwire::kRemote] == train.remote);
    const int32_t length = static_cast<int32_t>(bytes.iov_len);
    const bool last = i + 1 == train.count;
    demand(last ? length <= train.segment : length == train.segment);
    demand(train.count == 1 || length > 0);
    total += bytes.iov_len;
  }
  demand(read_bytes(header) == total && static_cast<size_t>(train.bytes) == total);
  demand(train.count == 1 || total <= 65527);
  demand(header.msg_controllen <= burstwire::kSentControlBytes);
  demand(header.msg_name != nullptr && header.msg_namelen == sizeof(sockaddr_in6));
}

void run(burstwire::TrainBuilder& builder, burstwire::PeerTable& table,
         const burstwire::SendView& view, int32_t count) {
  int32_t row = 0;
  while (row < count) {
    const int32_t messages = builder.build(view, row, count, 0);
    demand(messages >= 0 && messages <= burstwire::kMostMessages);
    if (messages == 0) {
      iovec bytes{};
      const bool known = table.find(view.row(row)[burstwire::kRemote]) != nullptr;
      demand(!known || !view.bytes_of(row, bytes));
      demand(!builder.build_single(view, row, true));
      row++;
      continue;
    }
    const int32_t first = row;
    for (int32_t i = 0; i < messages; i++) {
      check_message(view, builder.train(i), builder.messages()[i].msg_hdr, row);
      row += builder.train(i).count;
    }
    demand(row <= count);
    demand(builder.build_single(view, first, false));
    check_message(view, builder.train(0), builder.messages()[0].msg_hdr, first);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Input input(data, size);
  const uint8_t switches = input.take<uint8_t>();
  burstwire::Features features;
  features.gso = (switches & 1) == 0;
  features.ecn = (switches & 2) == 0;
  features.short_tail = (switches & 4) == 0;
  const size_t slab_bytes = input.take<uint16_t>();
  std::vector<int32_t> rows = rows_from(input, slab_bytes);
  const std::unique_ptr<uint8_t[]> slab(new uint8_t[slab_bytes]());
  Scene scene;
  burstwire::SendView view;
  view.slab = slab.get();
  view.slab_bytes = slab_bytes;
  view.rows = rows.data();
  const auto builder = std::make_unique<burstwire::TrainBuilder>(features, *scene.table);
  run(*builder, *scene.table, view, static_cast<int32_t>(rows.size()) / kRowInts);
  return 0;
}
