// See kernels.h.
#include "kernels.h"

#include <utility>

#include "evp_aead.h"
#include "ipsec_mb_aead.h"
#include "self_test.h"

namespace burstwire {
namespace {

constexpr const char* kEvpName = "openssl evp";
constexpr IpsecMbLevel kBestFirst[] = {IpsecMbLevel::kAvx512, IpsecMbLevel::kAvx2,
                                       IpsecMbLevel::kSse};

bool is_wanted(const std::string& wanted, const char* family, const char* name) {
  return wanted == "auto" || wanted == family || wanted == name;
}

// The makers that `wanted` allows, the best first; self-tests are still to come.
std::vector<std::unique_ptr<AeadMaker>> candidates(const EvpFunctions& functions,
                                                   const CpuFeatures& cpu,
                                                   const std::string& wanted) {
  std::vector<std::unique_ptr<AeadMaker>> makers;
  for (const IpsecMbLevel level : kBestFirst) {
    if (!is_wanted(wanted, "ipsec-mb", ipsec_mb_name(level))) continue;
    auto maker = make_ipsec_mb_maker(functions, cpu, level);
    if (maker != nullptr) makers.push_back(std::move(maker));
  }
  if (is_wanted(wanted, "evp", kEvpName)) {
    makers.push_back(std::make_unique<EvpAeadMaker>(functions));
  }
  return makers;
}

// The function table and the header keys, without which no kernel runs. False, with the reason.
bool prepare(SymbolLookup lookup, const CpuFeatures& cpu, Kernel& kernel, std::string& reason) {
  if (const char* missing = find_evp(lookup, kernel.functions)) {
    reason = std::string("this process offers no OpenSSL to addons (") + missing + " is missing)";
    return false;
  }
  kernel.chacha_masks = choose_chacha_masks(cpu);
  if (const char* failure = self_test_header_keys(kernel.functions, kernel.chacha_masks)) {
    reason = std::string("self-test: ") + failure;
    return false;
  }
  return true;
}

}  // namespace

KernelResult open_kernel(SymbolLookup lookup, const CpuFeatures& cpu,
                         const std::string& name) noexcept {
  KernelResult result;
  if (!prepare(lookup, cpu, result.kernel, result.reason)) return result;
  for (auto& maker : candidates(result.kernel.functions, cpu, name)) {
    const char* failure = self_test(*maker);
    if (failure == nullptr) {
      result.kernel.maker = std::move(maker);
      result.reason.clear();
      return result;
    }
    result.reason += std::string(result.reason.empty() ? "" : "; ") + maker->name() +
                     " failed its self-test: " + failure;
  }
  if (result.reason.empty()) {
    result.reason = "this binary has no kernel '" + name + "' for this CPU";
  }
  return result;
}

std::vector<std::string> usable_kernels(SymbolLookup lookup, const CpuFeatures& cpu,
                                        std::string& reason) noexcept {
  std::vector<std::string> names;
  Kernel kernel;
  if (!prepare(lookup, cpu, kernel, reason)) return names;
  for (const auto& maker : candidates(kernel.functions, cpu, "auto")) {
    const char* failure = self_test(*maker);
    if (failure == nullptr) {
      names.emplace_back(maker->name());
    } else {
      reason += std::string(reason.empty() ? "" : "; ") + maker->name() +
                " failed its self-test: " + failure;
    }
  }
  return names;
}

}  // namespace burstwire
