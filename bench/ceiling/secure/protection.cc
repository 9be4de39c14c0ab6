// Finds OpenSSL and the fastest kernel, and installs the key. See protection.h.
#include "protection.h"

#include <dlfcn.h>

#include <cstdio>
#include <utility>

#include "crypto/kernels.h"

namespace burstwire::ceiling {
namespace {

constexpr uint8_t kKeyBytes[16] = {1, 2, 3};
constexpr uint8_t kIv[kNonceBytes] = {4, 5, 6};

void* lookup(const char* name) { return dlsym(RTLD_DEFAULT, name); }

// Brings OpenSSL into the process, where Node would have brought its own.
bool load_openssl() {
  for (const char* name : {"libcrypto.so.3", "libcrypto.so.1.1", "libcrypto.so"}) {
    if (dlopen(name, RTLD_NOW | RTLD_GLOBAL) != nullptr) return true;
  }
  return false;
}

}  // namespace

std::unique_ptr<Keyed> Keyed::open(const std::string& kernel, Direction direction) {
  if (!load_openssl()) {
    std::fprintf(stderr, "secure-ceiling: there is no libcrypto here: apt-get install libssl3\n");
    return nullptr;
  }
  KernelResult result = open_kernel(lookup, read_cpu_features(), kernel);
  if (result.kernel.maker == nullptr) {
    std::fprintf(stderr, "secure-ceiling: %s\n", result.reason.c_str());
    return nullptr;
  }
  auto keyed = std::make_unique<Keyed>();
  // No limit of packets: the key protects nothing.
  keyed->protection_ = std::make_unique<PacketProtection>(std::move(result.kernel), 1, INT64_MAX);
  keyed->key_ = keyed->protection_->keys().install(
      {Aead::kAes128Gcm, direction, kKeyBytes, kIv, kKeyBytes}, keyed->counts_);
  return keyed;
}

}  // namespace burstwire::ceiling
