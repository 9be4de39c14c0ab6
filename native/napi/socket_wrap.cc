// UdpSocket: opening, cold methods, events. The hot entry points are in socket_hot.cc. See
// socket_wrap.h.
#include "socket_wrap.h"

#include <cerrno>
#include <string>
#include <utility>

#include "../udp/address.h"
#include "values.h"

namespace burstwire {
namespace {

void throw_system_error(Napi::Env env, const char* call, int error) {
  Napi::Error thrown = Napi::Error::New(env, call);
  thrown.Value().Set("errno", error);
  thrown.Value().Set("syscall", call);
  thrown.ThrowAsJavaScriptException();
}

bool flag(const Napi::Object& options, const char* name) {
  return to_bool(property(options, name));
}

int number(const Napi::Object& options, const char* name) {
  return to_int32(property(options, name));
}

// A field that may be left out.
int number_or(const Napi::Object& options, const char* name, int otherwise) {
  return to_int32(property(options, name), otherwise);
}

bool read_options(const Napi::Object& from, OpenOptions& options) {
  const std::string address = to_text(property(from, "address"));
  if (!parse_address(address.c_str(), static_cast<uint16_t>(number(from, "port")), options.local)) {
    return false;
  }
  options.ipv6 = !options.local.is_ipv4();
  options.ipv6_only = flag(from, "ipv6Only");
  options.reuse_port = flag(from, "reusePort");
  options.shards = number_or(from, "shards", 0);
  options.adopted_fd = number_or(from, "adoptedFd", -1);
  options.gso = flag(from, "gso");
  options.gro = flag(from, "gro");
  options.receive_buffer_bytes = number(from, "receiveBufferSize");
  options.send_buffer_bytes = number(from, "sendBufferSize");
  return true;
}

template <typename T>
void hold(Napi::Reference<T>& reference, const T& value) {
  reference = Napi::Reference<T>::New(value, 1);
}

}  // namespace

UdpSocket::UdpSocket(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<UdpSocket>(info), calls_(&real_system_calls()) {
#ifdef BURSTWIRE_FAULTS
  faults_ = std::make_unique<FaultySystemCalls>(real_system_calls());
  calls_ = faults_.get();
#endif
  const Napi::Object options = info[0].As<Napi::Object>();
  auto counters = info[1].As<Napi::TypedArrayOf<double>>();
  auto columns = info[2].As<Napi::TypedArrayOf<int32_t>>();
  hold(counters_, counters);
  hold(columns_, columns);
  const int32_t capacity = number(options, "maxPeers");
  const char* call = "open";
  int error = -EINVAL;
  if (counters.ElementLength() >= kCounterPlaces && capacity >= 1 &&
      columns.ElementLength() / kPeerInts > static_cast<size_t>(capacity)) {
    error = open(options, capacity, counters.Data(), columns.Data(), call);
  }
  if (error < 0) throw_system_error(info.Env(), call, error);
}

// Opens the descriptor and builds the engine around it; 0, or -errno of `call`.
int UdpSocket::open(const Napi::Object& options, int32_t capacity, double* counters,
                    int32_t* columns, const char*& call) {
  OpenOptions wanted;
  call = "bind";
  if (!read_options(options, wanted)) return -EINVAL;
  OpenResult result = open_udp_socket(*calls_, wanted);
  call = result.failed_call;
  if (result.error < 0) return result.error;
  features_ = result.features;
  local_ = result.local;
  ipv6_ = result.family == AF_INET6;
  ipv6_only_ = result.ipv6_only;
  receive_buffer_bytes_ = result.receive_buffer_bytes;
  send_buffer_bytes_ = result.send_buffer_bytes;
  peers_ = std::make_unique<PeerTable>(result.family, capacity, columns, counters);
  call = "open";
  if (!peers_->valid()) return -ENOMEM;
  // The bound address is a peer for good: rows name it when the kernel does not tell the local
  // address.
  const int32_t local_peer = peers_->intern_named(local_);
  columns[local_peer * kPeerInts + kPeerPins] = 1;
  fd_.emplace(std::move(result.fd));
  receiver_ = std::make_unique<Receiver>(*calls_, fd_->get(), features_, *peers_, local_peer,
                                         local_.port, counters);
  sender_ = std::make_unique<Sender>(*calls_, fd_->get(), features_, *peers_, counters);
  return 0;
}

UdpSocket::~UdpSocket() { release(); }

Napi::Value UdpSocket::info(const Napi::CallbackInfo& info) {
  char text[kAddressTextBytes];
  format_address(local_, text);
  Napi::Object result = Napi::Object::New(info.Env());
  result.Set("address", text);
  result.Set("port", local_.port);
  result.Set("family", local_.is_ipv4() ? "IPv4" : "IPv6");
  result.Set("gso", features_.gso);
  result.Set("gro", features_.gro);
  result.Set("ecn", features_.ecn);
  result.Set("pktinfo", features_.pktinfo);
  result.Set("steering", features_.steering);
  result.Set("sendmmsg", features_.sendmmsg);
  result.Set("recvmmsg", features_.recvmmsg);
  result.Set("receiveBufferSize", receive_buffer_bytes_);
  result.Set("sendBufferSize", send_buffer_bytes_);
  return result;
}

// (bytes: Uint8Array, rows: Int32Array): what `receive` fills from now on.
void UdpSocket::attach(const Napi::CallbackInfo& info) {
  auto slab = info[0].As<Napi::TypedArrayOf<uint8_t>>();
  auto rows = info[1].As<Napi::TypedArrayOf<int32_t>>();
  hold(slab_, slab);
  hold(rows_, rows);
  receive_view_.rows = rows.Data();
  receive_view_.row_count = static_cast<int32_t>(rows.ElementLength() / kRowInts);
}

// (onEvents: (events) => void): takes its place in the event loop, watching for nothing.
void UdpSocket::start(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!fd_ || watch_ != nullptr) return;
  on_events_ = Napi::Persistent(info[0].As<Napi::Function>());
  const Napi::String name = Napi::String::New(env, "BURSTWIRE_UDP");
  napi_async_init(env, nullptr, name, &async_context_);
  watch_ = PollWatch::open(env, fd_->get(), this);
  if (watch_ == nullptr) {
    release();
    return throw_system_error(env, "uv_poll_init", -EINVAL);
  }
  // An open socket is reachable from the kernel: the collector must not take it.
  Ref();
}

void UdpSocket::listen(const Napi::CallbackInfo& info) {
  if (watch_ != nullptr) watch_->listen(to_int32(info[0]));
}

// (address, port) -> id, -1 = no literal address that this socket reaches, -2 = every id is held.
Napi::Value UdpSocket::intern(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  PeerKey key;
  const std::string address = to_text(info[0]);
  const int port = to_int32(info[1]);
  // Port 0: the source of a datagram that nobody can answer, named again.
  const bool literal = address.find('\0') == std::string::npos && port >= 0 && port <= UINT16_MAX &&
                       parse_address(address.c_str(), static_cast<uint16_t>(port), key);
  const bool reachable =
      literal && peers_ != nullptr && (key.is_ipv4() ? !ipv6_ || !ipv6_only_ : ipv6_);
  if (!reachable) return Napi::Number::New(env, -1);
  const int32_t id = peers_->intern_named(key);
  return Napi::Number::New(env, id != 0 ? id : -2);
}

// (id) -> [address, port, family], or undefined for an id that is not live.
Napi::Value UdpSocket::describe(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const PeerEntry* peer = peers_ != nullptr ? peers_->find(to_int32(info[0])) : nullptr;
  if (peer == nullptr) return env.Undefined();
  char text[kAddressTextBytes];
  format_address(peer->key, text);
  Napi::Array result = Napi::Array::New(env, 3);
  result.Set(0U, text);
  result.Set(1U, peer->key.port);
  result.Set(2U, peer->key.is_ipv4() ? "IPv4" : "IPv6");
  return result;
}

// () -> the descriptor, to be adopted elsewhere while this socket is open; -1 when it is closed.
Napi::Value UdpSocket::fd(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), fd_ ? fd_->get() : -1);
}

void UdpSocket::refresh_drops(const Napi::CallbackInfo&) {
  uint32_t drops = 0;
  if (fd_ && read_drops(*calls_, fd_->get(), drops)) receiver_->note_drops(drops);
}

void UdpSocket::ref(const Napi::CallbackInfo&) {
  if (watch_ != nullptr) watch_->ref();
}

void UdpSocket::unref(const Napi::CallbackInfo&) {
  if (watch_ != nullptr) watch_->unref();
}

void UdpSocket::close(const Napi::CallbackInfo& info) {
  const bool started = watch_ != nullptr;
  release();
  if (async_context_ != nullptr)
    napi_async_destroy(info.Env(), std::exchange(async_context_, nullptr));
  on_events_.Reset();
  if (started) Unref();
}

// Gives the descriptor back and leaves the loop. Idempotent; makes no call into JavaScript.
void UdpSocket::release() noexcept {
  if (watch_ != nullptr) std::exchange(watch_, nullptr)->close();
  fd_.reset();
}

void UdpSocket::on_ready(int events) {
  const Napi::Env env = Env();
  const Napi::HandleScope scope(env);
  const Napi::Object self = Value();
  receiver_->wake();
  const napi_value argument = Napi::Number::New(env, events);
  napi_value result = nullptr;
  const napi_status status =
      napi_make_callback(env, async_context_, self, on_events_.Value(), 1, &argument, &result);
  if (status != napi_pending_exception) return;
  // A listener threw. As with every event of Node: 'uncaughtException', and the loop goes on.
  napi_value thrown = nullptr;
  if (napi_get_and_clear_last_exception(env, &thrown) == napi_ok) napi_fatal_exception(env, thrown);
}

void UdpSocket::on_teardown() { release(); }

#ifdef BURSTWIRE_FAULTS
// (operation, skip, result, times, optionName): see fault_injection.h.
void UdpSocket::inject(const Napi::CallbackInfo& info) {
  const auto integer = [&info](size_t index) { return to_int32(info[index]); };
  faults_->inject({static_cast<Operation>(integer(0)), integer(1), integer(2), integer(3)});
}

void UdpSocket::set_now(const Napi::CallbackInfo& info) { faults_->set_now_ms(to_int64(info[0])); }
#endif

Napi::Function UdpSocket::define(Napi::Env env) {
  Napi::Function constructor =
      DefineClass(env, "UdpSocket",
                  {
                      InstanceMethod<&UdpSocket::info>("info"),
                      InstanceMethod<&UdpSocket::attach>("attach"),
                      InstanceMethod<&UdpSocket::start>("start"),
                      InstanceMethod<&UdpSocket::listen>("listen"),
                      InstanceMethod<&UdpSocket::intern>("intern"),
                      InstanceMethod<&UdpSocket::describe>("describe"),
                      InstanceMethod<&UdpSocket::fd>("fd"),
                      InstanceMethod<&UdpSocket::refresh_drops>("refreshDrops"),
                      InstanceMethod<&UdpSocket::ref>("ref"),
                      InstanceMethod<&UdpSocket::unref>("unref"),
                      InstanceMethod<&UdpSocket::close>("close"),
#ifdef BURSTWIRE_FAULTS
                      InstanceMethod<&UdpSocket::inject>("inject"),
                      InstanceMethod<&UdpSocket::set_now>("setNow"),
#endif
                  });
  const auto method = [](const char* name, napi_callback callback) {
    return napi_property_descriptor{name,    nullptr, callback,     nullptr,
                                    nullptr, nullptr, napi_default, nullptr};
  };
  const napi_property_descriptor hot[] = {
      method("receive", receive),      method("send", send),
      method("sendViews", send_views), method("sendSegments", send_segments),
      method("blocked", blocked),
  };
  define_methods(env, constructor, hot);
  return constructor;
}

}  // namespace burstwire
