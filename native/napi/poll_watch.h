// Readiness of one descriptor, told by the event loop that the environment runs on.
//
// Owns: the uv_poll_t and the environment's clean-up hook. Does not own the descriptor and never
// reads it. Used by socket_wrap.cc only. Lives on the heap by itself, since libuv frees a handle
// one turn after its close: it outlives the socket that made it. Invariant: after close() the owner
// is never called again; the clean-up hook is removed only once the handle is gone, so a worker
// that is terminated in mid-traffic leaves no open handle in its loop.
#pragma once

#include <node_api.h>
#include <uv.h>

namespace burstwire {

class PollWatch {
 public:
  // What the owner is told. Both may close the watch.
  struct Owner {
    virtual void on_ready(int events) = 0;  // kReadable, kWritable
    virtual void on_teardown() = 0;         // the environment ends: close everything now
   protected:
    ~Owner() = default;
  };
  static constexpr int kReadable = UV_READABLE;
  static constexpr int kWritable = UV_WRITABLE;

  // Starts watching for nothing. nullptr when the loop refuses. `owner` is borrowed until close().
  static PollWatch* open(napi_env env, int fd, Owner* owner) noexcept;

  // Watches for `events`; 0 = for nothing. Level-triggered: told again in each turn of the loop
  // until it is handled.
  void listen(int events) noexcept;
  void ref() noexcept;
  void unref() noexcept;
  // The descriptor may be closed as soon as this returns. The watch deletes itself later.
  void close() noexcept;

 private:
  explicit PollWatch(Owner* owner) noexcept : owner_(owner) {}

  static void on_poll(uv_poll_t* handle, int status, int events) noexcept;
  static void on_cleanup(napi_async_cleanup_hook_handle hook, void* watch) noexcept;
  static void on_closed(uv_handle_t* handle) noexcept;

  Owner* owner_;
  uv_poll_t* handle_ = nullptr;
  napi_async_cleanup_hook_handle hook_ = nullptr;
  int events_ = 0;
};

}  // namespace burstwire
