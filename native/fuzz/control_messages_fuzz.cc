// libFuzzer target: reading control messages of any bytes.
//
// The sanitizers watch the buffer's ends; asserted here is what callers rely on, and that the
// answer depends on nothing but the bytes.
#include <cstdlib>
#include <cstring>

#include "../udp/control_messages.h"

namespace {

void demand(bool holds) {
  if (!holds) std::abort();
}

bool same(const burstwire::ReceivedControl& left, const burstwire::ReceivedControl& right) {
  return left.segment_size == right.segment_size && left.ecn == right.ecn &&
         left.has_local == right.has_local &&
         std::memcmp(&left.local, &right.local, sizeof left.local) == 0 &&
         left.interface_index == right.interface_index && left.has_drops == right.has_drops &&
         left.drops == right.drops;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const burstwire::ReceivedControl control = burstwire::read_control(data, size);
  demand(control.segment_size >= 0);
  demand(control.ecn <= 3);
  demand(control.has_local || control.interface_index == 0);
  demand(control.has_drops || control.drops == 0);
  demand(same(control, burstwire::read_control(data, size)));
  // The same bytes at an odd address: nothing may rely on alignment.
  uint8_t* shifted = static_cast<uint8_t*>(std::malloc(size + 1));
  if (size > 0) std::memcpy(shifted + 1, data, size);
  demand(same(control, burstwire::read_control(shifted + 1, size)));
  std::free(shifted);
  return 0;
}
