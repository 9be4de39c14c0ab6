// DgramSocket, the class under `burstwire/dgram`: one descriptor as node:dgram thinks of it, opened
// late and told of datagrams one by one, with the engine of native/udp inside.
//
// Decides nothing and parses no option: TypeScript (lib/io/dgram-handle.ts) does. Errors are
// numbers, -errno, since the application hears of each in node:dgram's own words.
//
// A batch is received whole and copied by JavaScript (onBatch), then each of its datagrams is a
// callback of its own (onDatagram) with its ticks and microtasks behind it, as node:dgram has it:
// so what a listener awaits, or throws, does not reach the next datagram. Then onBatchEnd sends
// what the listeners have sent.
//
// Owns: descriptor, engine, peer entries. Borrows until collected: counters, peer columns, rows and
// slab. Invariant: after close() nothing is called but collected; every method is safe at any time.
#pragma once

#include <napi.h>

#include <memory>
#include <optional>

#include "../udp/options.h"
#include "../udp/receive.h"
#include "../udp/send.h"
#include "poll_watch.h"

namespace burstwire {

class DgramSocket final : public Napi::ObjectWrap<DgramSocket>, private PollWatch::Owner {
 public:
  static Napi::Function define(Napi::Env env);

  // ({ ipv6, maxPeers, counters, columns, slab, rows, resource, onBatch, onDatagram, onBatchEnd,
  // onWritable, onError }): opens nothing yet. `resource` is the object that async_hooks sees.
  explicit DgramSocket(const Napi::CallbackInfo& info);
  ~DgramSocket();
  DgramSocket(const DgramSocket&) = delete;
  DgramSocket& operator=(const DgramSocket&) = delete;

 private:
  Napi::Value bind(const Napi::CallbackInfo& info);
  Napi::Value adopt(const Napi::CallbackInfo& info);
  Napi::Value connect(const Napi::CallbackInfo& info);
  Napi::Value disconnect(const Napi::CallbackInfo& info);
  Napi::Value name(const Napi::CallbackInfo& info);
  Napi::Value set_option(const Napi::CallbackInfo& info);
  Napi::Value set_interface(const Napi::CallbackInfo& info);
  Napi::Value set_membership(const Napi::CallbackInfo& info);
  Napi::Value buffer_size(const Napi::CallbackInfo& info);
  Napi::Value intern(const Napi::CallbackInfo& info);
  void listen(const Napi::CallbackInfo& info);
  void ref(const Napi::CallbackInfo& info);
  void unref(const Napi::CallbackInfo& info);
  void close(const Napi::CallbackInfo& info);

  static napi_value send(napi_env env, napi_callback_info info);
  static napi_value blocked(napi_env env, napi_callback_info info);
  static napi_value describe(napi_env env, napi_callback_info info);

  // PollWatch::Owner
  void on_ready(int events) override;
  void on_teardown() override;

  void read();
  int32_t receive();
  bool tell(const Napi::FunctionReference& function, int argument = 0);
  int start(OpenResult& opened);
  bool parse(const Napi::Value& address, const Napi::Value& port, PeerKey& key) const;
  void release() noexcept;
  // -1 as long as there is none: the kernel then says EBADF, behind what is wrong with the rest.
  int descriptor() const noexcept { return fd_ ? fd_->get() : -1; }

  SystemCalls& calls_;
  bool ipv6_;
  int32_t capacity_;
  std::optional<UniqueFd> fd_;
  Features features_;
  std::unique_ptr<PeerTable> peers_;
  std::unique_ptr<Receiver> receiver_;
  std::unique_ptr<Sender> sender_;
  PollWatch* watch_ = nullptr;
  bool referenced_ = true;
  napi_async_context async_context_ = nullptr;

  Napi::Reference<Napi::TypedArrayOf<double>> counters_;
  Napi::Reference<Napi::TypedArrayOf<int32_t>> columns_;
  Napi::Reference<Napi::TypedArrayOf<int32_t>> rows_;
  Napi::Reference<Napi::TypedArrayOf<uint8_t>> slab_;
  Napi::FunctionReference on_batch_;
  Napi::FunctionReference on_datagram_;
  Napi::FunctionReference on_batch_end_;
  Napi::FunctionReference on_writable_;
  Napi::FunctionReference on_error_;
};

// (fd) -> "UDP", "TCP", "PIPE" or "UNKNOWN"; undefined when it is no socket.
Napi::Value describe_descriptor(const Napi::CallbackInfo& info);

}  // namespace burstwire
