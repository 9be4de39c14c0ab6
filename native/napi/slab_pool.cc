// See slab_pool.h.
//
// Everywhere else external buffers are ruled out, since some embedders of V8 (Electron's memory
// cage) have none; here the refusal is an answer, and JavaScript allocates in its own way instead.
#undef NODE_API_NO_EXTERNAL_BUFFERS_ALLOWED
#include "slab_pool.h"

#include <sys/mman.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdlib>

namespace burstwire {
namespace {

// A chunk that the application keeps keeps its slab: small enough for that, and large enough that
// giving and taking back do not count.
constexpr size_t kSlabBytes = size_t{512} << 10;
// Kept for the next: what is collected in one go at some gigabits a second. What is more goes back
// to malloc.
constexpr size_t kMostKept = 128;
// V8 collects the young generation, which is cheap, when it allocates a buffer while its young
// buffers have 32 MiB, or 128 in later releases. By then the slabs have left the processor's
// caches, and V8 takes what they did to its count of external memory for growth and marks its whole
// heap, dozens of times a second. So every that many slabs weights make up the rest of them for a
// moment.
constexpr uint32_t kCollectEvery = 16;
constexpr size_t kWeightBytes = size_t{32} << 20;
constexpr size_t kWeights = 4;
// The smallest buffer that V8 does not keep in its heap.
constexpr size_t kPromptBytes = 128;

// Shared by all environments of the process: a worker's slab may be collected after its worker. The
// lock is held for a few instructions only. Without a destructor: slabs are given back until the
// very end of the process.
struct Pool {
  std::atomic_flag lock = ATOMIC_FLAG_INIT;
  size_t count = 0;
  std::array<void*, kMostKept> kept{};
  // Addresses without memory, for weights.
  void* weight = nullptr;
};
constinit Pool pool;

class Locked {
 public:
  Locked() noexcept {
    while (pool.lock.test_and_set(std::memory_order_acquire)) {
    }
  }
  ~Locked() { pool.lock.clear(std::memory_order_release); }
  Locked(const Locked&) = delete;
  Locked& operator=(const Locked&) = delete;
};

void* take() noexcept {
  const Locked locked;
  return pool.count > 0 ? pool.kept[--pool.count] : nullptr;
}

bool keep(void* slab) noexcept {
  const Locked locked;
  if (pool.count == kMostKept) return false;
  pool.kept[pool.count++] = slab;
  return true;
}

void give_back(napi_env, void* slab, void*) {
  if (!keep(slab)) std::free(slab);
}

// nullptr where no addresses are left.
void* weight() noexcept {
  const Locked locked;
  if (pool.weight == nullptr) {
    // Never read nor written: no page of it ever exists.
    void* const addresses =
        mmap(nullptr, kWeightBytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (addresses != MAP_FAILED) pool.weight = addresses;
  }
  return pool.weight;
}

void leave(napi_env, void*, void*) {}

void tell(napi_env env, int64_t bytes) noexcept {
  int64_t ignored = 0;
  napi_adjust_external_memory(env, bytes, &ignored);
}

// Makes V8 collect the young generation: weights are there while a buffer is allocated. They come
// and go one by one, so V8's count of external memory never rises by more than one of them, nor
// falls below what it was.
void prompt_collection(napi_env env) noexcept {
  constexpr auto kBytes = static_cast<int64_t>(kWeightBytes);
  void* const addresses = weight();
  if (addresses == nullptr) return;
  std::array<napi_value, kWeights> weights{};
  size_t count = 0;
  for (; count < kWeights; count++) {
    if (napi_create_external_arraybuffer(env, addresses, kWeightBytes, leave, nullptr,
                                         &weights[count]) != napi_ok) {
      break;
    }
    tell(env, -kBytes);
  }
  void* data = nullptr;
  napi_value prompt = nullptr;
  napi_create_arraybuffer(env, kPromptBytes, &data, &prompt);
  for (size_t i = 0; i < count; i++) {
    tell(env, kBytes);
    napi_detach_arraybuffer(env, weights[i]);
  }
}

// Of each thread, as V8's count of young buffers is.
thread_local uint32_t since_collection = 0;

}  // namespace

napi_value allocate_slab(napi_env env, napi_callback_info) {
  if (++since_collection == kCollectEvery) {
    since_collection = 0;
    prompt_collection(env);
  }
  void* slab = take();
  if (slab == nullptr) slab = std::malloc(kSlabBytes);
  if (slab == nullptr) return nullptr;
  napi_value result = nullptr;
  const napi_status status =
      napi_create_external_buffer(env, kSlabBytes, slab, give_back, nullptr, &result);
  // A buffer that was begun and not finished (its worker is being ended) is still collected, and
  // gives the slab back then: once more, and it would have two owners.
  if (status == napi_ok || status == napi_generic_failure) return result;
  give_back(env, slab, nullptr);
  return nullptr;
}

}  // namespace burstwire
