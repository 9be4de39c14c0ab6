// What the processor can do for a cipher, as far as the operating system lets it.
//
// Decides nothing: ipsec_mb_aead.cc and chacha_masks.cc choose by it, the doctor shows it.
// Invariant: a field is true only if both the instructions and the registers they work on may be
// used.
#pragma once

namespace burstwire {

struct CpuFeatures {
  bool aes = false;             // AES-NI, or the AES instructions of ARMv8
  bool carryless = false;       // PCLMULQDQ, or PMULL of ARMv8
  bool sse42 = false;           //
  bool avx2 = false;            // and BMI2, and the 256-bit registers
  bool avx512 = false;          // F, CD, DQ, BW and VL, and the 512-bit registers
  bool wide_aes = false;        // VAES
  bool wide_carryless = false;  // VPCLMULQDQ
};

CpuFeatures read_cpu_features() noexcept;

}  // namespace burstwire
