// Header masks: every way to make them against one cipher call a sample.
#include <algorithm>

#include "check.h"
#include "crypto_fixture.h"

using namespace burstwire;
using namespace burstwire::test;

namespace {

// The lanes that this machine can run, from the widest to the plain ones.
std::vector<ChaChaMasks> chacha_variants() {
  CpuFeatures cpu = read_cpu_features();
  std::vector<ChaChaMasks> variants{choose_chacha_masks(cpu)};
  cpu.avx512 = false;
  variants.push_back(choose_chacha_masks(cpu));
  cpu.avx2 = false;
  variants.push_back(choose_chacha_masks(cpu));
  return variants;
}

void check_masks(Random& random, Aead aead, ChaChaMasks chacha, size_t count) {
  const Bytes key = random_bytes(random, key_bytes(aead));
  const auto header_key = HeaderKey::make(evp(), chacha, aead, key.data());
  REQUIRE(header_key != nullptr);
  const Bytes samples = random_bytes(random, count * kSampleBytes);
  Bytes masks = samples;
  CHECK(header_key->make_masks(masks.data(), count));
  for (size_t i = 0; i < count; i++) {
    const auto from = static_cast<ptrdiff_t>(i * kSampleBytes);
    const Bytes sample(samples.begin() + from, samples.begin() + from + 16);
    const Bytes expected = reference_mask(aead, key, sample);
    CHECK(std::equal(expected.begin(), expected.end(), masks.begin() + from));
  }
}

}  // namespace

TEST(masks_of_any_number_of_samples_equal_the_reference) {
  if (!ready()) return;
  Random random(1);
  for (const Aead aead : kAeads) {
    for (const ChaChaMasks chacha : chacha_variants()) {
      for (size_t count = 1; count <= 64; count++) check_masks(random, aead, chacha, count);
    }
  }
}

TEST(masks_are_those_of_rfc_9001_appendix_a) {
  if (!ready()) return;
  // A.2: the client's first packet.
  const Bytes aes_key = {0x9f, 0x50, 0x44, 0x9e, 0x04, 0xa0, 0xe8, 0x10,
                         0x28, 0x3a, 0x1e, 0x99, 0x33, 0xad, 0xed, 0xd2};
  Bytes aes_sample = {0xd1, 0xb1, 0xc9, 0x8d, 0xd7, 0x68, 0x9f, 0xb8,
                      0xec, 0x11, 0xd2, 0x42, 0xb1, 0x23, 0xdc, 0x9b};
  const Bytes aes_mask = {0x43, 0x7b, 0x9a, 0xec, 0x36};
  const auto aes = HeaderKey::make(evp(), nullptr, Aead::kAes128Gcm, aes_key.data());
  CHECK(aes->make_masks(aes_sample.data(), 1));
  CHECK(std::equal(aes_mask.begin(), aes_mask.end(), aes_sample.begin()));
  // A.5: a packet with ChaCha20.
  const Bytes chacha_key = {0x25, 0xa2, 0x82, 0xb9, 0xe8, 0x2f, 0x06, 0xf2, 0x1f, 0x48, 0x89,
                            0x17, 0xa4, 0xfc, 0x8f, 0x1b, 0x73, 0x57, 0x36, 0x85, 0x60, 0x85,
                            0x97, 0xd0, 0xef, 0xcb, 0x07, 0x6b, 0x0a, 0xb7, 0xa7, 0xa4};
  const Bytes chacha_sample = {0x5e, 0x5c, 0xd5, 0x5c, 0x41, 0xf6, 0x90, 0x80,
                               0x57, 0x5d, 0x79, 0x99, 0xc2, 0x5a, 0x5b, 0xfb};
  const Bytes chacha_mask = {0xae, 0xfe, 0xfe, 0x7d, 0x03};
  for (const ChaChaMasks variant : chacha_variants()) {
    Bytes sample = chacha_sample;
    variant(chacha_key.data(), sample.data(), 1);
    CHECK(std::equal(chacha_mask.begin(), chacha_mask.end(), sample.begin()));
  }
}
