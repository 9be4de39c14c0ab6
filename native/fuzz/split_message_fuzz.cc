// libFuzzer target: taking any message apart into any room.
//
// The rows have exactly the room that is said, so the sanitizer sees one too many. Asserted: rows
// lie inside the message, back to back from its start, and add up to it unless the room ended.
#include <cstdlib>
#include <cstring>
#include <memory>

#include "../udp/receive.h"

namespace {

void demand(bool holds) {
  if (!holds) std::abort();
}

// What the kernel and the receiver can hand over, and segment sizes that they cannot.
struct Input {
  uint32_t length;
  uint32_t lost;
  int32_t segment;
  uint16_t room;
  uint8_t flags;
  uint8_t padding;
};

void check_rows(const burstwire::ReceivedMessage& message, const int32_t* rows, int32_t count,
                int32_t room) {
  const int32_t whole = message.length + message.lost;
  const bool train = message.segment > 0 && message.segment < whole;
  int32_t at = message.offset;
  for (int32_t i = 0; i < count; i++) {
    const int32_t* row = rows + static_cast<ptrdiff_t>(i) * burstwire::kRowInts;
    const int32_t length = row[burstwire::kLength];
    const int32_t flags = row[burstwire::kFlags];
    const bool last = i + 1 == count;
    demand(row[burstwire::kOffset] == at);
    demand(length >= 0 && length <= message.offset + message.length - at);
    demand(!train || length <= message.segment);
    demand(!train || last || length == message.segment);
    demand(length > 0 || message.length == 0);
    demand((flags & burstwire::kFlagEcnMask) == message.flags);
    demand(((flags & burstwire::kFlagSegment) != 0) == train);
    demand((flags & burstwire::kFlagTruncated) == 0 || (last && message.lost > 0));
    demand(row[burstwire::kStatus] == 0);
    demand(row[burstwire::kRemote] == 3 && row[burstwire::kLocal] == 4);
    at += length;
  }
  demand(count >= 1 || room == 0);
  demand(train || count <= 1);
  demand(count == room || at == message.offset + message.length);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Input input{};
  if (size < sizeof input) return 0;
  std::memcpy(&input, data, sizeof input);
  burstwire::ReceivedMessage message;
  message.offset = static_cast<int32_t>(input.padding) * burstwire::kReceiveStride;
  message.length = static_cast<int32_t>(input.length % (burstwire::kReceiveMessageBytes + 1));
  message.lost = static_cast<int32_t>(input.lost % (1U << 24));
  message.segment = input.segment;
  message.flags = input.flags & burstwire::kFlagEcnMask;
  message.remote = 3;
  message.local = 4;
  // Most rooms small, or the allocation is all that is measured.
  const int32_t room = input.room % (input.flags == 255 ? burstwire::kReceiveRows + 1 : 200);
  const std::unique_ptr<int32_t[]> rows(
      new int32_t[static_cast<size_t>(room) * static_cast<size_t>(burstwire::kRowInts)]);
  const int32_t count = burstwire::split_message(message, rows.get(), room);
  demand(count >= 0 && count <= room);
  check_rows(message, rows.get(), count, room);
  return 0;
}
