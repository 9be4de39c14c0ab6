// The kernel made for packets: AES-GCM by the assembly of Intel's Multi-Buffer Crypto for IPsec
// Library, on x64.
//
// The library's own door (its manager, and gcm.o) brings all of it along, 4 MB; so key expansion,
// precomputation and the one-shot functions of each architecture are called directly, and the
// linker takes nothing else. Its tags are compared and its failures wiped here, since its open
// function hands out plaintext and leaves the tag to the caller. ChaCha20-Poly1305 is EVP's.
//
// Built only where the library was found (BURSTWIRE_IPSEC_MB). Used by kernels.cc. Owns expanded
// keys.
#pragma once

#include "aead.h"
#include "cpu_features.h"
#include "evp_aead.h"

namespace burstwire {

// From the oldest processors to the newest.
enum class IpsecMbLevel : uint8_t { kSse, kAvx2, kAvx512 };
inline constexpr IpsecMbLevel kIpsecMbLevels[] = {IpsecMbLevel::kSse, IpsecMbLevel::kAvx2,
                                                  IpsecMbLevel::kAvx512};

// Whether this binary holds the library.
bool ipsec_mb_built() noexcept;

// Whether this binary holds the library and this processor runs its functions of that level.
bool ipsec_mb_available(const CpuFeatures& cpu, IpsecMbLevel level) noexcept;

// 'ipsec-mb sse', 'ipsec-mb avx2', 'ipsec-mb avx512'.
const char* ipsec_mb_name(IpsecMbLevel level) noexcept;

// Null unless the level is available, or without memory.
std::unique_ptr<AeadMaker> make_ipsec_mb_maker(const EvpFunctions& functions,
                                               const CpuFeatures& cpu, IpsecMbLevel level) noexcept;

}  // namespace burstwire
