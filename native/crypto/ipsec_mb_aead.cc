// See ipsec_mb_aead.h.
#include "ipsec_mb_aead.h"

#ifdef BURSTWIRE_IPSEC_MB
#include <intel-ipsec-mb.h>

#include <cstdlib>

#include "secret.h"

// The library's header declares the functions for SSE and AVX, not those for AVX-512.
// NOLINTBEGIN(readability-identifier-naming)
extern "C" {
void aes_gcm_precomp_128_vaes_avx512(gcm_key_data* key);
void aes_gcm_enc_128_vaes_avx512(const gcm_key_data* key, gcm_context_data* context, uint8_t* out,
                                 const uint8_t* in, uint64_t bytes, const uint8_t* iv,
                                 const uint8_t* aad, uint64_t aad_bytes, uint8_t* tag,
                                 uint64_t tag_bytes);
void aes_gcm_dec_128_vaes_avx512(const gcm_key_data* key, gcm_context_data* context, uint8_t* out,
                                 const uint8_t* in, uint64_t bytes, const uint8_t* iv,
                                 const uint8_t* aad, uint64_t aad_bytes, uint8_t* tag,
                                 uint64_t tag_bytes);
}
// NOLINTEND(readability-identifier-naming)
#endif

namespace burstwire {

bool ipsec_mb_built() noexcept {
#ifdef BURSTWIRE_IPSEC_MB
  return true;
#else
  return false;
#endif
}

const char* ipsec_mb_name(IpsecMbLevel level) noexcept {
  switch (level) {
    case IpsecMbLevel::kSse:
      return "ipsec-mb sse";
    case IpsecMbLevel::kAvx2:
      return "ipsec-mb avx2";
    case IpsecMbLevel::kAvx512:
      return "ipsec-mb avx512";
  }
  return "";
}

#ifdef BURSTWIRE_IPSEC_MB
namespace {

// The functions of one architecture for one key size.
struct GcmFunctions {
  void (*expand)(const void* key, void* round_keys);
  void (*precompute)(gcm_key_data* key);
  aes_gcm_enc_dec_t seal;
  aes_gcm_enc_dec_t open;
};

constexpr GcmFunctions kSse128 = {aes_keyexp_128_enc_sse, aes_gcm_precomp_128_sse,
                                  aes_gcm_enc_128_sse, aes_gcm_dec_128_sse};
constexpr GcmFunctions kSse256 = {aes_keyexp_256_enc_sse, aes_gcm_precomp_256_sse,
                                  aes_gcm_enc_256_sse, aes_gcm_dec_256_sse};
constexpr GcmFunctions kAvx128 = {aes_keyexp_128_enc_sse, aes_gcm_precomp_128_avx_gen4,
                                  aes_gcm_enc_128_avx_gen4, aes_gcm_dec_128_avx_gen4};
constexpr GcmFunctions kAvx256 = {aes_keyexp_256_enc_sse, aes_gcm_precomp_256_avx_gen4,
                                  aes_gcm_enc_256_avx_gen4, aes_gcm_dec_256_avx_gen4};
constexpr GcmFunctions kVaes128 = {aes_keyexp_128_enc_sse, aes_gcm_precomp_128_vaes_avx512,
                                   aes_gcm_enc_128_vaes_avx512, aes_gcm_dec_128_vaes_avx512};

// AES-256 has no AVX-512 column: those functions alone are 0.47 MB, and with them the library would
// add more than the 1.2 MB that it may. The AVX2 ones are 1.6 times as fast as EVP.
const GcmFunctions& functions_of(IpsecMbLevel level, Aead aead) noexcept {
  const bool small = aead == Aead::kAes128Gcm;
  if (level == IpsecMbLevel::kSse) return small ? kSse128 : kSse256;
  return !small ? kAvx256 : level == IpsecMbLevel::kAvx2 ? kAvx128 : kVaes128;
}

// What the assembly reads and writes: one block of memory, aligned as it asks.
struct GcmState {
  gcm_key_data key;
  gcm_context_data context;  // of the message at hand
};

class IpsecMbKey final : public AeadKey {
 public:
  IpsecMbKey(const GcmFunctions& functions, GcmState* state, const uint8_t* key) noexcept
      : functions_(functions), state_(state) {
    expand(key);
  }
  ~IpsecMbKey() override {
    wipe(state_, sizeof(GcmState));
    std::free(state_);
  }

  bool seal(const uint8_t* nonce, const Message& message) noexcept override {
    uint8_t* payload = message.payload();
    functions_.seal(&state_->key, &state_->context, payload, payload, message.payload_bytes, nonce,
                    message.bytes, message.header_bytes, message.tag(), kTagBytes);
    return true;
  }

  bool open(const uint8_t* nonce, const Message& message) noexcept override {
    uint8_t* payload = message.payload();
    uint8_t tag[kTagBytes];
    functions_.open(&state_->key, &state_->context, payload, payload, message.payload_bytes, nonce,
                    message.bytes, message.header_bytes, tag, kTagBytes);
    if (equal_16_constant_time(tag, message.tag())) return true;
    wipe(payload, message.payload_bytes);
    // The tag that would have fitted is a forger's prize.
    wipe(tag, kTagBytes);
    return false;
  }

  // One schedule serves both directions.
  bool rekey(Direction, const uint8_t* key) noexcept override {
    wipe(state_, sizeof(GcmState));
    expand(key);
    return true;
  }

 private:
  void expand(const uint8_t* key) noexcept {
    functions_.expand(key, state_->key.expanded_keys);
    functions_.precompute(&state_->key);
  }

  const GcmFunctions& functions_;
  GcmState* state_;
};

class IpsecMbMaker final : public AeadMaker {
 public:
  IpsecMbMaker(const EvpFunctions& functions, IpsecMbLevel level) noexcept
      : evp_(functions), level_(level) {}

  const char* name() const noexcept override { return ipsec_mb_name(level_); }

  std::unique_ptr<AeadKey> make(Aead aead, Direction direction,
                                const uint8_t* key) const noexcept override {
    if (aead == Aead::kChaCha20Poly1305) return evp_.make(aead, direction, key);
    // Not by `new`: the aligned form of it is not among what no_unwinder.cc replaces.
    void* memory = std::aligned_alloc(alignof(GcmState), sizeof(GcmState));
    if (memory == nullptr) return nullptr;
    return std::make_unique<IpsecMbKey>(functions_of(level_, aead), static_cast<GcmState*>(memory),
                                        key);
  }

 private:
  EvpAeadMaker evp_;
  IpsecMbLevel level_;
};

}  // namespace

bool ipsec_mb_available(const CpuFeatures& cpu, IpsecMbLevel level) noexcept {
  if (!cpu.aes || !cpu.carryless || !cpu.sse42) return false;
  if (level == IpsecMbLevel::kSse) return true;
  if (level == IpsecMbLevel::kAvx2) return cpu.avx2;
  return cpu.avx512 && cpu.wide_aes && cpu.wide_carryless;
}

std::unique_ptr<AeadMaker> make_ipsec_mb_maker(const EvpFunctions& functions,
                                               const CpuFeatures& cpu,
                                               IpsecMbLevel level) noexcept {
  if (!ipsec_mb_available(cpu, level)) return nullptr;
  return std::make_unique<IpsecMbMaker>(functions, level);
}

#else

bool ipsec_mb_available(const CpuFeatures&, IpsecMbLevel) noexcept { return false; }

std::unique_ptr<AeadMaker> make_ipsec_mb_maker(const EvpFunctions&, const CpuFeatures&,
                                               IpsecMbLevel) noexcept {
  return nullptr;
}

#endif

}  // namespace burstwire
