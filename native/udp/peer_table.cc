// The peer table: hash chains keyed with a secret, so that a sender of chosen addresses cannot make
// one chain long, and a clock hand (second chance) for eviction, so that a one-shot source leaves
// before a peer that talks.
#include "peer_table.h"

#include <sys/random.h>

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <cstring>

#include "../batch/layout.h"

namespace burstwire {
namespace {

// How many entries the hand may pass for one new source: bounds the work that a flood can ask for
// when nearly every id is held. Addresses that JavaScript names may pass all of them.
constexpr int32_t kMostHandSteps = 1024;

// Folds the 128-bit product: each bit of either factor reaches each bit of the result.
uint64_t fold(uint64_t left, uint64_t right) noexcept {
  // __int128 is a compiler extension, which -Wpedantic would rightly name.
  __extension__ using Wide = unsigned __int128;
  const Wide product = static_cast<Wide>(left) * right;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

template <typename T>
T* zeroed(size_t count) noexcept {
  // calloc: pages that are never touched are never committed, so a large table is cheap until it is
  // needed.
  return static_cast<T*>(std::calloc(count, sizeof(T)));
}

}  // namespace

void PeerTable::FreeDeleter::operator()(void* memory) const noexcept { std::free(memory); }

bool operator==(const PeerKey& left, const PeerKey& right) noexcept {
  return left.port == right.port && left.scope == right.scope &&
         std::memcmp(&left.address, &right.address, sizeof left.address) == 0;
}

bool read_sockaddr(const sockaddr* address, socklen_t size, PeerKey& key) noexcept {
  if (size < sizeof(sa_family_t)) return false;
  if (address->sa_family == AF_INET && size >= sizeof(sockaddr_in)) {
    sockaddr_in ipv4{};
    std::memcpy(&ipv4, address, sizeof ipv4);
    key = {};
    key.address.s6_addr[10] = 0xff;
    key.address.s6_addr[11] = 0xff;
    std::memcpy(key.address.s6_addr + 12, &ipv4.sin_addr, sizeof ipv4.sin_addr);
    key.port = ntohs(ipv4.sin_port);
    return true;
  }
  if (address->sa_family == AF_INET6 && size >= sizeof(sockaddr_in6)) {
    sockaddr_in6 ipv6{};
    std::memcpy(&ipv6, address, sizeof ipv6);
    key.address = ipv6.sin6_addr;
    key.scope = ipv6.sin6_scope_id;
    key.port = ntohs(ipv6.sin6_port);
    return true;
  }
  return false;
}

socklen_t write_sockaddr(const PeerKey& key, int family, sockaddr_in6& storage) noexcept {
  storage = {};
  if (family == AF_INET) {
    sockaddr_in ipv4{};
    ipv4.sin_family = AF_INET;
    ipv4.sin_port = htons(key.port);
    std::memcpy(&ipv4.sin_addr, key.address.s6_addr + 12, sizeof ipv4.sin_addr);
    std::memcpy(&storage, &ipv4, sizeof ipv4);
    return sizeof ipv4;
  }
  storage.sin6_family = AF_INET6;
  storage.sin6_port = htons(key.port);
  storage.sin6_addr = key.address;
  storage.sin6_scope_id = key.scope;
  return sizeof storage;
}

PeerTable::PeerTable(int family, int32_t capacity, int32_t* columns, double* counters) noexcept
    : family_(family),
      capacity_(capacity),
      columns_(columns),
      counters_(counters),
      mask_(std::bit_ceil(static_cast<uint32_t>(capacity)) - 1),
      entries_(zeroed<PeerEntry>(static_cast<size_t>(capacity) + 1)),
      heads_(zeroed<int32_t>(static_cast<size_t>(mask_) + 1)) {
  if (getrandom(secret_, sizeof secret_, GRND_NONBLOCK) != sizeof secret_) {
    // Only before the kernel's pool is ready, at boot. The address of the table still differs
    // between processes.
    secret_[0] ^= reinterpret_cast<uintptr_t>(this);
  }
  // Odd factors lose no bits.
  for (uint64_t& part : secret_) part |= 1;
}

uint32_t PeerTable::hash_of(const PeerKey& key) const noexcept {
  uint64_t words[2];
  std::memcpy(words, &key.address, sizeof words);
  const uint64_t rest = (static_cast<uint64_t>(key.scope) << 16) | key.port;
  uint64_t hash = fold(words[0] ^ secret_[0], words[1] ^ secret_[1]);
  hash = fold(hash ^ rest, secret_[2]);
  return static_cast<uint32_t>(hash ^ (hash >> 32));
}

int32_t PeerTable::lookup(const PeerKey& key, uint32_t hash) const noexcept {
  for (int32_t id = heads_[hash & mask_]; id != 0; id = entries_[id].next) {
    if (entries_[id].hash == hash && entries_[id].key == key) return id;
  }
  return 0;
}

int32_t PeerTable::intern_received(const PeerKey& key) noexcept {
  const int32_t id = intern(key, kMostHandSteps);
  if (id != 0) entries_[id].received_epoch = received_epoch_;
  return id;
}

int32_t PeerTable::intern_named(const PeerKey& key) noexcept {
  const int32_t id = intern(key, capacity_);
  if (id != 0) entries_[id].interned_epoch = interned_epoch_;
  return id;
}

int32_t PeerTable::intern(const PeerKey& key, int32_t most_steps) noexcept {
  if (last_ != 0 && entries_[last_].key == key) {
    entries_[last_].used = true;
    return last_;
  }
  const uint32_t hash = hash_of(key);
  int32_t id = lookup(key, hash);
  if (id != 0) {
    entries_[id].used = true;
    last_ = id;
    return id;
  }
  id = claim_slot(most_steps);
  if (id == 0) {
    counters_[kCountPeerOverflows] += 1;
    return 0;
  }
  PeerEntry& entry = entries_[id];
  entry = {};
  entry.key = key;
  entry.hash = hash;
  entry.name_size = write_sockaddr(key, family_, entry.name);
  entry.next = heads_[hash & mask_];
  heads_[hash & mask_] = id;
  columns_[id * kPeerInts + kPeerGeneration] =
      static_cast<int32_t>(static_cast<uint32_t>(columns_[id * kPeerInts + kPeerGeneration]) + 1);
  last_ = id;
  return id;
}

int32_t PeerTable::claim_slot(int32_t most_steps) noexcept {
  if (live_ < capacity_) return ++live_;
  const int32_t id = evict(most_steps);
  if (id == 0) return 0;
  unlink(id);
  counters_[kCountPeerEvictions] += 1;
  return id;
}

// The first entry that was silent since the hand passed; where all talk, the first that nobody
// holds: peers that talk must not keep a new one out.
int32_t PeerTable::evict(int32_t most_steps) noexcept {
  int32_t talker = 0;
  const int32_t most = std::min(capacity_, most_steps);
  for (int32_t step = 0; step < most; step++) {
    // Enough for a second chance; the rest of the table is only for the case that all are held.
    if (talker != 0 && step >= kMostHandSteps) break;
    hand_ = hand_ >= capacity_ ? 1 : hand_ + 1;
    PeerEntry& entry = entries_[hand_];
    if (columns_[hand_ * kPeerInts + kPeerPins] > 0) continue;
    if (entry.received_epoch == received_epoch_ || entry.interned_epoch == interned_epoch_)
      continue;
    if (!entry.used) return hand_;
    entry.used = false;
    if (talker == 0) talker = hand_;
  }
  return talker;
}

void PeerTable::unlink(int32_t id) noexcept {
  int32_t* link = &heads_[entries_[id].hash & mask_];
  while (*link != id) link = &entries_[*link].next;
  *link = entries_[id].next;
}

}  // namespace burstwire
