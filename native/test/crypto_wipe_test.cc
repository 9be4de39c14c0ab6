// After a key is retired, its bytes are nowhere in this process: all of its memory is searched.
//
// The needles are kept with every bit turned over, so that the search cannot find itself, and each
// search is first shown to find a key that is still in use.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "check.h"
#include "crypto_fixture.h"

using namespace burstwire;
using namespace burstwire::test;

namespace {

constexpr size_t kNeedleBytes = 12;  // enough to be no accident, and the size of an IV
constexpr size_t kBlock = 1 << 20;

Bytes turned_over(const uint8_t* bytes) {
  Bytes result(kNeedleBytes);
  for (size_t i = 0; i < kNeedleBytes; i++) result[i] = static_cast<uint8_t>(~bytes[i]);
  return result;
}

bool holds(const uint8_t* bytes, size_t size, const Bytes& turned) {
  const auto first = static_cast<uint8_t>(~turned[0]);
  const uint8_t* end = bytes + size;
  for (const uint8_t* at = bytes; size >= kNeedleBytes && at <= end - kNeedleBytes; at++) {
    at = static_cast<const uint8_t*>(std::memchr(at, first, static_cast<size_t>(end - at)));
    if (at == nullptr || at > end - kNeedleBytes) return false;
    size_t same = 0;
    while (same < kNeedleBytes && at[same] == static_cast<uint8_t>(~turned[same])) same++;
    if (same == kNeedleBytes) return true;
  }
  return false;
}

// Searches every writable mapping but the search's own buffer and what is too large to be ours (the
// shadow of a sanitizer).
bool memory_holds(const Bytes& turned) {
  static uint8_t buffer[kBlock + kNeedleBytes];
  bool found = false;
  std::FILE* maps = std::fopen("/proc/self/maps", "r");
  const int memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
  char line[512];
  while (!found && std::fgets(line, sizeof(line), maps) != nullptr) {
    // "from-to mode ...", in hexadecimal.
    char* rest = nullptr;
    const uint64_t from = std::strtoull(line, &rest, 16);
    const uint64_t to = std::strtoull(rest + 1, &rest, 16);
    const char* mode = rest + 1;
    if (mode[0] != 'r' || mode[1] != 'w' || to - from > UINT64_C(1) << 32) continue;
    for (uint64_t at = from; at < to && !found; at += kBlock) {
      const size_t wanted = std::min<uint64_t>(kBlock + kNeedleBytes, to - at);
      const auto own = reinterpret_cast<uint64_t>(buffer);
      if (at < own + sizeof(buffer) && own < at + wanted) {
        // In three parts, the middle one left out; a needle across their borders would be ours.
        const uint64_t parts[][2] = {{at, std::min(own, at + wanted)},
                                     {own + sizeof(buffer), at + wanted}};
        for (const auto& [begin, end] : parts) {
          if (begin >= end || begin < at) continue;
          const ssize_t got = pread(memory, buffer, end - begin, static_cast<off_t>(begin));
          found = found || (got > 0 && holds(buffer, static_cast<size_t>(got), turned));
        }
        continue;
      }
      const ssize_t got = pread(memory, buffer, wanted, static_cast<off_t>(at));
      found = got > 0 && holds(buffer, static_cast<size_t>(got), turned);
    }
  }
  wipe(buffer, sizeof(buffer));
  static_cast<void>(std::fclose(maps));
  close(memory);
  return found;
}

// What the test remembers of a key.
struct Needles {
  Bytes key;
  Bytes iv;
  Bytes header_key;
  bool any() const { return memory_holds(key) || memory_holds(iv) || memory_holds(header_key); }
};

void wipe_bytes(Bytes& bytes) { wipe(bytes.data(), bytes.size()); }

// The end of each: the allocator writes its own notes over the front of memory that is given back.
Bytes needle_of(const Bytes& secret) {
  return turned_over(secret.data() + secret.size() - kNeedleBytes);
}

Needles needles_of(const Secrets& secrets) {
  return {needle_of(secrets.key), needle_of(secrets.iv), needle_of(secrets.header_key)};
}

void forget(Secrets& secrets) {
  wipe_bytes(secrets.key);
  wipe_bytes(secrets.iv);
  wipe_bytes(secrets.header_key);
}

// Installs a key, wipes the test's own copy, and uses it.
[[gnu::noinline]] int32_t install_and_use(Endpoint& endpoint, Random& random, Aead aead,
                                          Direction direction, Needles& needles) {
  Secrets secrets = random_secrets(random, aead);
  needles = needles_of(secrets);
  const int32_t id = endpoint.install(secrets, direction);
  forget(secrets);
  PacketRows rows;
  for (int i = 0; i < 20; i++) {
    if (direction == Direction::kSeal) {
      rows.add_plain(id, i, Bytes(static_cast<size_t>(i * 70), 7));
    } else {
      rows.add(id, Bytes(static_cast<size_t>(29 + i * 70), 7));
    }
  }
  CHECK_EQ(direction == Direction::kSeal ? endpoint.seal(rows) : endpoint.open(rows),
           direction == Direction::kSeal ? 20 : 0);
  return id;
}

[[gnu::noinline]] bool update(Endpoint& endpoint, Random& random, int32_t id, Aead aead,
                              Needles& needles) {
  Secrets secrets = random_secrets(random, aead);
  needles = needles_of(secrets);
  const bool done = endpoint.update(id, secrets);
  forget(secrets);
  return done;
}

// Writes a secret into memory that is given back right after, wiped or not; returns its needle.
[[gnu::noinline]] Bytes leave_behind(Random& random, bool wiped) {
  auto* secret = new uint8_t[4096];
  for (size_t i = 0; i < 4096; i++) secret[i] = static_cast<uint8_t>(random.next());
  Bytes turned = turned_over(secret + 2000);
  if (wiped) wipe(secret, 4096);
  delete[] secret;
  return turned;
}

}  // namespace

TEST(wipe_is_not_optimised_away) {
  Random random(3);
  Bytes turned;
  for (const bool wiped : {false, true}) {
    turned = leave_behind(random, wiped);
    CHECK_EQ(memory_holds(turned), !wiped);
  }
}

TEST(a_retired_key_is_nowhere_in_memory) {
  if (!ready()) return;
  Random random(0x77697065);
  for (const std::string& name : kernels()) {
    for (const Aead aead : kAeads) {
      for (const Direction direction : {Direction::kSeal, Direction::kOpen}) {
        Endpoint endpoint(name);
        Needles needles;
        const int32_t id = install_and_use(endpoint, random, aead, direction, needles);
        CHECK(memory_holds(needles.key));  // the search finds what is there
        CHECK(memory_holds(needles.iv));
        CHECK(memory_holds(needles.header_key));
        endpoint.keys().retire(id);
        CHECK(!memory_holds(needles.key));
        CHECK(!memory_holds(needles.iv));
        CHECK(!memory_holds(needles.header_key));
      }
    }
  }
}

TEST(a_replaced_sealing_key_is_nowhere_in_memory) {
  if (!ready()) return;
  Random random(0x75706474);
  for (const std::string& name : kernels()) {
    Endpoint endpoint(name);
    Needles first;
    Needles second;
    const int32_t id = install_and_use(endpoint, random, Aead::kAes256Gcm, Direction::kSeal, first);
    CHECK(update(endpoint, random, id, Aead::kAes256Gcm, second));
    CHECK(!memory_holds(first.key) && !memory_holds(first.iv));
    CHECK(memory_holds(second.key) && memory_holds(second.iv));
    CHECK(memory_holds(first.header_key));
    endpoint.keys().retire_all();
    CHECK(!first.any());
    CHECK(!memory_holds(second.key) && !memory_holds(second.iv));
  }
}

TEST(a_key_of_the_phase_before_is_nowhere_in_memory_once_it_is_retired) {
  if (!ready()) return;
  Random random(0x70726576);
  for (const std::string& name : kernels()) {
    Endpoint endpoint(name);
    Secrets first = random_secrets(random, Aead::kAes256Gcm);
    Secrets second = next_phase(random, first);
    const Needles needles = needles_of(first);
    const int32_t id = endpoint.install(first, Direction::kOpen);
    CHECK(endpoint.update(id, second));
    Bytes packet = reference_packet(second, 0, 1, {1, 2, 3});
    forget(first);
    CHECK_EQ(endpoint.open_one(id, packet), 0);
    CHECK(memory_holds(needles.key) && memory_holds(needles.iv));
    endpoint.keys().retire_previous(id);
    CHECK(!memory_holds(needles.key));
    CHECK(!memory_holds(needles.iv));
    forget(second);
  }
}
