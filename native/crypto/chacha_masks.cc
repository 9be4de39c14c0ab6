// See chacha_masks.h. Written with the compiler's vector types: SSE2 or NEON as a matter of course,
// wider where the processor has it.
#include "chacha_masks.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "secret.h"

namespace burstwire {
namespace {

static_assert(std::endian::native == std::endian::little, "words are read as they lie in memory");

using Lanes4 = uint32_t __attribute__((vector_size(16)));
using Lanes8 = uint32_t __attribute__((vector_size(32)));

constexpr uint32_t kConstants[4] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};
constexpr int kDoubleRounds = 10;

#define BURSTWIRE_INLINE [[gnu::always_inline]] inline

template <typename Lanes>
BURSTWIRE_INLINE void rotate(Lanes& word, int bits) noexcept {
  word = (word << bits) | (word >> (32 - bits));
}

template <typename Lanes>
BURSTWIRE_INLINE void quarter_round(Lanes& a, Lanes& b, Lanes& c, Lanes& d) noexcept {
  a += b;
  d ^= a;
  rotate(d, 16);
  c += d;
  b ^= c;
  rotate(b, 12);
  a += b;
  d ^= a;
  rotate(d, 8);
  c += d;
  b ^= c;
  rotate(b, 7);
}

template <typename Lanes>
BURSTWIRE_INLINE void double_round(Lanes (&s)[16]) noexcept {
  quarter_round(s[0], s[4], s[8], s[12]);
  quarter_round(s[1], s[5], s[9], s[13]);
  quarter_round(s[2], s[6], s[10], s[14]);
  quarter_round(s[3], s[7], s[11], s[15]);
  quarter_round(s[0], s[5], s[10], s[15]);
  quarter_round(s[1], s[6], s[11], s[12]);
  quarter_round(s[2], s[7], s[8], s[13]);
  quarter_round(s[3], s[4], s[9], s[14]);
}

// One lane a sample; `count` of them, at most as many as there are lanes.
template <typename Lanes>
BURSTWIRE_INLINE void mask_lanes(const uint32_t (&key)[8], uint8_t* samples,
                                 size_t count) noexcept {
  constexpr size_t kLanes = sizeof(Lanes) / sizeof(uint32_t);
  uint32_t input[4][kLanes] = {};
  for (size_t lane = 0; lane < count; lane++) {
    for (size_t word = 0; word < 4; word++) {
      std::memcpy(&input[word][lane], samples + lane * kSampleBytes + word * 4, 4);
    }
  }
  Lanes state[16];
  for (size_t i = 0; i < 4; i++) state[i] = Lanes{} + kConstants[i];
  for (size_t i = 0; i < 8; i++) state[4 + i] = Lanes{} + key[i];
  for (size_t i = 0; i < 4; i++) std::memcpy(&state[12 + i], input[i], sizeof(Lanes));
  for (int round = 0; round < kDoubleRounds; round++) double_round(state);
  state[0] += kConstants[0];
  state[1] += kConstants[1];
  for (size_t lane = 0; lane < count; lane++) {
    const uint32_t front[2] = {state[0][lane], state[1][lane]};
    std::memcpy(samples + lane * kSampleBytes, front, sizeof(front));
  }
  // The rest of the state is one subtraction away from the key.
  wipe(state, sizeof(state));
}

template <typename Lanes>
BURSTWIRE_INLINE void mask_all(const uint8_t* key, uint8_t* samples, size_t count) noexcept {
  constexpr size_t kLanes = sizeof(Lanes) / sizeof(uint32_t);
  uint32_t words[8];
  std::memcpy(words, key, sizeof(words));
  for (size_t i = 0; i < count; i += kLanes) {
    mask_lanes<Lanes>(words, samples + i * kSampleBytes, std::min(kLanes, count - i));
  }
  wipe(words, sizeof(words));
}

void masks_by_4(const uint8_t* key, uint8_t* samples, size_t count) {
  mask_all<Lanes4>(key, samples, count);
}

#if defined(__x86_64__)
[[gnu::target("avx2")]] void masks_by_8_avx2(const uint8_t* key, uint8_t* samples, size_t count) {
  mask_all<Lanes8>(key, samples, count);
}

// As many lanes, but a rotation is one instruction here and the state fits into the registers.
[[gnu::target("avx512f,avx512vl")]] void masks_by_8_avx512(const uint8_t* key, uint8_t* samples,
                                                           size_t count) {
  mask_all<Lanes8>(key, samples, count);
}
#endif

}  // namespace

ChaChaMasks choose_chacha_masks(const CpuFeatures& cpu) noexcept {
#if defined(__x86_64__)
  if (cpu.avx512) return masks_by_8_avx512;
  if (cpu.avx2) return masks_by_8_avx2;
#endif
  static_cast<void>(cpu);
  return masks_by_4;
}

}  // namespace burstwire
