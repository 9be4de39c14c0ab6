// CPUID and XGETBV on x64 (Intel SDM volume 1 section 13.2, volume 2A CPUID), AT_HWCAP on arm64.
// See cpu_features.h.
#include "cpu_features.h"

#include <cstdint>

#if defined(__x86_64__)
#include <cpuid.h>
#elif defined(__aarch64__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

namespace burstwire {

#if defined(__x86_64__)
namespace {

constexpr bool has(uint32_t word, int bit) { return (word >> bit & 1U) != 0; }

// Which register sets the operating system saves for a process (XCR0).
uint32_t enabled_states() noexcept {
  uint32_t low = 0;
  uint32_t high = 0;
  __asm__ __volatile__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return low;
}

constexpr uint32_t kYmmStates = 0x06;  // SSE and AVX
constexpr uint32_t kZmmStates = 0xe6;  // and the masks and both halves of AVX-512

}  // namespace

CpuFeatures read_cpu_features() noexcept {
  CpuFeatures features;
  uint32_t a = 0;
  uint32_t b = 0;
  uint32_t c = 0;
  uint32_t d = 0;
  if (__get_cpuid(1, &a, &b, &c, &d) == 0) return features;
  features.aes = has(c, 25);
  features.carryless = has(c, 1);
  features.sse42 = has(c, 20) && has(c, 9);  // with SSSE3
  const bool avx = has(c, 27) && has(c, 28);
  const uint32_t states = avx ? enabled_states() : 0;
  if (__get_cpuid_count(7, 0, &a, &b, &c, &d) == 0) return features;
  const bool ymm = (states & kYmmStates) == kYmmStates;
  const bool zmm = (states & kZmmStates) == kZmmStates;
  features.avx2 = ymm && has(b, 5) && has(b, 8);
  features.avx512 =
      features.avx2 && zmm && has(b, 16) && has(b, 17) && has(b, 28) && has(b, 30) && has(b, 31);
  features.wide_aes = ymm && has(c, 9);
  features.wide_carryless = ymm && has(c, 10);
  return features;
}

#elif defined(__aarch64__)

CpuFeatures read_cpu_features() noexcept {
  CpuFeatures features;
  const unsigned long capabilities = getauxval(AT_HWCAP);
  features.aes = (capabilities & HWCAP_AES) != 0;
  features.carryless = (capabilities & HWCAP_PMULL) != 0;
  return features;
}

#else

CpuFeatures read_cpu_features() noexcept { return {}; }

#endif

}  // namespace burstwire
