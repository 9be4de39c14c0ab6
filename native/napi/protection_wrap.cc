// Protection: the cold methods. The hot entry points are in protection_hot.cc. See
// protection_wrap.h.
#include "protection_wrap.h"

#include <algorithm>
#include <utility>

#include "../crypto/ipsec_mb_aead.h"
#include "../crypto/kernels.h"
#include "process_symbol.h"
#include "values.h"

namespace burstwire {
namespace {

// The bytes of a Uint8Array of `size` bytes; null for anything else.
const uint8_t* bytes_of(napi_env env, napi_value value, size_t size) {
  napi_typedarray_type type = napi_int8_array;
  size_t length = 0;
  void* data = nullptr;
  const napi_status status =
      napi_get_typedarray_info(env, value, &type, &length, &data, nullptr, nullptr);
  const bool fits = status == napi_ok && type == napi_uint8_array && length == size;
  return fits ? static_cast<const uint8_t*>(data) : nullptr;
}

constexpr int64_t kMostSlots = INT64_C(1) << kKeySlotBits;

}  // namespace

Protection::Protection(const Napi::CallbackInfo& info) : Napi::ObjectWrap<Protection>(info) {
  const Napi::Env env = info.Env();
  const auto options = info[0].As<Napi::Object>();
  counts_ =
      Napi::Reference<Napi::TypedArrayOf<double>>::New(info[1].As<Napi::TypedArrayOf<double>>(), 1);
  const int64_t slots = to_int64(property(options, "slots"));
  const int64_t limit = to_int64(property(options, "sealLimit"));
  const std::string name = to_text(property(options, "kernel"));
  KernelResult result = open_kernel(process_symbol, read_cpu_features(), name);
  if (result.kernel.maker == nullptr) {
    Napi::Error::New(env, result.reason).ThrowAsJavaScriptException();
    return;
  }
  protection_ = std::make_unique<PacketProtection>(
      std::move(result.kernel), static_cast<int32_t>(std::clamp<int64_t>(slots, 1, kMostSlots)),
      std::clamp<int64_t>(limit, 0, kSealLimit));
}

double* Protection::counts(napi_env env) const {
  napi_typedarray_type type = napi_int8_array;
  size_t places = 0;
  void* data = nullptr;
  const napi_status status =
      napi_get_typedarray_info(env, counts_.Value(), &type, &places, &data, nullptr, nullptr);
  if (status != napi_ok || type != napi_float64_array || protection_ == nullptr) return nullptr;
  const auto slots = static_cast<size_t>(protection_->keys().capacity());
  return places / kKeyCounts >= slots ? static_cast<double*>(data) : nullptr;
}

Napi::Value Protection::kernel(const Napi::CallbackInfo& info) {
  return Napi::String::New(info.Env(), protection_ != nullptr ? protection_->kernel_name() : "");
}

// (id) -> the AEAD of a live slot, or -1.
Napi::Value Protection::aead_of(const Napi::CallbackInfo& info) {
  const int32_t id = to_int32(info[0]);
  const KeySlot* slot = protection_ != nullptr ? protection_->keys().find(id) : nullptr;
  return Napi::Number::New(info.Env(), slot != nullptr ? static_cast<int32_t>(slot->aead) : -1);
}

// (aead, direction, key, iv, headerKey) -> id, or -1.
Napi::Value Protection::install_key(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const int32_t aead = to_int32(info[0]);
  const int32_t direction = to_int32(info[1]);
  double* counters = counts(env);
  if (counters == nullptr || aead < 0 || aead >= kAeadCount) return Napi::Number::New(env, -1);
  KeyMaterial material;
  material.aead = static_cast<Aead>(aead);
  material.direction = direction == 0 ? Direction::kSeal : Direction::kOpen;
  material.key = bytes_of(env, info[2], key_bytes(material.aead));
  material.iv = bytes_of(env, info[3], kNonceBytes);
  material.header_key = bytes_of(env, info[4], key_bytes(material.aead));
  const bool complete =
      material.key != nullptr && material.iv != nullptr && material.header_key != nullptr;
  return Napi::Number::New(env, complete ? protection_->keys().install(material, counters) : -1);
}

// (id, key, iv) -> whether it was taken.
Napi::Value Protection::update_key(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const int32_t id = to_int32(info[0]);
  double* counters = counts(env);
  const KeySlot* slot = counters != nullptr ? protection_->keys().find(id) : nullptr;
  if (slot == nullptr) return Napi::Boolean::New(env, false);
  const uint8_t* key = bytes_of(env, info[1], key_bytes(slot->aead));
  const uint8_t* iv = bytes_of(env, info[2], kNonceBytes);
  const bool complete = key != nullptr && iv != nullptr;
  return Napi::Boolean::New(env, complete && protection_->keys().update(id, key, iv, counters));
}

void Protection::retire_previous(const Napi::CallbackInfo& info) {
  if (protection_ != nullptr) {
    protection_->keys().retire_previous(to_int32(info[0]));
  }
}

void Protection::retire_key(const Napi::CallbackInfo& info) {
  if (protection_ != nullptr) protection_->keys().retire(to_int32(info[0]));
}

void Protection::close(const Napi::CallbackInfo&) {
  if (protection_ != nullptr) protection_->keys().retire_all();
}

Napi::Function Protection::define(Napi::Env env) {
  Napi::Function constructor =
      DefineClass(env, "Protection",
                  {
                      InstanceMethod<&Protection::kernel>("kernel"),
                      InstanceMethod<&Protection::aead_of>("aeadOf"),
                      InstanceMethod<&Protection::install_key>("installKey"),
                      InstanceMethod<&Protection::update_key>("updateKey"),
                      InstanceMethod<&Protection::retire_previous>("retirePrevious"),
                      InstanceMethod<&Protection::retire_key>("retireKey"),
                      InstanceMethod<&Protection::close>("close"),
                  });
  const auto method = [](const char* name, napi_callback callback) {
    return napi_property_descriptor{name,    nullptr, callback,     nullptr,
                                    nullptr, nullptr, napi_default, nullptr};
  };
  const napi_property_descriptor hot[] = {method("seal", seal), method("open", open)};
  define_methods(env, constructor, hot);
  return constructor;
}

Napi::Value describe_crypto(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const CpuFeatures features = read_cpu_features();
  std::string reason;
  const std::vector<std::string> names = usable_kernels(process_symbol, features, reason);
  Napi::Array kernels = Napi::Array::New(env, names.size());
  for (uint32_t i = 0; i < names.size(); i++) kernels.Set(i, names[i]);
  Napi::Object cpu = Napi::Object::New(env);
  cpu.Set("aes", features.aes);
  cpu.Set("carryless", features.carryless);
  cpu.Set("avx2", features.avx2);
  cpu.Set("avx512", features.avx512);
  cpu.Set("wideAes", features.wide_aes);
  cpu.Set("wideCarryless", features.wide_carryless);
  Napi::Object result = Napi::Object::New(env);
  result.Set("kernels", kernels);
  result.Set("reason", reason);
  result.Set("ipsecMb", ipsec_mb_built());
  result.Set("cpu", cpu);
  return result;
}

}  // namespace burstwire
