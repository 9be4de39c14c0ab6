// Key updates as a receiver sees them, and what every key is asked to do: one try a packet, one
// packet a nonce.
#include <algorithm>
#include <set>

#include "check.h"
#include "crypto_fixture.h"

using namespace burstwire;
using namespace burstwire::test;

namespace {

// Calls `body` for every kernel and AEAD.
void for_each(void (*body)(const std::string& kernel, Aead aead)) {
  if (!ready()) return;
  for (const std::string& name : kernels()) {
    for (const Aead aead : kAeads) body(name, aead);
  }
}

}  // namespace

TEST(a_packet_of_the_other_phase_goes_to_the_one_other_key) {
  for_each([](const std::string& kernel, Aead aead) {
    Random random(8);
    Endpoint endpoint(kernel);
    std::vector<Secrets> phases{random_secrets(random, aead)};
    for (int i = 0; i < 3; i++) phases.push_back(next_phase(random, phases.back()));
    const int32_t id = endpoint.install(phases[0], Direction::kOpen);
    const auto send = [&](size_t phase, std::initializer_list<int64_t> numbers) {
      PacketRows rows;
      for (const int64_t number : numbers) {
        rows.add(id, reference_packet(phases[phase], number, static_cast<int>(phase % 2), {1}));
      }
      endpoint.open(rows);
      std::vector<int32_t> fates;
      for (int32_t row = 0; row < rows.size(); row++) {
        fates.push_back(rows.status(row) != 0 ? rows.status(row) : rows.flags(row));
      }
      return fates;
    };
    using Fates = std::vector<int32_t>;
    constexpr int32_t kForged = kStatusForged;
    CHECK(send(0, {0, 1, 2}) == Fates({0, 0, 0}));
    CHECK(send(1, {3}) == Fates({kForged}));  // no next key yet
    CHECK(endpoint.update(id, phases[1]));
    CHECK(send(0, {4}) == Fates({0}));                // waiting is not switching
    CHECK(send(1, {4}) == Fates({kStatusReplayed}));  // nor does a replay switch
    CHECK(send(0, {5}) == Fates({0}));
    CHECK(send(1, {8, 9}) == Fates({kFlagKeyUpdated, 0}));
    CHECK(send(0, {6, 6, 7}) == Fates({kFlagPreviousKey, kStatusReplayed, kFlagPreviousKey}));
    CHECK(send(2, {10}) == Fates({kForged}));
    endpoint.keys().retire_previous(id);
    CHECK(send(0, {3}) == Fates({kForged}));
    CHECK(endpoint.update(id, phases[2]));
    // Two switches cannot come in one batch: there is no key for the second.
    CHECK(send(2, {11, 12}) == Fates({kFlagKeyUpdated, 0}));
    CHECK(send(3, {13}) == Fates({kForged}));
    CHECK(send(1, {10}) == Fates({kFlagPreviousKey}));
    CHECK_EQ(endpoint.count(id, kKeyCountForged), 4);
    CHECK_EQ(endpoint.count(id, kKeyCountLargest), 12);
  });
}

namespace {

// Counts how often each key is asked, and notes every nonce it seals with.
struct Trace {
  int opens = 0;
  std::set<std::pair<const AeadKey*, Bytes>> nonces;
  bool repeated = false;
};

class TracedKey final : public AeadKey {
 public:
  TracedKey(std::unique_ptr<AeadKey> key, Trace& trace) : key_(std::move(key)), trace_(trace) {}
  bool seal(const uint8_t* nonce, const Message& message) noexcept override {
    const bool fresh = trace_.nonces.emplace(this, Bytes(nonce, nonce + kNonceBytes)).second;
    trace_.repeated = trace_.repeated || !fresh;
    return key_->seal(nonce, message);
  }
  bool open(const uint8_t* nonce, const Message& message) noexcept override {
    trace_.opens++;
    return key_->open(nonce, message);
  }
  bool rekey(Direction direction, const uint8_t* key) noexcept override {
    // Another key: no nonce was used with it.
    std::erase_if(trace_.nonces, [this](const auto& used) { return used.first == this; });
    return key_->rekey(direction, key);
  }

 private:
  std::unique_ptr<AeadKey> key_;
  Trace& trace_;
};

class TracedMaker final : public AeadMaker {
 public:
  TracedMaker(std::unique_ptr<AeadMaker> maker, Trace& trace)
      : maker_(std::move(maker)), trace_(trace) {}
  const char* name() const noexcept override { return maker_->name(); }
  std::unique_ptr<AeadKey> make(Aead aead, Direction direction,
                                const uint8_t* key) const noexcept override {
    return std::make_unique<TracedKey>(maker_->make(aead, direction, key), trace_);
  }

 private:
  std::unique_ptr<AeadMaker> maker_;
  Trace& trace_;
};

Kernel traced_kernel(Trace& trace) {
  Kernel kernel = kernel_named("auto");
  kernel.maker = std::make_unique<TracedMaker>(std::move(kernel.maker), trace);
  return kernel;
}

}  // namespace

TEST(no_packet_is_tried_with_more_than_one_key) {
  if (!ready()) return;
  Trace trace;
  Random random(9);
  Endpoint endpoint(traced_kernel(trace), 4);
  std::vector<Secrets> phases{random_secrets(random, Aead::kAes128Gcm)};
  const int32_t id = endpoint.install(phases[0], Direction::kOpen);
  for (int64_t number = 0; number < 20'000; number++) {
    if (random.one_in(200)) {
      phases.push_back(next_phase(random, phases.back()));
      if (!endpoint.update(id, phases.back())) phases.pop_back();
    }
    if (random.one_in(150)) endpoint.keys().retire_previous(id);
    const size_t back = static_cast<size_t>(random.between(0, 2));
    const size_t phase = phases.size() - 1 - std::min(back, phases.size() - 1);
    Bytes packet = reference_packet(phases[phase], number, static_cast<int>(phase % 2), {1, 2});
    if (random.one_in(4)) packet = random_bytes(random, packet.size());
    const int before = trace.opens;
    endpoint.open_one(id, packet);
    CHECK(trace.opens - before <= 1);
  }
  CHECK(phases.size() > 5);
  CHECK(trace.opens > 10'000);
}

TEST(no_key_seals_with_a_nonce_twice_whatever_the_rows_say) {
  if (!ready()) return;
  Trace trace;
  Random random(10);
  Endpoint endpoint(traced_kernel(trace), 4);
  Secrets secrets = random_secrets(random, Aead::kAes128Gcm);
  const int32_t id = endpoint.install(secrets, Direction::kSeal);
  double number = 0;
  for (int batch = 0; batch < 1000; batch++) {
    PacketRows rows;
    for (int i = 0; i < 20; i++) {
      number = std::max(0.0, number + random.between(-6, 8));
      rows.add_plain(id, random.one_in(3000) ? number + 4294967296.0 : number, {1});
    }
    endpoint.seal(rows);
    if (random.one_in(100)) {
      secrets = next_phase(random, secrets);
      endpoint.update(id, secrets);
    }
    if (random.one_in(3)) number = endpoint.count(id, kKeyCountLargest) - 10;
  }
  CHECK(!trace.repeated);
  CHECK(trace.nonces.size() > 3000);
}
