// protection-ceiling: how fast packet protection could be. A plain loop over the EVP calls that a
// packet cannot do without, beside the addon's own seal and open in the same process, over the same
// rows.
//
// Prints one JSON line per AEAD, packet size and direction: nanoseconds a packet, the fastest of
// many rounds that take turns, so that a slow moment of the machine hits all alike. Not part of the
// addon and not run by tests; benchmarks build and run it. Arguments: seconds per line (default 1).
//
//   cmake -S . -B build/micro -DCMAKE_BUILD_TYPE=Release -DBURSTWIRE_MICRO=ON
//   cmake --build build/micro --target protection_ceiling && build/micro/protection_ceiling
#include <dlfcn.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "crypto/kernels.h"
#include "crypto/packet_run.h"

namespace burstwire {
namespace {

constexpr int32_t kRows = 64;
constexpr int32_t kOverheadBytes = kPacketHeaderBytes + kPacketTagBytes;
constexpr uint8_t kKeyBytes[kMostKeyBytes] = {1, 2, 3};
constexpr uint8_t kIv[kNonceBytes] = {4, 5, 6};

double now_ns() {
  return std::chrono::duration<double, std::nano>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

void* lookup(const char* name) { return dlsym(RTLD_DEFAULT, name); }

// A batch of equal packets, back to back in the slab.
struct Batch {
  explicit Batch(int32_t packet_bytes)
      : bytes(packet_bytes),
        slab(static_cast<size_t>(packet_bytes) * kRows),
        rows(static_cast<size_t>(kRowInts) * kRows) {}

  uint8_t* packet(int32_t row) { return slab.data() + static_cast<ptrdiff_t>(row) * bytes; }
  Message message(int32_t row) {
    return {packet(row), static_cast<size_t>(kPacketHeaderBytes),
            static_cast<size_t>(bytes - kOverheadBytes)};
  }
  // Rows as the core leaves them before a call.
  void prepare(int32_t key, int64_t first_number) {
    for (int32_t row = 0; row < kRows; row++) {
      int32_t* columns = rows.data() + static_cast<ptrdiff_t>(row) * kRowInts;
      columns[kOffset] = row * bytes;
      columns[kLength] = bytes;
      columns[kStatus] = 0;
      columns[kKey] = key;
      const auto number = static_cast<double>(first_number + row);
      std::memcpy(columns + kPacketNumber, &number, sizeof(number));
    }
  }
  void write_headers() {
    for (int32_t row = 0; row < kRows; row++) packet(row)[0] = 0x40;
  }

  int32_t bytes;
  std::vector<uint8_t> slab;
  std::vector<int32_t> rows;
};

// The loop itself: what EVP_EncryptInit(3) asks for, a packet at a time, one context.
class EvpLoop {
 public:
  EvpLoop(const EvpFunctions& functions, Aead aead, Direction direction)
      : evp_(functions), context_(functions.context_new()) {
    const EvpCipher* ciphers[] = {evp_.aes_128_gcm(), evp_.aes_256_gcm(), evp_.chacha20_poly1305()};
    const auto init = direction == Direction::kSeal ? evp_.encrypt_init : evp_.decrypt_init;
    init(context_, ciphers[static_cast<size_t>(aead)], nullptr, kKeyBytes, nullptr);
  }
  ~EvpLoop() { evp_.context_free(context_); }
  EvpLoop(const EvpLoop&) = delete;
  EvpLoop& operator=(const EvpLoop&) = delete;

  void seal(Batch& batch, int64_t first_number) {
    int written = 0;
    uint8_t nonce[kNonceBytes];
    for (int32_t row = 0; row < kRows; row++) {
      const Message m = batch.message(row);
      write_nonce(kIv, first_number + row, nonce);
      evp_.encrypt_init(context_, nullptr, nullptr, nullptr, nonce);
      evp_.encrypt_update(context_, nullptr, &written, m.bytes, kPacketHeaderBytes);
      evp_.encrypt_update(context_, m.payload(), &written, m.payload(),
                          static_cast<int>(m.payload_bytes));
      evp_.encrypt_final(context_, m.tag(), &written);
      evp_.control(context_, kEvpGetTag, kPacketTagBytes, m.tag());
    }
  }

  // True when every tag fits.
  bool open(Batch& batch, int64_t first_number) {
    int written = 0;
    int good = 0;
    uint8_t nonce[kNonceBytes];
    for (int32_t row = 0; row < kRows; row++) {
      const Message m = batch.message(row);
      write_nonce(kIv, first_number + row, nonce);
      evp_.decrypt_init(context_, nullptr, nullptr, nullptr, nonce);
      evp_.control(context_, kEvpSetTag, kPacketTagBytes, m.tag());
      evp_.decrypt_update(context_, nullptr, &written, m.bytes, kPacketHeaderBytes);
      evp_.decrypt_update(context_, m.payload(), &written, m.payload(),
                          static_cast<int>(m.payload_bytes));
      good += evp_.decrypt_final(context_, nonce, &written);
    }
    return good == kRows;
  }

 private:
  const EvpFunctions& evp_;
  EvpContext* context_;
};

// One contender: `prepare` is not timed.
struct Contender {
  std::string name;
  double best_ns = 1e12;
  double last_ns = 0;

  void note(double total_ns) {
    last_ns = total_ns / kRows;
    best_ns = std::min(best_ns, last_ns);
  }
};

[[noreturn]] void fail(const char* what) {
  std::fprintf(stderr, "protection-ceiling: %s\n", what);
  std::exit(1);
}

// The addon's code with one kernel.
struct Ours {
  Ours(const std::string& kernel, Aead aead) {
    KernelResult result = open_kernel(lookup, read_cpu_features(), kernel);
    if (result.kernel.maker == nullptr) fail(result.reason.c_str());
    contender.name = kernel;
    protection = std::make_unique<PacketProtection>(std::move(result.kernel), 2, INT64_MAX);
    seal_id =
        protection->keys().install({aead, Direction::kSeal, kKeyBytes, kIv, kKeyBytes}, counts);
    open_id =
        protection->keys().install({aead, Direction::kOpen, kKeyBytes, kIv, kKeyBytes}, counts);
  }

  RowView view(Batch& batch) {
    return {batch.slab.data(), batch.slab.size(), batch.rows.data(), counts};
  }
  void seal(Batch& batch, int64_t number, bool timed) {
    batch.prepare(seal_id, number);
    batch.write_headers();
    const double start = now_ns();
    const int32_t done = protection->seal(view(batch), 0, kRows);
    if (timed) contender.note(now_ns() - start);
    if (done != kRows) fail("a row was not sealed");
  }
  void open(Batch& batch, int64_t number) {
    seal(batch, number, false);
    batch.prepare(open_id, number);
    const double start = now_ns();
    const int32_t done = protection->open(view(batch), 0, kRows);
    contender.note(now_ns() - start);
    if (done != kRows) fail("a row was not opened");
  }

  Contender contender;
  double counts[2 * kKeyCounts] = {};
  std::unique_ptr<PacketProtection> protection;
  int32_t seal_id = 0;
  int32_t open_id = 0;
};

// Header protection alone, over the same rows: samples, masks, five bytes each.
void mask_batch(HeaderKey& key, Batch& batch) {
  alignas(64) uint8_t masks[kRows * kSampleBytes];
  for (int32_t row = 0; row < kRows; row++) {
    std::memcpy(masks + static_cast<size_t>(row) * kSampleBytes,
                batch.packet(row) + kPacketHeaderBytes, kSampleBytes);
  }
  if (!key.make_masks(masks, kRows)) fail("no masks");
  for (int32_t row = 0; row < kRows; row++) {
    apply_mask(batch.packet(row), masks + static_cast<size_t>(row) * kSampleBytes);
  }
}

constexpr const char* kAeadNames[] = {"aes-128-gcm", "aes-256-gcm", "chacha20-poly1305"};

void run(Aead aead, int32_t packet_bytes, Direction direction, double seconds) {
  EvpFunctions evp;
  if (find_evp(lookup, evp) != nullptr) fail("no libcrypto in this process");
  std::string reason;
  std::vector<std::unique_ptr<Ours>> ours;
  for (const std::string& name : usable_kernels(lookup, read_cpu_features(), reason)) {
    // Only AES has kernels of its own.
    if (aead == Aead::kChaCha20Poly1305 && name != "openssl evp") continue;
    ours.push_back(std::make_unique<Ours>(name, aead));
  }
  EvpLoop sealing(evp, aead, Direction::kSeal);
  EvpLoop opening(evp, aead, Direction::kOpen);
  const auto header_key =
      HeaderKey::make(evp, choose_chacha_masks(read_cpu_features()), aead, kKeyBytes);
  Batch batch(packet_bytes);
  Contender loop{"evp loop"};
  Contender masks{"header protection"};
  const double end = now_ns() + seconds * 1e9;
  for (int64_t number = 0; now_ns() < end; number += kRows) {
    batch.prepare(1, number);
    double start = now_ns();
    sealing.seal(batch, number);
    if (direction == Direction::kOpen) {
      start = now_ns();
      if (!opening.open(batch, number)) fail("the loop did not open what it sealed");
    }
    loop.note(now_ns() - start);
    start = now_ns();
    mask_batch(*header_key, batch);
    masks.note(now_ns() - start);
    for (auto& contender : ours) {
      if (direction == Direction::kSeal) {
        contender->seal(batch, number, true);
      } else {
        contender->open(batch, number);
      }
    }
  }
  std::printf("{\"aead\":\"%s\",\"bytes\":%d,\"direction\":\"%s\"",
              kAeadNames[static_cast<size_t>(aead)], packet_bytes,
              direction == Direction::kSeal ? "seal" : "open");
  std::printf(",\"evp loop\":%.1f,\"header protection\":%.1f", loop.best_ns, masks.best_ns);
  for (const auto& contender : ours) {
    std::printf(",\"%s\":%.1f", contender->contender.name.c_str(), contender->contender.best_ns);
  }
  std::printf("}\n");
  std::fflush(stdout);
}

}  // namespace
}  // namespace burstwire

int main(int argc, char** argv) {
  using burstwire::Aead;
  using burstwire::Direction;
  // OpenSSL is looked up in the process, as in the addon; here it has to be brought in first.
  if (dlopen("libcrypto.so.3", RTLD_NOW | RTLD_GLOBAL) == nullptr) {
    std::fprintf(stderr, "protection-ceiling: %s\n", dlerror());
    return 1;
  }
  const double seconds = argc > 1 ? std::strtod(argv[1], nullptr) : 1;
  constexpr Aead kAeads[] = {Aead::kAes128Gcm, Aead::kAes256Gcm, Aead::kChaCha20Poly1305};
  for (const Aead aead : kAeads) {
    for (const int32_t bytes : {64, 1400}) {
      for (const Direction direction : {Direction::kSeal, Direction::kOpen}) {
        burstwire::run(aead, bytes, direction, seconds);
      }
    }
  }
  return 0;
}
