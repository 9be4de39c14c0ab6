// DgramSocket: life, events, sends. The calls that set and ask things are in dgram_calls.cc. See
// dgram_wrap.h.
#include "dgram_wrap.h"

#include <cerrno>
#include <utility>

#include "hot_arguments.h"
#include "values.h"

namespace burstwire {
namespace {

// One wake-up receives about so many datagrams, then the loop turns: timers and other sockets have
// a right to run. libuv itself stops at 32 single ones.
constexpr int32_t kMostDatagramsPerWakeUp = 256;

template <typename T>
void hold(Napi::Reference<T>& reference, const Napi::Object& options, const char* name) {
  reference = Napi::Reference<T>::New(property(options, name).As<T>(), 1);
}

void hold(Napi::FunctionReference& reference, const Napi::Object& options, const char* name) {
  reference = Napi::Persistent(property(options, name).As<Napi::Function>());
}

}  // namespace

DgramSocket::DgramSocket(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<DgramSocket>(info), calls_(real_system_calls()) {
  const Napi::Env env = info.Env();
  const Napi::Object options = info[0].As<Napi::Object>();
  ipv6_ = to_bool(property(options, "ipv6"));
  capacity_ = to_int32(property(options, "maxPeers"));
  hold(counters_, options, "counters");
  hold(columns_, options, "columns");
  hold(rows_, options, "rows");
  hold(slab_, options, "slab");
  hold(on_batch_, options, "onBatch");
  hold(on_datagram_, options, "onDatagram");
  hold(on_batch_end_, options, "onBatchEnd");
  hold(on_writable_, options, "onWritable");
  hold(on_error_, options, "onError");
  // An environment that is being ended gives none.
  if (counters_.IsEmpty() || columns_.IsEmpty()) return;
  if (counters_.Value().ElementLength() < kCounterPlaces || capacity_ < 1 ||
      columns_.Value().ElementLength() / kPeerInts <= static_cast<size_t>(capacity_)) {
    Napi::Error::New(env, "the columns are too short").ThrowAsJavaScriptException();
    return;
  }
  // Here, not when it opens: listeners run in the context in which the socket was made.
  napi_async_init(env, property(options, "resource"), Napi::String::New(env, "UDPWRAP"),
                  &async_context_);
}

DgramSocket::~DgramSocket() { release(); }

// Builds the engine around a descriptor and takes its place in the loop; 0, or -errno, and then the
// descriptor is still in `opened`.
int DgramSocket::start(OpenResult& opened) {
  const Napi::Env env = Env();
  if (opened.error < 0) return opened.error;
  double* counters = counters_.Value().Data();
  features_ = opened.features;
  peers_ = std::make_unique<PeerTable>(ipv6_ ? AF_INET6 : AF_INET, capacity_,
                                       columns_.Value().Data(), counters);
  if (!peers_->valid()) return -ENOMEM;
  const int32_t local = peers_->intern_named(opened.local);
  columns_.Value()[static_cast<size_t>(local * kPeerInts + kPeerPins)] = 1;
  receiver_ = std::make_unique<Receiver>(calls_, opened.fd.get(), features_, *peers_, local,
                                         opened.local.port, counters);
  sender_ = std::make_unique<Sender>(calls_, opened.fd.get(), features_, *peers_, counters);
  watch_ = PollWatch::open(env, opened.fd.get(), this);
  // libuv's own answer for a descriptor that it watches already.
  if (watch_ == nullptr) return -EEXIST;
  fd_.emplace(std::move(opened.fd));
  watch_->listen(PollWatch::kReadable);
  if (!referenced_) watch_->unref();
  Ref();
  return 0;
}

void DgramSocket::listen(const Napi::CallbackInfo& info) {
  if (watch_ != nullptr) watch_->listen(to_int32(info[0]));
}

void DgramSocket::ref(const Napi::CallbackInfo&) {
  referenced_ = true;
  if (watch_ != nullptr) watch_->ref();
}

void DgramSocket::unref(const Napi::CallbackInfo&) {
  referenced_ = false;
  if (watch_ != nullptr) watch_->unref();
}

void DgramSocket::close(const Napi::CallbackInfo& info) {
  const bool started = watch_ != nullptr;
  release();
  if (async_context_ != nullptr) {
    napi_async_destroy(info.Env(), std::exchange(async_context_, nullptr));
  }
  // They hold the socket of JavaScript, which holds this: nothing of it would ever be collected.
  for (auto* function : {&on_batch_, &on_datagram_, &on_batch_end_, &on_writable_, &on_error_}) {
    function->Reset();
  }
  if (started) Unref();
}

void DgramSocket::release() noexcept {
  if (watch_ != nullptr) std::exchange(watch_, nullptr)->close();
  fd_.reset();
}

void DgramSocket::on_teardown() { release(); }

void DgramSocket::on_ready(int events) {
  const Napi::HandleScope scope(Env());
  // Held while the listeners run: one that closes the socket lets it go.
  [[maybe_unused]] const Napi::Object self = Value();
  if ((events & PollWatch::kWritable) != 0) tell(on_writable_);
  if ((events & PollWatch::kReadable) == 0 || !fd_) return;
  receiver_->wake();
  read();
}

void DgramSocket::read() {
  const Napi::Env env = Env();
  int32_t total = 0;
  while (fd_ && total < kMostDatagramsPerWakeUp) {
    const Napi::HandleScope scope(env);
    const int32_t rows = receive();
    const int error = receiver_->pending_error();
    if (error < 0 && !tell(on_error_, error)) return;
    if (rows <= 0) return;
    total += rows;
    const napi_value argument = make_integer(env, rows);
    napi_value result = nullptr;
    int32_t datagrams = 0;
    if (napi_call_function(env, Value(), on_batch_.Value(), 1, &argument, &result) != napi_ok ||
        napi_get_value_int32(env, result, &datagrams) != napi_ok) {
      return;
    }
    for (int32_t i = 0; i < datagrams && fd_; i++) {
      if (!tell(on_datagram_)) return;
    }
    if (fd_ && !tell(on_batch_end_)) return;
  }
}

int32_t DgramSocket::receive() {
  const iovec slab = bytes_of(Env(), slab_.Value());
  Napi::TypedArrayOf<int32_t> rows = rows_.Value();
  ReceiveView view;
  view.slab = static_cast<uint8_t*>(slab.iov_base);
  view.slab_bytes = slab.iov_len;
  view.rows = rows.Data();
  view.row_count = static_cast<int32_t>(rows.ElementLength() / kRowInts);
  return receiver_->receive(view);
}

// Calls into JavaScript as an event: its ticks and microtasks run behind it, and what it throws
// goes to 'uncaughtException'. False when JavaScript cannot run any more.
bool DgramSocket::tell(const Napi::FunctionReference& function, int argument) {
  const Napi::Env env = Env();
  const Napi::HandleScope scope(env);
  if (async_context_ == nullptr) return false;
  const napi_value number = make_integer(env, argument);
  napi_value result = nullptr;
  const napi_status status =
      napi_make_callback(env, async_context_, Value(), function.Value(), 1, &number, &result);
  if (status != napi_pending_exception) return status == napi_ok;
  napi_value thrown = nullptr;
  if (napi_get_and_clear_last_exception(env, &thrown) == napi_ok) napi_fatal_exception(env, thrown);
  return true;
}

// (bytes: Uint8Array, rows: Int32Array, from, to) -> rows settled.
napi_value DgramSocket::send(napi_env env, napi_callback_info info) {
  napi_value arguments[4];
  auto* socket = read_arguments<DgramSocket>(env, info, arguments);
  napi_typedarray_type type = napi_int8_array;
  size_t places = 0;
  void* rows = nullptr;
  int32_t from = 0;
  int32_t to = 0;
  if (socket == nullptr || !socket->fd_ ||
      napi_get_typedarray_info(env, arguments[1], &type, &places, &rows, nullptr, nullptr) !=
          napi_ok ||
      type != napi_int32_array || napi_get_value_int32(env, arguments[2], &from) != napi_ok ||
      napi_get_value_int32(env, arguments[3], &to) != napi_ok || from < 0 || from > to ||
      static_cast<size_t>(to) > places / kRowInts) {
    return make_integer(env, 0);
  }
  const iovec slab = bytes_of(env, arguments[0]);
  SendView view;
  view.slab = static_cast<uint8_t*>(slab.iov_base);
  view.slab_bytes = slab.iov_len;
  view.rows = static_cast<int32_t*>(rows);
  view.first = from;
  return make_integer(env, socket->sender_->send(view, from, to));
}

// () -> why the last send stopped, as in socket_hot.cc.
napi_value DgramSocket::blocked(napi_env env, napi_callback_info info) {
  auto* socket = read_self<DgramSocket>(env, info);
  const bool opened = socket != nullptr && socket->sender_ != nullptr;
  return make_integer(env, opened ? static_cast<int32_t>(socket->sender_->blocked()) : 0);
}

Napi::Function DgramSocket::define(Napi::Env env) {
  Napi::Function constructor =
      DefineClass(env, "DgramSocket",
                  {
                      InstanceMethod<&DgramSocket::bind>("bind"),
                      InstanceMethod<&DgramSocket::adopt>("adopt"),
                      InstanceMethod<&DgramSocket::connect>("connect"),
                      InstanceMethod<&DgramSocket::disconnect>("disconnect"),
                      InstanceMethod<&DgramSocket::name>("name"),
                      InstanceMethod<&DgramSocket::set_option>("setOption"),
                      InstanceMethod<&DgramSocket::set_interface>("setMulticastInterface"),
                      InstanceMethod<&DgramSocket::set_membership>("setMembership"),
                      InstanceMethod<&DgramSocket::buffer_size>("bufferSize"),
                      InstanceMethod<&DgramSocket::intern>("intern"),
                      InstanceMethod<&DgramSocket::listen>("listen"),
                      InstanceMethod<&DgramSocket::ref>("ref"),
                      InstanceMethod<&DgramSocket::unref>("unref"),
                      InstanceMethod<&DgramSocket::close>("close"),
                  });
  const auto method = [](const char* name, napi_callback callback) {
    return napi_property_descriptor{name,    nullptr, callback,     nullptr,
                                    nullptr, nullptr, napi_default, nullptr};
  };
  const napi_property_descriptor hot[] = {method("send", send), method("blocked", blocked),
                                          method("describe", describe)};
  define_methods(env, constructor, hot);
  return constructor;
}

}  // namespace burstwire
