// uv_poll_t and the asynchronous clean-up hook. See poll_watch.h.
#include "poll_watch.h"

#include <cstdlib>
#include <new>

namespace burstwire {

PollWatch* PollWatch::open(napi_env env, int fd, Owner* owner) noexcept {
  uv_loop_t* loop = nullptr;
  if (napi_get_uv_event_loop(env, &loop) != napi_ok || loop == nullptr) return nullptr;
  auto* watch = new (std::nothrow) PollWatch(owner);
  // The size by the library that runs, not by the header: libuv's structures are outside Node-API's
  // promise.
  auto* handle = static_cast<uv_poll_t*>(std::calloc(1, uv_handle_size(UV_POLL)));
  if (watch == nullptr || handle == nullptr || uv_poll_init(loop, handle, fd) != 0) {
    std::free(handle);
    delete watch;
    return nullptr;
  }
  watch->handle_ = handle;
  handle->data = watch;
  if (napi_add_async_cleanup_hook(env, on_cleanup, watch, &watch->hook_) != napi_ok) {
    watch->hook_ = nullptr;
    watch->close();
    return nullptr;
  }
  return watch;
}

void PollWatch::listen(int events) noexcept {
  if (events == events_ || handle_ == nullptr) return;
  events_ = events;
  if (events == 0) {
    uv_poll_stop(handle_);
  } else {
    uv_poll_start(handle_, events, on_poll);
  }
}

void PollWatch::ref() noexcept {
  if (handle_ != nullptr) uv_ref(reinterpret_cast<uv_handle_t*>(handle_));
}

void PollWatch::unref() noexcept {
  if (handle_ != nullptr) uv_unref(reinterpret_cast<uv_handle_t*>(handle_));
}

void PollWatch::close() noexcept {
  owner_ = nullptr;
  if (handle_ == nullptr) return;
  // uv_close takes the descriptor out of epoll at once, so its number may be used again right
  // after.
  uv_close(reinterpret_cast<uv_handle_t*>(handle_), on_closed);
  handle_ = nullptr;
}

void PollWatch::on_poll(uv_poll_t* handle, int status, int events) noexcept {
  auto* watch = static_cast<PollWatch*>(handle->data);
  if (watch->owner_ == nullptr) return;
  if (status < 0) {
    // libuv stops a poll on EPOLLERR: the socket has a pending error. Reading clears it; go on
    // watching.
    const int wanted = watch->events_;
    watch->events_ = 0;
    watch->listen(wanted);
    events = wanted;
  }
  watch->owner_->on_ready(events);
}

void PollWatch::on_cleanup(napi_async_cleanup_hook_handle, void* data) noexcept {
  auto* watch = static_cast<PollWatch*>(data);
  // The owner closes the watch in here, unless it was closed before and on_closed is still to come.
  if (watch->owner_ != nullptr) watch->owner_->on_teardown();
}

void PollWatch::on_closed(uv_handle_t* handle) noexcept {
  auto* watch = static_cast<PollWatch*>(handle->data);
  if (watch->hook_ != nullptr) napi_remove_async_cleanup_hook(watch->hook_);
  std::free(handle);
  delete watch;
}

}  // namespace burstwire
