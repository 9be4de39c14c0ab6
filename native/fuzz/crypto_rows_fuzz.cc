// Packet protection over rows and bytes that the fuzzer writes: keys come and go, packets are
// sealed, damaged and opened, and rows say whatever they like.
//
// The slab ends where readable memory ends, so that a byte beyond it is a crash also in the
// assembly of a kernel, which no sanitizer sees into. Checked besides: what is done is counted, no
// row is settled without a status, and no payload stays behind that was not authenticated.
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>

#include "../crypto/ipsec_mb_aead.h"
#include "../test/crypto_fixture.h"

using namespace burstwire;
using namespace burstwire::test;

namespace {

constexpr int32_t kRows = 24;
constexpr int32_t kSlots = 6;
constexpr size_t kSlabBytes = 4096;

void require(bool condition) {
  if (!condition) std::abort();
}

// The fuzzer's bytes, one decision at a time; zeros when they have run out.
class Input {
 public:
  Input(const uint8_t* data, size_t size) : data_(data), left_(size) {}
  bool empty() const { return left_ == 0; }
  uint8_t byte() {
    if (left_ == 0) return 0;
    left_--;
    return *data_++;
  }
  int32_t integer() {
    uint32_t value = 0;
    for (int i = 0; i < 4; i++) value = value << 8 | byte();
    return static_cast<int32_t>(value);
  }

 private:
  const uint8_t* data_;
  size_t left_;
};

uint8_t* guarded_slab() {
  const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  void* map = mmap(nullptr, kSlabBytes + page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  mprotect(map, kSlabBytes, PROT_READ | PROT_WRITE);
  return static_cast<uint8_t*>(map);
}

// One of the kernels that run here, without its self-test.
Kernel any_kernel(uint8_t choice) {
  const CpuFeatures cpu = read_cpu_features();
  Kernel kernel{evp(), choose_chacha_masks(cpu), nullptr};
  if (choice % 4 < 3) {
    kernel.maker = make_ipsec_mb_maker(evp(), cpu, kIpsecMbLevels[choice % 4]);
  }
  if (kernel.maker == nullptr) kernel.maker = std::make_unique<EvpAeadMaker>(evp());
  return kernel;
}

class Machine {
 public:
  Machine(Input& input, uint8_t* slab)
      : input_(input), endpoint_(any_kernel(input.byte()), kSlots), slab_(slab) {
    std::memset(slab_, 0x55, kSlabBytes);
  }

  void step() {
    const uint8_t what = input_.byte();
    const int detail = what >> 3;
    switch (what % 8) {
      case 0:
        install(detail);
        break;
      case 1:
        update(any_id(), detail >> 1);
        break;
      case 2:
        (detail & 1) != 0 ? endpoint_.keys().retire(any_id())
                          : endpoint_.keys().retire_previous(any_id());
        break;
      case 3:
        lay_out(detail);
        break;
      case 4:
        run(Direction::kSeal);
        break;
      case 5:
        deliver();
        run(Direction::kOpen);
        break;
      case 6:
        slab_[static_cast<uint32_t>(input_.integer()) % kSlabBytes] ^= input_.byte();
        break;
      default:
        rows_[input_.byte() % rows_.size()] = input_.integer();
    }
  }

 private:
  // Both ends of a connection. The ids of one that was retired stay, stale.
  struct Pair {
    int32_t seal_id = -1;
    int32_t open_id = -1;
  };

  static Secrets secrets(int seed) {
    Random random(static_cast<uint64_t>(seed));
    return random_secrets(random, kAeads[static_cast<size_t>(seed) % 3]);
  }
  void install(int seed) {
    Pair& pair = pairs_[static_cast<size_t>(seed) % pairs_.size()];
    pair.seal_id = endpoint_.install(secrets(seed), Direction::kSeal);
    pair.open_id = endpoint_.install(secrets(seed), Direction::kOpen);
    require(pair.seal_id != 0 && pair.open_id != 0);
  }
  // As the addon does: whoever has no slot is not asked for a key, and a key is as long as the
  // slot's AEAD wants it.
  void update(int32_t id, int seed) {
    const KeySlot* slot = endpoint_.keys().find(id);
    if (slot == nullptr) return;
    Random random(static_cast<uint64_t>(seed));
    endpoint_.update(id, random_secrets(random, slot->aead));
  }
  int32_t any_id() {
    const uint8_t choice = input_.byte();
    const Pair& pair = pairs_[choice / 2U % pairs_.size()];
    return choice % 2 == 0 ? pair.seal_id : pair.open_id;
  }

  // Rows as the core would write them: back to back, numbers rising.
  void lay_out(int spacing) {
    const int32_t id = any_id();
    int32_t offset = input_.byte();
    for (size_t row = 0; row < kRows; row++) {
      int32_t* columns = rows_.data() + row * kRowInts;
      const int32_t length = 29 + input_.byte() % (spacing + 1) * 4;
      columns[kOffset] = offset;
      columns[kLength] = length;
      columns[kStatus] = 0;
      columns[kKey] = id;
      columns[kSource] = input_.byte() % 4;
      columns[kSourceOffset] = input_.byte();
      columns[kSourceLength] = input_.byte() % 2 == 0 ? 0 : input_.byte();
      const double number = next_number_++;
      std::memcpy(columns + kPacketNumber, &number, sizeof(number));
      offset += length;
    }
  }
  // What one end sealed, the other one gets.
  void deliver() {
    for (size_t row = 0; row < kRows; row++) {
      int32_t& key = rows_[row * kRowInts + kKey];
      for (const Pair& pair : pairs_) {
        if (key == pair.seal_id) key = pair.open_id;
      }
    }
  }

  void run(Direction direction) {
    const auto before = rows_;
    const auto slab = Bytes(slab_, slab_ + kSlabBytes);
    // One that ends where readable memory ends, one that is gone, and one that is the slab itself.
    const Source sources[] = {{slab_ + kSlabBytes - 100, 100}, {nullptr, 0}, {slab_, kSlabBytes}};
    const RowView view = {slab_, kSlabBytes, rows_.data(), endpoint_.counts(), sources, 3};
    PacketProtection& protection = endpoint_.protection();
    const int32_t done = direction == Direction::kSeal ? protection.seal(view, 0, kRows)
                                                       : protection.open(view, 0, kRows);
    int32_t good = 0;
    for (size_t row = 0; row < kRows; row++) {
      const int32_t* now = rows_.data() + row * kRowInts;
      const int32_t* then = before.data() + row * kRowInts;
      const bool settled = then[kStatus] != 0;
      if (!settled && now[kStatus] == 0) good++;
      require(!settled || std::equal(then, then + kRowInts, now));
      for (const int32_t same : {kOffset, kLength, kRemote, kLocal, kConnection, kKey, kSource,
                                 kSourceOffset, kSourceLength}) {
        require(now[same] == then[same]);
      }
      if (!settled && now[kStatus] == kStatusForged) check_forged(now);
    }
    require(good == done);
    require(done > 0 || direction == Direction::kOpen ||
            std::equal(slab.begin(), slab.end(), slab_));
  }
  // Rows may overlap, and a later one may have written here; a row alone must be all zero.
  void check_forged(const int32_t* row) {
    for (size_t other = 0; other < kRows; other++) {
      const int32_t* columns = rows_.data() + other * kRowInts;
      const int64_t begin = columns[kOffset];
      const int64_t end = begin + columns[kLength];
      const bool apart = end <= row[kOffset] || begin >= int64_t{row[kOffset]} + row[kLength];
      if (columns != row && !apart) return;
    }
    const uint8_t* packet = slab_ + row[kOffset];
    require(std::all_of(packet + kPacketHeaderBytes, packet + row[kLength],
                        [](uint8_t byte) { return byte == 0; }));
  }

  Input& input_;
  Endpoint endpoint_;
  uint8_t* slab_;
  std::array<int32_t, static_cast<size_t>(kRows) * kRowInts> rows_{};
  std::array<Pair, 3> pairs_;
  double next_number_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (!ready()) return 0;
  static uint8_t* slab = guarded_slab();
  Input input(data, size);
  Machine machine(input, slab);
  while (!input.empty()) machine.step();
  return 0;
}
