// Addresses as small integers: a bounded table of the peers of one socket.
//
// A flood of spoofed sources costs a fixed amount of memory: a new address takes the place of one
// that was silent. Does not send or receive, and keeps no strings. Called by receive.cc for each
// message, by trains.cc for each train, by the addon for addresses that JavaScript names.
//
// Owns: entries and hash chains (allocated once; untouched pages cost nothing). Borrows until
// destruction: `columns`, the generations and pins that JavaScript sees. Invariant: an id means one
// address as long as its generation stays; it is not given away while it is pinned, nor in the
// receive call that reported it, nor between `intern` and the end of the next send.
#pragma once

#include <netinet/in.h>

#include <cstdint>
#include <memory>

namespace burstwire {

// An address in one form for both families: IPv4 as ::ffff:a.b.c.d. Port in host order.
struct PeerKey {
  in6_addr address{};
  uint32_t scope = 0;
  uint16_t port = 0;

  bool is_ipv4() const noexcept { return IN6_IS_ADDR_V4MAPPED(&address) != 0; }
};

bool operator==(const PeerKey& left, const PeerKey& right) noexcept;

// Reads the sockaddr that the kernel wrote; false for another family or a short one.
bool read_sockaddr(const sockaddr* address, socklen_t size, PeerKey& key) noexcept;
// Writes the sockaddr for a socket of `family`; returns its size.
socklen_t write_sockaddr(const PeerKey& key, int family, sockaddr_in6& storage) noexcept;

struct PeerEntry {
  PeerKey key;
  // The key as the socket's family wants it: written once, used by every send.
  sockaddr_in6 name{};
  socklen_t name_size = 0;
  uint32_t hash = 0;
  int32_t next = 0;  // in the hash chain; 0 = end
  uint32_t received_epoch = 0;
  uint32_t interned_epoch = 0;
  bool used = false;  // since the clock hand passed
  // Trains are refused on the way to this peer; above 0: until this time (SystemCalls::now_ms).
  int64_t gso_denied_until_ms = 0;
};

class PeerTable {
 public:
  // `columns` holds (capacity + 1) * kPeerInts places, zero at first. `family` is the socket's.
  PeerTable(int family, int32_t capacity, int32_t* columns, double* counters) noexcept;

  bool valid() const noexcept { return entries_ != nullptr && heads_ != nullptr; }
  // The id of a source or local address that was just received, or 0 when the ids that were looked
  // at are all held.
  int32_t intern_received(const PeerKey& key) noexcept;
  // The id of a destination that JavaScript names, or 0 when every id is held.
  int32_t intern_named(const PeerKey& key) noexcept;
  // The entry of a live id; nullptr for anything else.
  PeerEntry* find(int32_t id) noexcept { return id > 0 && id <= live_ ? &entries_[id] : nullptr; }
  // A receive call begins: ids of the one before may be given away.
  void begin_receive() noexcept { received_epoch_++; }
  // A send call is over: ids named for it may be given away.
  void end_send() noexcept { interned_epoch_++; }

 private:
  int32_t intern(const PeerKey& key, int32_t most_steps) noexcept;
  int32_t lookup(const PeerKey& key, uint32_t hash) const noexcept;
  int32_t claim_slot(int32_t most_steps) noexcept;
  int32_t evict(int32_t most_steps) noexcept;
  void unlink(int32_t id) noexcept;
  uint32_t hash_of(const PeerKey& key) const noexcept;

  struct FreeDeleter {
    void operator()(void* memory) const noexcept;
  };

  int family_;
  int32_t capacity_;
  int32_t* columns_;
  double* counters_;
  uint32_t mask_;
  std::unique_ptr<PeerEntry[], FreeDeleter> entries_;
  std::unique_ptr<int32_t[], FreeDeleter> heads_;
  int32_t live_ = 0;  // ids 1..live_ are in use
  int32_t hand_ = 0;
  int32_t last_ = 0;  // the id found last: most datagrams come from the peer before
  uint32_t received_epoch_ = 1;
  uint32_t interned_epoch_ = 1;
  uint64_t secret_[3] = {};
};

}  // namespace burstwire
