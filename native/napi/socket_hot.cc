// The calls that run once per batch. Raw Node-API: a wrapper object for each argument would
// cost more than the work on a small batch. Every pointer is asked for here and forgotten on
// return; no JavaScript runs in between.
#include <cerrno>

#include "hot_arguments.h"
#include "socket_wrap.h"

namespace burstwire {
// () -> rows, 0 = nothing now, -ESTALE = the slab was transferred away: attach another.
napi_value UdpSocket::receive(napi_env env, napi_callback_info info) {
  UdpSocket* socket = read_self<UdpSocket>(env, info);
  if (socket == nullptr || !socket->fd_) return make_integer(env, -EBADF);
  const iovec slab = bytes_of(env, socket->slab_.Value());
  if (slab.iov_len < static_cast<size_t>(kReceiveStride)) return make_integer(env, -ESTALE);
  ReceiveView view = socket->receive_view_;
  view.slab = static_cast<uint8_t*>(slab.iov_base);
  view.slab_bytes = slab.iov_len;
  return make_integer(env, socket->receiver_->receive(view));
}

// The last three arguments of both sends: (rows: Int32Array, from, to). False unless they name rows
// that exist.
bool UdpSocket::read_range(napi_env env, const napi_value* arguments, SendRange& range) const {
  napi_typedarray_type type = napi_int8_array;
  size_t places = 0;
  void* rows = nullptr;
  if (!fd_ ||
      napi_get_typedarray_info(env, arguments[0], &type, &places, &rows, nullptr, nullptr) !=
          napi_ok ||
      type != napi_int32_array || napi_get_value_int32(env, arguments[1], &range.from) != napi_ok ||
      napi_get_value_int32(env, arguments[2], &range.to) != napi_ok) {
    return false;
  }
  range.view.rows = static_cast<int32_t*>(rows);
  range.view.first = range.from;
  return range.from >= 0 && range.from <= range.to &&
         static_cast<size_t>(range.to) <= places / kRowInts;
}

// (bytes: Uint8Array, rows: Int32Array, from, to) -> rows settled.
napi_value UdpSocket::send(napi_env env, napi_callback_info info) {
  napi_value arguments[4];
  UdpSocket* socket = read_arguments<UdpSocket>(env, info, arguments);
  SendRange range;
  if (socket == nullptr || !socket->read_range(env, arguments + 1, range))
    return make_integer(env, 0);
  const iovec slab = bytes_of(env, arguments[0]);
  range.view.slab = static_cast<uint8_t*>(slab.iov_base);
  range.view.slab_bytes = slab.iov_len;
  return make_integer(env, socket->sender_->send(range.view, range.from, range.to));
}

// Fills views_ with the bytes of payloads[from..to): the array is the caller's own, so reading it
// runs no user code.
bool UdpSocket::collect_views(napi_env env, napi_value payloads, const SendRange& range) {
  const size_t count = static_cast<size_t>(range.to - range.from);
  if (views_.size() < count) views_.resize(count);
  for (size_t i = 0; i < count; i++) {
    napi_value payload = nullptr;
    const uint32_t index = static_cast<uint32_t>(range.from) + static_cast<uint32_t>(i);
    if (napi_get_element(env, payloads, index, &payload) != napi_ok) return false;
    views_[i] = bytes_of(env, payload);
  }
  return true;
}

// (payloads: Uint8Array[], rows: Int32Array, from, to) -> rows settled; row i carries payloads[i].
napi_value UdpSocket::send_views(napi_env env, napi_callback_info info) {
  napi_value arguments[4];
  UdpSocket* socket = read_arguments<UdpSocket>(env, info, arguments);
  SendRange range;
  if (socket == nullptr || !socket->read_range(env, arguments + 1, range) ||
      !socket->collect_views(env, arguments[0], range)) {
    return make_integer(env, 0);
  }
  range.view.views = socket->views_.data();
  return make_integer(env, socket->sender_->send(range.view, range.from, range.to));
}

// (bytes: Uint8Array, byteLength, segmentSize, remote, local, flags) -> datagrams sent before
// anything went wrong.
napi_value UdpSocket::send_segments(napi_env env, napi_callback_info info) {
  napi_value arguments[6];
  UdpSocket* socket = read_arguments<UdpSocket>(env, info, arguments);
  if (socket == nullptr || !socket->fd_) return make_integer(env, 0);
  int32_t size = 0;
  SegmentView view;
  if (napi_get_value_int32(env, arguments[1], &size) != napi_ok ||
      napi_get_value_int32(env, arguments[2], &view.segment) != napi_ok ||
      napi_get_value_int32(env, arguments[3], &view.header[kRemote]) != napi_ok ||
      napi_get_value_int32(env, arguments[4], &view.header[kLocal]) != napi_ok ||
      napi_get_value_int32(env, arguments[5], &view.header[kFlags]) != napi_ok) {
    return make_integer(env, 0);
  }
  const iovec bytes = bytes_of(env, arguments[0]);
  // The length that the caller saw: a buffer shared with another thread may have grown since.
  if (size < 0 || static_cast<size_t>(size) > bytes.iov_len || view.segment < 1) {
    return make_integer(env, 0);
  }
  view.bytes = static_cast<uint8_t*>(bytes.iov_base);
  view.size = static_cast<size_t>(size);
  return make_integer(env, socket->sender_->send_segments(view));
}

// () -> why the last send stopped: 0 = it did not, 1 = until writable, 2 = for a while.
napi_value UdpSocket::blocked(napi_env env, napi_callback_info info) {
  UdpSocket* socket = read_self<UdpSocket>(env, info);
  const Blocked reason = socket != nullptr ? socket->sender_->blocked() : Blocked::kNo;
  return make_integer(env, static_cast<int32_t>(reason));
}

}  // namespace burstwire
