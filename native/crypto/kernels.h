// Which kernels this process could use, which one it gets, and the self-test that stands before it.
//
// The choice: the newest functions of IPsec-MB that the processor runs, else EVP. Called by
// native/napi/protection_wrap.cc, by tests and benchmarks. Invariant: no kernel is handed out that
// did not reproduce known ciphertexts in this very process.
#pragma once

#include <string>
#include <vector>

#include "cpu_features.h"
#include "packet_protection.h"

namespace burstwire {

struct KernelResult {
  Kernel kernel;       // without a maker if there is none
  std::string reason;  // why there is none
};

// `name`: 'auto', 'ipsec-mb' (the best of them) or the full name of a kernel.
KernelResult open_kernel(SymbolLookup lookup, const CpuFeatures& cpu,
                         const std::string& name) noexcept;

// The names of those that open here, the best first. Empty, with the reason, where there is none.
std::vector<std::string> usable_kernels(SymbolLookup lookup, const CpuFeatures& cpu,
                                        std::string& reason) noexcept;

}  // namespace burstwire
