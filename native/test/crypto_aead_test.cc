// Every kernel that this machine runs, one message at a time, against EVP used the slow way.
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>

#include "../crypto/ipsec_mb_aead.h"
#include "../crypto/self_test.h"
#include "check.h"
#include "crypto_fixture.h"

using namespace burstwire;
using namespace burstwire::test;

namespace {

constexpr size_t kHeader = 13;

// A message that ends exactly where memory ends, or begins where it begins: whatever a kernel reads
// or writes beside it is a crash.
class GuardedMemory {
 public:
  GuardedMemory() {
    const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
    map_bytes_ = kBytes + 2 * page;
    void* map = mmap(nullptr, map_bytes_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    map_ = static_cast<uint8_t*>(map);
    first_ = map_ + page;
    mprotect(first_, kBytes, PROT_READ | PROT_WRITE);
  }
  ~GuardedMemory() { munmap(map_, map_bytes_); }
  GuardedMemory(const GuardedMemory&) = delete;
  GuardedMemory& operator=(const GuardedMemory&) = delete;

  uint8_t* at_start() { return first_; }
  uint8_t* at_end(size_t bytes) { return first_ + kBytes - bytes; }
  static constexpr size_t kBytes = 16 * 4096;

 private:
  uint8_t* map_ = nullptr;
  uint8_t* first_ = nullptr;
  size_t map_bytes_ = 0;
};

struct Sample {
  Aead aead;
  Bytes key;
  Bytes nonce;
  Bytes header;
  Bytes payload;
  Bytes body;  // ciphertext and tag
};

Sample make_sample(Random& random, Aead aead, size_t payload_bytes) {
  Sample sample{aead,
                random_bytes(random, key_bytes(aead)),
                random_bytes(random, kNonceBytes),
                random_bytes(random, kHeader),
                random_bytes(random, payload_bytes),
                {}};
  sample.body = reference_aead(aead, sample.key, sample.nonce, sample.header, sample.payload);
  return sample;
}

// Seals and opens `sample` at `bytes`.
void round_trip(const AeadMaker& maker, const Sample& sample, uint8_t* bytes) {
  const auto sealing = maker.make(sample.aead, Direction::kSeal, sample.key.data());
  const auto opening = maker.make(sample.aead, Direction::kOpen, sample.key.data());
  REQUIRE(sealing != nullptr && opening != nullptr);
  const Message message{bytes, kHeader, sample.payload.size()};
  std::copy(sample.header.begin(), sample.header.end(), message.bytes);
  std::copy(sample.payload.begin(), sample.payload.end(), message.payload());
  // Twice with one key: the second must not depend on the first.
  for (int round = 0; round < 2; round++) {
    CHECK(sealing->seal(sample.nonce.data(), message));
    CHECK(std::equal(sample.body.begin(), sample.body.end(), message.payload()));
    CHECK(opening->open(sample.nonce.data(), message));
    CHECK(std::equal(sample.payload.begin(), sample.payload.end(), message.payload()));
    CHECK(std::equal(sample.header.begin(), sample.header.end(), message.bytes));
  }
}

void for_each_maker(void (*body)(const AeadMaker& maker, Aead aead)) {
  if (!ready()) return;
  const std::vector<std::string> names = kernels();
  CHECK(!names.empty());
  for (const std::string& name : names) {
    const Kernel kernel = kernel_named(name);
    for (const Aead aead : kAeads) body(*kernel.maker, aead);
  }
}

}  // namespace

TEST(every_level_of_ipsec_mb_that_the_processor_has_is_among_the_kernels) {
  if (!ready()) return;
  const std::vector<std::string> names = kernels();
  CHECK_EQ(std::count(names.begin(), names.end(), "openssl evp"), 1);
  for (const IpsecMbLevel level : kIpsecMbLevels) {
    const bool runs = ipsec_mb_available(read_cpu_features(), level);
    CHECK_EQ(std::count(names.begin(), names.end(), ipsec_mb_name(level)), runs ? 1 : 0);
    std::printf("    %s: %s\n", ipsec_mb_name(level),
                runs               ? "tested"
                : ipsec_mb_built() ? "not on this CPU"
                                   : "not in this build");
  }
}

TEST(all_short_payloads_and_many_long_ones_equal_the_reference) {
  for_each_maker([](const AeadMaker& maker, Aead aead) {
    Random random(1);
    Bytes memory(kHeader + 70'000 + kTagBytes);
    for (size_t size = 0; size <= 300; size++) {
      round_trip(maker, make_sample(random, aead, size), memory.data());
    }
    for (const size_t size : {767U, 768U, 769U, 1171U, 1371U, 1400U, 1423U, 8923U, 65'498U}) {
      round_trip(maker, make_sample(random, aead, size), memory.data());
    }
    for (int i = 0; i < 200 && failures() == 0; i++) {
      const auto size = static_cast<size_t>(random.between(0, 9000));
      round_trip(maker, make_sample(random, aead, size), memory.data() + random.between(0, 64));
    }
  });
}

TEST(no_kernel_reads_or_writes_beside_the_message) {
  for_each_maker([](const AeadMaker& maker, Aead aead) {
    Random random(2);
    GuardedMemory memory;
    for (size_t size = 0; size <= 1500; size += size < 300 ? 1 : 37) {
      const Sample sample = make_sample(random, aead, size);
      round_trip(maker, sample, memory.at_start());
      round_trip(maker, sample, memory.at_end(kHeader + size + kTagBytes));
    }
  });
}

TEST(a_message_damaged_at_any_byte_is_refused_and_wiped) {
  for_each_maker([](const AeadMaker& maker, Aead aead) {
    Random random(3);
    for (const size_t size : {0U, 1U, 15U, 16U, 17U, 64U, 100U, 300U}) {
      const Sample sample = make_sample(random, aead, size);
      const auto opening = maker.make(aead, Direction::kOpen, sample.key.data());
      for (size_t at = 0; at < kHeader + size + kTagBytes; at++) {
        Bytes bytes = sample.header;
        bytes.insert(bytes.end(), sample.body.begin(), sample.body.end());
        bytes[at] = static_cast<uint8_t>(bytes[at] ^ 1 << random.between(0, 7));
        const Message message{bytes.data(), kHeader, size};
        CHECK(!opening->open(sample.nonce.data(), message));
        CHECK(std::all_of(message.payload(), message.tag(), [](uint8_t b) { return b == 0; }));
      }
    }
  });
}

TEST(another_nonce_or_key_opens_nothing) {
  for_each_maker([](const AeadMaker& maker, Aead aead) {
    Random random(4);
    const Sample sample = make_sample(random, aead, 50);
    for (size_t bit = 0; bit < kNonceBytes * 8; bit++) {
      Bytes bytes = sample.header;
      bytes.insert(bytes.end(), sample.body.begin(), sample.body.end());
      Bytes nonce = sample.nonce;
      nonce[bit / 8] = static_cast<uint8_t>(nonce[bit / 8] ^ 1 << bit % 8);
      const auto opening = maker.make(aead, Direction::kOpen, sample.key.data());
      CHECK(!opening->open(nonce.data(), {bytes.data(), kHeader, 50}));
    }
    for (size_t bit = 0; bit < key_bytes(aead) * 8; bit++) {
      Bytes bytes = sample.header;
      bytes.insert(bytes.end(), sample.body.begin(), sample.body.end());
      Bytes key = sample.key;
      key[bit / 8] = static_cast<uint8_t>(key[bit / 8] ^ 1 << bit % 8);
      const auto opening = maker.make(aead, Direction::kOpen, key.data());
      CHECK(!opening->open(sample.nonce.data(), {bytes.data(), kHeader, 50}));
    }
  });
}

namespace {

// Functions with the right names that do something else.
int forges_no_tag(EvpContext*, uint8_t*, int* size) {
  *size = 0;
  return 1;
}

void* lookup_without_gcm(const char* name) {
  return std::string(name) == "EVP_aes_256_gcm" ? nullptr : lookup(name);
}
void* lookup_that_accepts_every_tag(const char* name) {
  return std::string(name) == "EVP_DecryptFinal_ex" ? reinterpret_cast<void*>(forges_no_tag)
                                                    : lookup(name);
}
void* lookup_with_swapped_ciphers(const char* name) {
  return lookup(std::string(name) == "EVP_aes_128_gcm" ? "EVP_aes_192_gcm" : name);
}
void* lookup_with_swapped_header_ciphers(const char* name) {
  return lookup(std::string(name) == "EVP_aes_256_ecb" ? "EVP_aes_192_ecb" : name);
}

}  // namespace

TEST(a_process_without_openssl_or_with_another_one_gets_no_kernel_and_a_reason) {
  if (!ready()) return;
  const CpuFeatures plain;
  const KernelResult missing = open_kernel(lookup_without_gcm, plain, "auto");
  CHECK(missing.kernel.maker == nullptr);
  CHECK(missing.reason.find("EVP_aes_256_gcm") != std::string::npos);
  for (const SymbolLookup odd : {lookup_that_accepts_every_tag, lookup_with_swapped_ciphers,
                                 lookup_with_swapped_header_ciphers}) {
    const KernelResult result = open_kernel(odd, plain, "auto");
    CHECK(result.kernel.maker == nullptr);
    CHECK(result.reason.find("self-test") != std::string::npos);
    std::string reason;
    CHECK(usable_kernels(odd, plain, reason).empty());
    CHECK(reason.find("self-test") != std::string::npos);
  }
}

TEST(a_kernel_asked_for_by_name_is_that_one_or_none) {
  if (!ready()) return;
  for (const std::string& name : kernels()) {
    const Kernel kernel = kernel_named(name);
    CHECK_EQ(std::string(kernel.maker->name()), name);
  }
  CHECK_EQ(std::string(kernel_named("evp").maker->name()), "openssl evp");
  for (const char* name : {"", "ipsec-mb neon", "EVP"}) {
    const KernelResult result = open_kernel(lookup, read_cpu_features(), name);
    CHECK(result.kernel.maker == nullptr);
    CHECK(!result.reason.empty());
  }
  // A processor without AES has no kernel of IPsec-MB.
  CHECK_EQ(std::string(open_kernel(lookup, CpuFeatures{}, "auto").kernel.maker->name()),
           "openssl evp");
  CHECK(open_kernel(lookup, CpuFeatures{}, "ipsec-mb").kernel.maker == nullptr);
}
