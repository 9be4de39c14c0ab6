// UdpSocket, the class that JavaScript holds: one descriptor, its engine, its place in the event
// loop.
//
// Decides nothing: TypeScript says when to receive and what to send, native/udp does it. Cold
// methods go through node-addon-api; `receive` and the sends are raw Node-API, since they
// run once per batch: numbers in, a number out, no object made.
//
// Owns: descriptor, engine, peer entries. Borrows until close: rows, peer columns and counters
// (held by references); until return of one call: the receive slab, send slabs, payload views.
// JavaScript can transfer a slab away at any time, so its address is asked for in every call.
// Invariant: after close() no method touches the descriptor, and every method is still safe to
// call.
#pragma once

#include <napi.h>

#include <memory>
#include <optional>
#include <vector>

#include "../udp/options.h"
#include "../udp/receive.h"
#include "../udp/send.h"
#ifdef BURSTWIRE_FAULTS
#include "../udp/fault_injection.h"
#endif
#include "poll_watch.h"

namespace burstwire {

class UdpSocket final : public Napi::ObjectWrap<UdpSocket>, private PollWatch::Owner {
 public:
  static Napi::Function define(Napi::Env env);

  // (options, counters: Float64Array, peerColumns: Int32Array): opens and binds, or throws an Error
  // that carries `errno` (below 0) and `syscall`.
  explicit UdpSocket(const Napi::CallbackInfo& info);
  ~UdpSocket();
  UdpSocket(const UdpSocket&) = delete;
  UdpSocket& operator=(const UdpSocket&) = delete;

 private:
  // Cold methods.
  Napi::Value info(const Napi::CallbackInfo& info);
  void attach(const Napi::CallbackInfo& info);
  void start(const Napi::CallbackInfo& info);
  void listen(const Napi::CallbackInfo& info);
  Napi::Value intern(const Napi::CallbackInfo& info);
  Napi::Value describe(const Napi::CallbackInfo& info);
  Napi::Value fd(const Napi::CallbackInfo& info);
  void refresh_drops(const Napi::CallbackInfo& info);
  void ref(const Napi::CallbackInfo& info);
  void unref(const Napi::CallbackInfo& info);
  void close(const Napi::CallbackInfo& info);
#ifdef BURSTWIRE_FAULTS
  void inject(const Napi::CallbackInfo& info);
  void set_now(const Napi::CallbackInfo& info);
#endif

  // Hot ones.
  static napi_value receive(napi_env env, napi_callback_info info);
  static napi_value send(napi_env env, napi_callback_info info);
  static napi_value send_views(napi_env env, napi_callback_info info);
  static napi_value send_segments(napi_env env, napi_callback_info info);
  static napi_value blocked(napi_env env, napi_callback_info info);

  // PollWatch::Owner
  void on_ready(int events) override;
  void on_teardown() override;

  struct SendRange {
    SendView view;
    int32_t from = 0;
    int32_t to = 0;
  };
  bool read_range(napi_env env, const napi_value* arguments, SendRange& range) const;
  bool collect_views(napi_env env, napi_value payloads, const SendRange& range);
  int open(const Napi::Object& options, int32_t capacity, double* counters, int32_t* columns,
           const char*& call);
  void release() noexcept;

  SystemCalls* calls_;
#ifdef BURSTWIRE_FAULTS
  std::unique_ptr<FaultySystemCalls> faults_;
#endif
  std::optional<UniqueFd> fd_;
  Features features_;
  PeerKey local_;
  bool ipv6_ = false;
  bool ipv6_only_ = false;
  int receive_buffer_bytes_ = 0;
  int send_buffer_bytes_ = 0;
  std::unique_ptr<PeerTable> peers_;
  std::unique_ptr<Receiver> receiver_;
  std::unique_ptr<Sender> sender_;
  PollWatch* watch_ = nullptr;
  napi_async_context async_context_ = nullptr;

  std::vector<iovec> views_;
  ReceiveView receive_view_;
  Napi::Reference<Napi::TypedArrayOf<double>> counters_;
  Napi::Reference<Napi::TypedArrayOf<int32_t>> columns_;
  Napi::Reference<Napi::TypedArrayOf<int32_t>> rows_;
  Napi::Reference<Napi::TypedArrayOf<uint8_t>> slab_;
  Napi::FunctionReference on_events_;
};

}  // namespace burstwire
