// Protection, the class that JavaScript holds: one kernel, its key slots, the counters of the
// slots.
//
// Decides nothing: native/crypto does the work. Cold methods go through node-addon-api; `seal` and
// `open` are raw Node-API, since they run once per batch. The caller of both is
// lib/crypto/native-protection.ts, which checks names and sizes first.
//
// Owns: the kernel and all keys; they are wiped by `close`, or when the object is collected.
// Borrows until return of one call: slab, rows, sources, key bytes, and the counters, which are
// held by a reference. JavaScript can transfer any of them away at any time, so each address is
// asked for in every call. Invariant: every method is safe to call with anything, also after
// `close`.
#pragma once

#include <napi.h>

#include <memory>
#include <string>
#include <vector>

#include "../crypto/packet_protection.h"

namespace burstwire {

class Protection final : public Napi::ObjectWrap<Protection> {
 public:
  static Napi::Function define(Napi::Env env);

  // ({ slots, kernel, sealLimit }, counts: Float64Array): throws an Error with the reason if the
  // kernel cannot be used here.
  explicit Protection(const Napi::CallbackInfo& info);
  Protection(const Protection&) = delete;
  Protection& operator=(const Protection&) = delete;

 private:
  // Cold methods.
  Napi::Value kernel(const Napi::CallbackInfo& info);
  Napi::Value aead_of(const Napi::CallbackInfo& info);
  Napi::Value install_key(const Napi::CallbackInfo& info);
  Napi::Value update_key(const Napi::CallbackInfo& info);
  void retire_previous(const Napi::CallbackInfo& info);
  void retire_key(const Napi::CallbackInfo& info);
  void close(const Napi::CallbackInfo& info);

  // Hot ones, in protection_hot.cc.
  static napi_value seal(napi_env env, napi_callback_info info);
  static napi_value open(napi_env env, napi_callback_info info);
  bool read_sources(napi_env env, napi_value array, size_t most, RowView& view);

  // A place for each counter of each slot; null when the array is too short or was transferred
  // away.
  double* counts(napi_env env) const;

  std::unique_ptr<PacketProtection> protection_;
  Napi::Reference<Napi::TypedArrayOf<double>> counts_;
  // Scratch of one call of `seal`, grown to the sources of the largest batch.
  std::vector<napi_value> elements_;
  std::vector<Source> sources_;
  bool is_reading_sources_ = false;
};

// () -> what packet protection of this process could use; see NativeCrypto in binding.ts.
Napi::Value describe_crypto(const Napi::CallbackInfo& info);

}  // namespace burstwire
