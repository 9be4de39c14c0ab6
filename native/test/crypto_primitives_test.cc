// X25519 and SHA-256: both ways to each, and what happens where functions are missing.
#include <algorithm>
#include <cstring>

#include "../crypto/sha256.h"
#include "../crypto/x25519.h"
#include "check.h"
#include "crypto_fixture.h"

using namespace burstwire;
using namespace burstwire::test;

namespace {

const char* g_missing = nullptr;

void* lookup_without(const char* name) {
  return std::strcmp(name, g_missing) == 0 ? nullptr : lookup(name);
}

// As a process whose OpenSSL exports nothing but EVP.
void* lookup_evp(const char* name) {
  return std::strncmp(name, "EVP_", 4) == 0 || std::strncmp(name, "ERR_", 4) == 0 ? lookup(name)
                                                                                  : nullptr;
}

// The direct functions, played by the other way: libcrypto.so exports none of its own.
X25519 g_behind;
bool g_wrong = false;
int played_multiply(uint8_t* out, const uint8_t* private_key, const uint8_t* public_key) {
  const bool done = g_behind.shared_secret(private_key, public_key, out);
  if (g_wrong) out[31] ^= 1;
  return done ? 1 : 0;
}
void played_multiply_base(uint8_t* out, const uint8_t* private_key) {
  g_behind.public_key(private_key, out);
}
unsigned played_major() { return 3; }

void* lookup_direct(const char* name) {
  const auto address = [](auto function) { return reinterpret_cast<void*>(function); };
  if (std::strcmp(name, "OPENSSL_version_major") == 0) return address(played_major);
  if (std::strcmp(name, "ossl_x25519") == 0) return address(played_multiply);
  if (std::strcmp(name, "ossl_x25519_public_from_private") == 0) {
    return address(played_multiply_base);
  }
  return lookup(name);
}

// RFC 7748 section 5.2: the iterated test, `rounds` times.
Bytes iterate(const X25519& curve, int rounds) {
  Bytes k(kX25519Bytes, 0);
  k[0] = 9;
  Bytes u = k;
  for (int i = 0; i < rounds; i++) {
    Bytes next(kX25519Bytes);
    CHECK(curve.shared_secret(k.data(), u.data(), next.data()));
    u = k;
    k = next;
  }
  return k;
}

}  // namespace

TEST(x25519_iterates_as_rfc_7748_says) {
  if (!ready()) return;
  const Bytes after_1 = {0x42, 0x2c, 0x8e, 0x7a, 0x62, 0x27, 0xd7, 0xbc, 0xa1, 0x35, 0x0b,
                         0x3e, 0x2b, 0xb7, 0x27, 0x9f, 0x78, 0x97, 0xb8, 0x7b, 0xb6, 0x85,
                         0x4b, 0x78, 0x3c, 0x60, 0xe8, 0x03, 0x11, 0xae, 0x30, 0x79};
  const Bytes after_1000 = {0x68, 0x4c, 0xf5, 0x9b, 0xa8, 0x33, 0x09, 0x55, 0x28, 0x00, 0xef,
                            0x56, 0x6f, 0x2f, 0x4d, 0x3c, 0x1c, 0x38, 0x87, 0xc4, 0x93, 0x60,
                            0xe3, 0x87, 0x5f, 0x2e, 0xb9, 0x4d, 0x99, 0x53, 0x2c, 0x51};
  X25519 curve;
  REQUIRE(curve.open(lookup_evp) == nullptr);
  CHECK(!curve.direct());
  CHECK(iterate(curve, 1) == after_1);
  CHECK(iterate(curve, 1000) == after_1000);
}

TEST(x25519_takes_the_direct_way_only_while_it_is_right) {
  if (!ready()) return;
  REQUIRE(g_behind.open(lookup_evp) == nullptr);
  X25519 curve;
  REQUIRE(curve.open(lookup_direct) == nullptr);
  CHECK(curve.direct());
  CHECK(iterate(curve, 10) == iterate(g_behind, 10));
  g_wrong = true;
  X25519 wary;
  CHECK(wary.open(lookup_direct) == nullptr);
  CHECK(!wary.direct());
  g_wrong = false;
  CHECK(iterate(wary, 10) == iterate(g_behind, 10));
}

TEST(x25519_refuses_points_of_low_order_and_leaves_zeros) {
  if (!ready()) return;
  REQUIRE(g_behind.open(lookup_evp) == nullptr);
  X25519 direct;
  REQUIRE(direct.open(lookup_direct) == nullptr);
  Random random(1);
  const Bytes key = random_bytes(random, kX25519Bytes);
  for (const X25519* curve : {&g_behind, &direct}) {
    for (const uint8_t u : {uint8_t{0}, uint8_t{1}}) {
      Bytes point(kX25519Bytes, 0);
      point[0] = u;
      Bytes secret(kX25519Bytes, 7);
      CHECK(!curve->shared_secret(key.data(), point.data(), secret.data()));
      CHECK(secret == Bytes(kX25519Bytes, 0));
    }
  }
}

TEST(x25519_names_the_function_that_is_missing) {
  if (!ready()) return;
  g_missing = "EVP_PKEY_derive";
  X25519 curve;
  const char* missing = curve.open(lookup_without);
  REQUIRE(missing != nullptr);
  CHECK(std::strcmp(missing, "EVP_PKEY_derive") == 0);
}

TEST(both_ways_to_sha256_agree) {
  if (!ready()) return;
  Sha256 direct;
  Sha256 by_evp;
  REQUIRE(direct.open(lookup) == nullptr);
  REQUIRE(by_evp.open(lookup_evp) == nullptr);
  CHECK(direct.direct());
  CHECK(!by_evp.direct());
  Random random(2);
  for (size_t bytes = 0; bytes < 300; bytes++) {
    const Bytes data = random_bytes(random, bytes);
    const Bytes key = random_bytes(random, static_cast<size_t>(random.between(0, 150)));
    Bytes left(kSha256Bytes);
    Bytes right(kSha256Bytes);
    CHECK(direct.hash(data.data(), bytes, left.data()));
    CHECK(by_evp.hash(data.data(), bytes, right.data()));
    CHECK(left == right);
    CHECK(direct.hmac(key.data(), key.size(), data.data(), bytes, left.data()));
    CHECK(by_evp.hmac(key.data(), key.size(), data.data(), bytes, right.data()));
    CHECK(left == right);
  }
}

TEST(sha256_names_the_function_that_is_missing) {
  if (!ready()) return;
  const auto without_direct = [](const char* name) -> void* {
    return std::strcmp(name, "EVP_DigestUpdate") == 0 ? nullptr : lookup_evp(name);
  };
  Sha256 hashes;
  const char* missing = hashes.open(without_direct);
  REQUIRE(missing != nullptr);
  CHECK(std::strcmp(missing, "EVP_DigestUpdate") == 0);
}
