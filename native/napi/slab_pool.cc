// See slab_pool.h.
//
// Everywhere else external buffers are ruled out, since some embedders of V8 (Electron's memory
// cage) have none; here the refusal is an answer, and JavaScript allocates in its own way instead.
#undef NODE_API_NO_EXTERNAL_BUFFERS_ALLOWED
#include "slab_pool.h"

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

// Shared by all environments of the process: a worker's slab may be collected after its worker. The
// lock is held for a few instructions only. Without a destructor: slabs are given back until the
// very end of the process.
struct Pool {
  std::atomic_flag lock = ATOMIC_FLAG_INIT;
  size_t count = 0;
  std::array<void*, kMostKept> kept{};
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

}  // namespace

napi_value allocate_slab(napi_env env, napi_callback_info) {
  void* slab = take();
  if (slab == nullptr) slab = std::malloc(kSlabBytes);
  if (slab == nullptr) return nullptr;
  napi_value result = nullptr;
  const napi_status status =
      napi_create_external_buffer(env, kSlabBytes, slab, give_back, nullptr, &result);
  if (status == napi_ok) return result;
  // A buffer that was begun and not finished (its worker is being ended) is still collected, and
  // gives the slab back then: once more, and it would have two owners.
  if (status != napi_generic_failure) give_back(env, slab, nullptr);
  return nullptr;
}

}  // namespace burstwire
