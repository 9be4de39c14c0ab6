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
// Slabs under way that V8 is not told of: it takes every one for growth, and would mark its whole
// heap many times a second for memory that the next small collection gives back. Those above are
// told, so an application that keeps what it reads is seen.
constexpr size_t kMostUntold = 192;
// The smallest buffer that V8 does not keep in its heap; see `prompt_collection`.
constexpr size_t kPromptBytes = 128;

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

std::atomic<size_t> untold{0};
// Where finalizers point whose slab was not told.
char untold_mark;

void tell(napi_env env, int64_t bytes) noexcept {
  int64_t ignored = 0;
  napi_adjust_external_memory(env, bytes, &ignored);
}

// Takes the slab, which V8 has just counted, out of its count again, while there are few of these.
void leave_untold(napi_env env) noexcept { tell(env, -static_cast<int64_t>(kSlabBytes)); }

// V8 13 (Node 23, 24) and later end a process whose count falls below zero, as it does between a
// collection and its finalizers.
bool may_count_fall(napi_env env) noexcept {
  const napi_node_version* version = nullptr;
  return napi_get_node_version(env, &version) == napi_ok && version->major < 23;
}

bool may_be_untold() noexcept {
  if (untold.fetch_add(1, std::memory_order_relaxed) < kMostUntold) return true;
  untold.fetch_sub(1, std::memory_order_relaxed);
  return false;
}

void give_back(napi_env env, void* slab, void* mark) {
  if (mark != nullptr) {
    untold.fetch_sub(1, std::memory_order_relaxed);
    tell(env, static_cast<int64_t>(kSlabBytes));
  }
  if (!keep(slab)) std::free(slab);
}

// V8 looks whether its young buffers have become many (32 MiB) only when it allocates one itself.
// Then it collects the young generation, which is cheap; the slabs come back and stay warm.
void prompt_collection(napi_env env) noexcept {
  void* data = nullptr;
  napi_value prompt = nullptr;
  napi_create_arraybuffer(env, kPromptBytes, &data, &prompt);
}

}  // namespace

napi_value allocate_slab(napi_env env, napi_callback_info) {
  prompt_collection(env);
  void* slab = take();
  if (slab == nullptr) slab = std::malloc(kSlabBytes);
  if (slab == nullptr) return nullptr;
  void* const mark = may_count_fall(env) && may_be_untold() ? &untold_mark : nullptr;
  napi_value result = nullptr;
  const napi_status status =
      napi_create_external_buffer(env, kSlabBytes, slab, give_back, mark, &result);
  // A buffer that was begun and not finished (its worker is being ended) is still collected, and
  // gives the slab back then: once more, and it would have two owners.
  if (status == napi_ok || status == napi_generic_failure) {
    if (mark != nullptr) leave_untold(env);
    return result;
  }
  if (mark != nullptr) untold.fetch_sub(1, std::memory_order_relaxed);
  give_back(env, slab, nullptr);
  return nullptr;
}

}  // namespace burstwire
