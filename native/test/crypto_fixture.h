// What the tests of native/crypto share: OpenSSL brought into the process, every kernel that runs
// on this machine, batches of packets, and a packet sealed the slow way.
//
// The slow way follows docs/wire-format.md with a new cipher context for every step, and shares no
// code with native/crypto but the table of EVP's functions. Where there is no libcrypto, `ready`
// says so once and the tests return. Invariant: the bytes between the packets of a batch are
// kGuard.
#pragma once

#include <dlfcn.h>

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "../crypto/kernels.h"
#include "random.h"

namespace burstwire::test {

using Bytes = std::vector<uint8_t>;

inline void* lookup(const char* name) { return dlsym(RTLD_DEFAULT, name); }

// True when OpenSSL is in this process.
inline bool ready() {
  static const bool found = [] {
    for (const char* name : {"libcrypto.so.3", "libcrypto.so.1.1", "libcrypto.so"}) {
      if (dlopen(name, RTLD_NOW | RTLD_GLOBAL) != nullptr) return true;
    }
    std::printf("skipped: this machine has no libcrypto\n");
    return false;
  }();
  return found;
}

inline const EvpFunctions& evp() {
  static const EvpFunctions functions = [] {
    EvpFunctions table;
    find_evp(lookup, table);
    return table;
  }();
  return functions;
}

inline std::vector<std::string> kernels() {
  std::string reason;
  return usable_kernels(lookup, read_cpu_features(), reason);
}

inline Kernel kernel_named(const std::string& name) {
  return std::move(open_kernel(lookup, read_cpu_features(), name).kernel);
}

inline constexpr Aead kAeads[] = {Aead::kAes128Gcm, Aead::kAes256Gcm, Aead::kChaCha20Poly1305};

inline Bytes random_bytes(Random& random, size_t size) {
  Bytes bytes(size);
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random.next());
  return bytes;
}

// One direction's secrets.
struct Secrets {
  Aead aead = Aead::kAes128Gcm;
  Bytes key;
  Bytes iv;
  Bytes header_key;

  KeyMaterial material(Direction direction) const {
    return {aead, direction, key.data(), iv.data(), header_key.data()};
  }
};

inline Secrets random_secrets(Random& random, Aead aead) {
  return {aead, random_bytes(random, key_bytes(aead)), random_bytes(random, kNonceBytes),
          random_bytes(random, key_bytes(aead))};
}

// Key and IV of the next phase; the header key stays.
inline Secrets next_phase(Random& random, const Secrets& before) {
  Secrets next = random_secrets(random, before.aead);
  next.header_key = before.header_key;
  return next;
}

// --- the slow way -------------------------------------------------------------------------------

// Ciphertext and tag of one message.
inline Bytes reference_aead(Aead aead, const Bytes& key, const Bytes& nonce, const Bytes& header,
                            const Bytes& payload) {
  const EvpCipher* ciphers[] = {evp().aes_128_gcm(), evp().aes_256_gcm(),
                                evp().chacha20_poly1305()};
  EvpContext* context = evp().context_new();
  int size = 0;
  Bytes result(payload.size() + kTagBytes);
  evp().encrypt_init(context, ciphers[static_cast<size_t>(aead)], nullptr, key.data(),
                     nonce.data());
  evp().encrypt_update(context, nullptr, &size, header.data(), static_cast<int>(header.size()));
  if (!payload.empty()) {
    evp().encrypt_update(context, result.data(), &size, payload.data(),
                         static_cast<int>(payload.size()));
  }
  evp().encrypt_final(context, result.data() + payload.size(), &size);
  evp().control(context, kEvpGetTag, kTagBytes, result.data() + payload.size());
  evp().context_free(context);
  return result;
}

// The first five bytes of AES-ECB, or of ChaCha20's key stream.
inline Bytes reference_mask(Aead aead, const Bytes& header_key, const Bytes& sample) {
  using Cipher = const EvpCipher* (*)();
  const bool chacha = aead == Aead::kChaCha20Poly1305;
  const auto* cipher = chacha ? reinterpret_cast<Cipher>(lookup("EVP_chacha20"))()
                       : aead == Aead::kAes128Gcm ? evp().aes_128_ecb()
                                                  : evp().aes_256_ecb();
  EvpContext* context = evp().context_new();
  int size = 0;
  Bytes result(64);
  const Bytes zeros(5);
  evp().encrypt_init(context, cipher, nullptr, header_key.data(), chacha ? sample.data() : nullptr);
  evp().encrypt_update(context, result.data(), &size, chacha ? zeros.data() : sample.data(),
                       chacha ? 5 : 16);
  evp().context_free(context);
  result.resize(5);
  return result;
}

inline Bytes reference_header(int64_t number, int phase) {
  Bytes header = {0x40, 1, 2, 3, 4, 5, 6, 7, 8};
  header[0] = static_cast<uint8_t>(header[0] | phase << 2);
  for (int shift = 24; shift >= 0; shift -= 8) {
    header.push_back(static_cast<uint8_t>(number >> shift));
  }
  return header;
}

// A whole packet. `phase`: 0 or 1.
inline Bytes reference_packet(const Secrets& secrets, int64_t number, int phase,
                              const Bytes& payload) {
  Bytes packet = reference_header(number, phase);
  Bytes nonce = secrets.iv;
  for (size_t i = 0; i < 8; i++) {
    nonce[11 - i] = static_cast<uint8_t>(nonce[11 - i] ^ static_cast<uint8_t>(number >> (8 * i)));
  }
  const Bytes body = reference_aead(secrets.aead, secrets.key, nonce, packet, payload);
  packet.insert(packet.end(), body.begin(), body.end());
  const Bytes sample(packet.begin() + 13, packet.begin() + 29);
  const Bytes mask = reference_mask(secrets.aead, secrets.header_key, sample);
  packet[0] = static_cast<uint8_t>(packet[0] ^ (mask[0] & 0x1f));
  for (size_t i = 0; i < 4; i++) packet[9 + i] = static_cast<uint8_t>(packet[9 + i] ^ mask[1 + i]);
  return packet;
}

// --- batches ------------------------------------------------------------------------------------

inline constexpr uint8_t kGuard = 0xee;
inline constexpr size_t kGuardBytes = 5;

class PacketRows {
 public:
  PacketRows() : slab_(kGuardBytes, kGuard) {}

  // A packet as it arrived.
  void add(int32_t key, const Bytes& packet) { append(key, packet, 0); }
  // A packet to seal.
  void add_plain(int32_t key, double number, const Bytes& payload) {
    Bytes packet = reference_header(0, 0);
    packet.insert(packet.end(), payload.begin(), payload.end());
    packet.resize(packet.size() + kTagBytes, 0);
    append(key, packet, number);
  }

  int32_t size() const { return static_cast<int32_t>(rows_.size()) / kRowInts; }
  int32_t& column(int32_t row, int32_t place) {
    return rows_[static_cast<size_t>(row) * kRowInts + static_cast<size_t>(place)];
  }
  int32_t status(int32_t row) { return column(row, kStatus); }
  int32_t flags(int32_t row) { return column(row, kFlags); }
  double number(int32_t row) {
    double value = 0;
    std::memcpy(&value, &column(row, kPacketNumber), sizeof(value));
    return value;
  }
  Bytes packet(int32_t row) {
    const auto from = slab_.begin() + column(row, kOffset);
    return {from, from + column(row, kLength)};
  }
  Bytes payload(int32_t row) {
    const Bytes whole = packet(row);
    return {whole.begin() + kPacketHeaderBytes, whole.end() - kPacketTagBytes};
  }
  Bytes& slab() { return slab_; }
  std::vector<int32_t>& rows() { return rows_; }
  bool guards_hold() {
    size_t at = 0;
    for (int32_t row = 0; row <= size(); row++) {
      const bool last = row == size();
      const size_t end = last ? slab_.size() : static_cast<size_t>(column(row, kOffset));
      for (; at < end; at++) {
        if (slab_[at] != kGuard) return false;
      }
      if (!last) at = end + static_cast<size_t>(column(row, kLength));
    }
    return true;
  }

 private:
  void append(int32_t key, const Bytes& packet, double number) {
    const auto offset = static_cast<int32_t>(slab_.size());
    slab_.insert(slab_.end(), packet.begin(), packet.end());
    slab_.insert(slab_.end(), kGuardBytes, kGuard);
    rows_.resize(rows_.size() + kRowInts);
    const int32_t row = size() - 1;
    column(row, kOffset) = offset;
    column(row, kLength) = static_cast<int32_t>(packet.size());
    column(row, kKey) = key;
    std::memcpy(&column(row, kPacketNumber), &number, sizeof(number));
  }

  Bytes slab_;
  std::vector<int32_t> rows_;
};

// A protection with the counters it borrows.
class Endpoint {
 public:
  explicit Endpoint(const std::string& kernel, int32_t slots = 16, int64_t limit = kSealLimit)
      : Endpoint(kernel_named(kernel), slots, limit) {}
  Endpoint(Kernel kernel, int32_t slots, int64_t limit = kSealLimit)
      : counts_(static_cast<size_t>(slots) * kKeyCounts),
        protection_(std::make_unique<PacketProtection>(std::move(kernel), slots, limit)) {}

  int32_t install(const Secrets& secrets, Direction direction) {
    return keys().install(secrets.material(direction), counts_.data());
  }
  bool update(int32_t id, const Secrets& next) {
    return keys().update(id, next.key.data(), next.iv.data(), counts_.data());
  }
  int32_t seal(PacketRows& rows) { return protection_->seal(view(rows), 0, rows.size()); }
  int32_t open(PacketRows& rows) { return protection_->open(view(rows), 0, rows.size()); }
  // One packet; its status.
  int32_t open_one(int32_t key, const Bytes& packet) {
    PacketRows rows;
    rows.add(key, packet);
    open(rows);
    return rows.status(0);
  }
  double count(int32_t id, int32_t place) const {
    const size_t slot = static_cast<size_t>(id & ((1 << kKeySlotBits) - 1));
    return counts_[slot * kKeyCounts + static_cast<size_t>(place)];
  }
  KeyTable& keys() { return protection_->keys(); }
  RowView view(PacketRows& rows) {
    return {rows.slab().data(), rows.slab().size(), rows.rows().data(), counts_.data()};
  }
  PacketProtection& protection() { return *protection_; }
  double* counts() { return counts_.data(); }

 private:
  std::vector<double> counts_;
  std::unique_ptr<PacketProtection> protection_;
};

}  // namespace burstwire::test
