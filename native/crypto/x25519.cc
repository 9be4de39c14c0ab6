// See x25519.h. The order of calls is that of EVP_PKEY_derive(3).
#include "x25519.h"

#include <algorithm>

#include "secret.h"

namespace burstwire {
namespace {

constexpr int kTypeX25519 = 1034;  // EVP_PKEY_X25519
// The releases whose direct functions are known to have the signature that is used here.
constexpr unsigned kDirectMajor = 3;

// RFC 7748 section 6.1.
constexpr uint8_t kAlicePrivate[kX25519Bytes] = {
    0x77, 0x07, 0x6d, 0x0a, 0x73, 0x18, 0xa5, 0x7d, 0x3c, 0x16, 0xc1, 0x72, 0x51, 0xb2, 0x66, 0x45,
    0xdf, 0x4c, 0x2f, 0x87, 0xeb, 0xc0, 0x99, 0x2a, 0xb1, 0x77, 0xfb, 0xa5, 0x1d, 0xb9, 0x2c, 0x2a};
constexpr uint8_t kAlicePublic[kX25519Bytes] = {
    0x85, 0x20, 0xf0, 0x09, 0x89, 0x30, 0xa7, 0x54, 0x74, 0x8b, 0x7d, 0xdc, 0xb4, 0x3e, 0xf7, 0x5a,
    0x0d, 0xbf, 0x3a, 0x0d, 0x26, 0x38, 0x1a, 0xf4, 0xeb, 0xa4, 0xa9, 0x8e, 0xaa, 0x9b, 0x4e, 0x6a};
constexpr uint8_t kBobPublic[kX25519Bytes] = {
    0xde, 0x9e, 0xdb, 0x7d, 0x7b, 0x7d, 0xc1, 0xb4, 0xd3, 0x5b, 0x61, 0xc2, 0xec, 0xe4, 0x35, 0x37,
    0x3f, 0x83, 0x43, 0xc8, 0x5b, 0x78, 0x67, 0x4d, 0xad, 0xfc, 0x7e, 0x14, 0x6f, 0x88, 0x2b, 0x4f};
constexpr uint8_t kShared[kX25519Bytes] = {
    0x4a, 0x5d, 0x9d, 0x5b, 0xa4, 0xce, 0x2d, 0xe1, 0x72, 0x8e, 0x3b, 0xf4, 0x80, 0x35, 0x0f, 0x25,
    0xe0, 0x7e, 0x21, 0xc9, 0x47, 0xd1, 0x9e, 0x33, 0x76, 0xf0, 0x9b, 0x3c, 0x1e, 0x16, 0x17, 0x42};

bool equal(const uint8_t* left, const uint8_t* right) noexcept {
  return std::equal(left, left + kX25519Bytes, right);
}

}  // namespace

const char* X25519::open(SymbolLookup lookup) noexcept {
  if (const char* missing = find_evp_functions(lookup)) return missing;
  if (const char* failure = self_test()) return failure;
  find_direct_functions(lookup);
  if (!direct() || self_test() == nullptr) return nullptr;
  multiply_ = nullptr;
  multiply_base_ = nullptr;
  return nullptr;
}

const char* X25519::find_evp_functions(SymbolLookup lookup) noexcept {
  const char* missing = nullptr;
  const auto want = [&](const char* name, auto& function) {
    if (missing == nullptr && !find_function(lookup, name, function)) missing = name;
  };
  want("EVP_PKEY_new_raw_private_key", new_private_);
  want("EVP_PKEY_new_raw_public_key", new_public_);
  want("EVP_PKEY_get_raw_public_key", get_public_);
  want("EVP_PKEY_free", free_key_);
  want("EVP_PKEY_CTX_new", new_context_);
  want("EVP_PKEY_CTX_free", free_context_);
  want("EVP_PKEY_derive_init", derive_init_);
  want("EVP_PKEY_derive_set_peer", derive_set_peer_);
  want("EVP_PKEY_derive", derive_);
  want("ERR_set_mark", set_mark_);
  want("ERR_pop_to_mark", pop_to_mark_);
  return missing;
}

// Both or none. Their names are no promise of OpenSSL's, so only of releases that are known.
void X25519::find_direct_functions(SymbolLookup lookup) noexcept {
  unsigned (*major)() = nullptr;
  if (!find_function(lookup, "OPENSSL_version_major", major) || major() != kDirectMajor) return;
  if (find_function(lookup, "ossl_x25519_public_from_private", multiply_base_)) {
    find_function(lookup, "ossl_x25519", multiply_);
  }
}

const char* X25519::self_test() const noexcept {
  uint8_t out[kX25519Bytes];
  if (!public_key(kAlicePrivate, out) || !equal(out, kAlicePublic)) {
    return "X25519 gives a wrong public key";
  }
  if (!shared_secret(kAlicePrivate, kBobPublic, out) || !equal(out, kShared)) {
    return "X25519 gives a wrong secret";
  }
  constexpr uint8_t kLowOrder[kX25519Bytes] = {};
  if (shared_secret(kAlicePrivate, kLowOrder, out)) return "X25519 takes a point of low order";
  return nullptr;
}

bool X25519::shared_secret(const uint8_t* private_key, const uint8_t* public_key,
                           uint8_t* secret) const noexcept {
  if (direct()) {
    if (multiply_(secret, private_key, public_key) == 1) return true;
  } else {
    // What OpenSSL has to say about a bad key must not turn up in somebody else's error.
    set_mark_();
    const bool derived = derive(private_key, public_key, secret);
    pop_to_mark_();
    if (derived) return true;
  }
  wipe(secret, kX25519Bytes);
  return false;
}

bool X25519::public_key(const uint8_t* private_key, uint8_t* public_key) const noexcept {
  if (direct()) {
    multiply_base_(public_key, private_key);
    return true;
  }
  Key* key = new_private_(kTypeX25519, nullptr, private_key, kX25519Bytes);
  size_t bytes = kX25519Bytes;
  const bool got =
      key != nullptr && get_public_(key, public_key, &bytes) == 1 && bytes == kX25519Bytes;
  if (key != nullptr) free_key_(key);
  if (!got) wipe(public_key, kX25519Bytes);
  return got;
}

bool X25519::derive(const uint8_t* private_key, const uint8_t* public_key,
                    uint8_t* secret) const noexcept {
  Key* own = new_private_(kTypeX25519, nullptr, private_key, kX25519Bytes);
  Key* remote = new_public_(kTypeX25519, nullptr, public_key, kX25519Bytes);
  const bool derived = own != nullptr && remote != nullptr && derive(own, remote, secret);
  if (remote != nullptr) free_key_(remote);
  if (own != nullptr) free_key_(own);
  return derived;
}

bool X25519::derive(Key* own, Key* remote, uint8_t* secret) const noexcept {
  Context* context = new_context_(own, nullptr);
  if (context == nullptr) return false;
  size_t bytes = kX25519Bytes;
  const bool derived = derive_init_(context) == 1 && derive_set_peer_(context, remote) == 1 &&
                       derive_(context, secret, &bytes) == 1 && bytes == kX25519Bytes;
  free_context_(context);
  return derived;
}

}  // namespace burstwire
