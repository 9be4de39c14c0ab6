// See sha256.h.
#include "sha256.h"

#include <algorithm>
#include <cstring>

#include "secret.h"

namespace burstwire {
namespace {

constexpr size_t kBlockBytes = 64;
constexpr uint8_t kInnerPad = 0x36;
constexpr uint8_t kOuterPad = 0x5c;

// FIPS 180-4: "abc".
constexpr uint8_t kAbc[] = {'a', 'b', 'c'};
constexpr uint8_t kHashOfAbc[kSha256Bytes] = {
    0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40, 0xde, 0x5d, 0xae, 0x22, 0x23,
    0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17, 0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad};
// RFC 4231 section 4.2: 20 bytes of 0x0b, "Hi There".
constexpr uint8_t kHiThere[] = {'H', 'i', ' ', 'T', 'h', 'e', 'r', 'e'};
constexpr uint8_t kMacOfHiThere[kSha256Bytes] = {
    0xb0, 0x34, 0x4c, 0x61, 0xd8, 0xdb, 0x38, 0x53, 0x5c, 0xa8, 0xaf, 0xce, 0xaf, 0x0b, 0xf1, 0x2b,
    0x88, 0x1d, 0xc2, 0x00, 0xc9, 0x83, 0x3d, 0xa7, 0x26, 0xe9, 0x37, 0x6c, 0x2e, 0x32, 0xcf, 0xf7};

}  // namespace

Sha256::~Sha256() {
  if (context_ != nullptr) context_free_(context_);
}

const char* Sha256::open(SymbolLookup lookup) noexcept {
  find_direct_functions(lookup);
  if (direct()) return self_test();
  if (const char* missing = find_evp_functions(lookup)) return missing;
  return self_test();
}

void Sha256::find_direct_functions(SymbolLookup lookup) noexcept {
  if (find_function(lookup, "SHA256_Update", update_) &&
      find_function(lookup, "SHA256_Final", final_)) {
    find_function(lookup, "SHA256_Init", init_);
  }
}

const char* Sha256::find_evp_functions(SymbolLookup lookup) noexcept {
  const char* missing = nullptr;
  const Digest* (*sha256)() = nullptr;
  const auto want = [&](const char* name, auto& function) {
    if (missing == nullptr && !find_function(lookup, name, function)) missing = name;
  };
  want("EVP_MD_CTX_new", context_new_);
  want("EVP_MD_CTX_free", context_free_);
  want("EVP_DigestInit_ex", evp_init_);
  want("EVP_DigestUpdate", evp_update_);
  want("EVP_DigestFinal_ex", evp_final_);
  want("EVP_sha256", sha256);
  if (missing != nullptr) return missing;
  context_ = context_new_();
  // The first init fetches the implementation; the context keeps it for those that name none.
  if (context_ == nullptr || evp_init_(context_, sha256(), nullptr) != 1) {
    return "SHA-256 could not be set up";
  }
  return nullptr;
}

const char* Sha256::self_test() noexcept {
  uint8_t out[kSha256Bytes];
  if (!hash(kAbc, sizeof(kAbc), out) || !std::equal(out, out + sizeof(out), kHashOfAbc)) {
    return "SHA-256 gives a wrong hash";
  }
  uint8_t key[20];
  std::memset(key, 0x0b, sizeof(key));
  if (!hmac(key, sizeof(key), kHiThere, sizeof(kHiThere), out) ||
      !std::equal(out, out + sizeof(out), kMacOfHiThere)) {
    return "HMAC-SHA256 gives a wrong MAC";
  }
  return nullptr;
}

bool Sha256::hash(const uint8_t* data, size_t bytes, uint8_t* digest) noexcept {
  return hash_two(data, bytes, nullptr, 0, digest);
}

bool Sha256::hmac(const uint8_t* key, size_t key_bytes, const uint8_t* data, size_t bytes,
                  uint8_t* mac) noexcept {
  uint8_t inner[kBlockBytes] = {};
  uint8_t outer[kBlockBytes];
  uint8_t digest[kSha256Bytes];
  bool done = true;
  if (key_bytes > kBlockBytes) {
    done = hash(key, key_bytes, inner);
  } else if (key_bytes > 0) {
    std::memcpy(inner, key, key_bytes);
  }
  for (size_t i = 0; i < kBlockBytes; i++) {
    outer[i] = inner[i] ^ kOuterPad;
    inner[i] ^= kInnerPad;
  }
  done = done && hash_two(inner, kBlockBytes, data, bytes, digest) &&
         hash_two(outer, kBlockBytes, digest, kSha256Bytes, mac);
  wipe(inner, sizeof(inner));
  wipe(outer, sizeof(outer));
  wipe(digest, sizeof(digest));
  return done;
}

// EVP_DigestFinal_ex(3) wipes what it held; SHA256_Final(3) does not promise it, so we do.
bool Sha256::hash_two(const uint8_t* first, size_t first_bytes, const uint8_t* second,
                      size_t second_bytes, uint8_t* digest) noexcept {
  if (!direct()) {
    unsigned written = 0;
    return evp_init_(context_, nullptr, nullptr) == 1 &&
           (first_bytes == 0 || evp_update_(context_, first, first_bytes) == 1) &&
           (second_bytes == 0 || evp_update_(context_, second, second_bytes) == 1) &&
           evp_final_(context_, digest, &written) == 1;
  }
  State state;
  const bool done = init_(&state) == 1 &&
                    (first_bytes == 0 || update_(&state, first, first_bytes) == 1) &&
                    (second_bytes == 0 || update_(&state, second, second_bytes) == 1) &&
                    final_(digest, &state) == 1;
  wipe(&state, sizeof(state));
  return done;
}

}  // namespace burstwire
