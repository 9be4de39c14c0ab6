// The program, instruction by instruction. See steering.h.
#include "steering.h"

#include <linux/filter.h>

#include <cstdint>
#include <iterator>

namespace burstwire {
namespace {

constexpr int kSoAttachReuseportCbpf = 51;  // Linux 4.5; newer than some libc headers

// The kernel shows a program of a reuseport group the UDP payload. Offsets in it:
constexpr uint32_t kPacketIdAt = 1;     // of a protected packet
constexpr uint32_t kHandshakeIdAt = 5;  // of a handshake message: the destination
constexpr uint32_t kHandshakeBit = 0x80;
constexpr uint32_t kPacketBit = 0x40;
constexpr uint32_t kInitiation = 0x81;
// A load beyond the end ends a program with 0, which would be a socket: shorter ones are not read.
constexpr uint32_t kLeastBytes = 9;
constexpr uint32_t kNoSocket = 0xffffffff;

constexpr sock_filter statement(uint16_t code, uint32_t value) { return {code, 0, 0, value}; }
constexpr sock_filter jump(uint16_t code, uint32_t value, uint8_t yes, uint8_t no) {
  return {static_cast<uint16_t>(BPF_JMP | BPF_K | code), yes, no, value};
}

}  // namespace

int steer_by_connection_id(SystemCalls& calls, int fd, int shards) noexcept {
  // Jumps count the instructions between.
  sock_filter program[] = {
      /* 0 */ statement(BPF_LD | BPF_W | BPF_LEN, 0),
      /* 1 */ jump(BPF_JGE, kLeastBytes, 0, 9),
      /* 2 */ statement(BPF_LD | BPF_B | BPF_ABS, 0),
      /* 3 */ jump(BPF_JSET, kHandshakeBit, 3, 0),
      /* 4 */ jump(BPF_JSET, kPacketBit, 0, 6),
      /* 5 */ statement(BPF_LD | BPF_B | BPF_ABS, kPacketIdAt),
      /* 6 */ statement(BPF_JMP | BPF_JA, 2),
      // An initiation has no id of ours yet. Repeated, it comes from the same address and port, and
      // so to the same socket.
      /* 7 */ jump(BPF_JEQ, kInitiation, 3, 0),
      /* 8 */ statement(BPF_LD | BPF_B | BPF_ABS, kHandshakeIdAt),
      /* 9 */ jump(BPF_JGE, static_cast<uint32_t>(shards), 1, 0),
      /* 10 */ statement(BPF_RET | BPF_A, 0),
      /* 11 */ statement(BPF_RET | BPF_K, kNoSocket),
  };
  const sock_fprog attached{static_cast<unsigned short>(std::size(program)), program};
  return calls.set_option(fd, SOL_SOCKET, kSoAttachReuseportCbpf, &attached, sizeof attached);
}

}  // namespace burstwire
