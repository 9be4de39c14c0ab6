// values.h: arguments, options and prototypes, read so that a dying environment is no accident.
//
// Node-API refuses whatever may run JavaScript (a property, a coercion) once an environment is
// being ended, and worker.terminate() comes in the midst of any call. node-addon-api then gives an
// empty value, and ends the process when that is asked for a number. These reads give what "not
// given" would; nobody sees it, as no JavaScript runs any more. Called by the cold methods of all
// classes.
//
// Invariant: nothing here throws or ends the process; a value is never empty.
#pragma once

#include <napi.h>

#include <cstddef>
#include <cstdint>
#include <string>

namespace burstwire {

inline Napi::Value property(const Napi::Object& object, const char* name) {
  const Napi::Env env = object.Env();
  napi_value result = nullptr;
  const napi_status status = napi_get_named_property(env, object, name, &result);
  return status == napi_ok ? Napi::Value(env, result) : env.Undefined();
}

inline int32_t to_int32(const Napi::Value& value, int32_t otherwise = 0) {
  int32_t result = 0;
  const napi_status status = napi_get_value_int32(value.Env(), value, &result);
  return status == napi_ok ? result : otherwise;
}

inline int64_t to_int64(const Napi::Value& value) {
  int64_t result = 0;
  return napi_get_value_int64(value.Env(), value, &result) == napi_ok ? result : 0;
}

inline bool to_bool(const Napi::Value& value) {
  bool result = false;
  return napi_get_value_bool(value.Env(), value, &result) == napi_ok && result;
}

inline std::string to_text(const Napi::Value& value) {
  const Napi::Env env = value.Env();
  size_t bytes = 0;
  if (napi_get_value_string_utf8(env, value, nullptr, 0, &bytes) != napi_ok) return {};
  std::string result(bytes, '\0');
  napi_get_value_string_utf8(env, value, result.data(), bytes + 1, &bytes);
  return result;
}

// Methods as raw Node-API functions, on the prototype of a class; none on a class that could not be
// defined.
template <size_t kCount>
void define_methods(Napi::Env env, const Napi::Function& constructor,
                    const napi_property_descriptor (&methods)[kCount]) {
  if (constructor.IsEmpty()) return;
  const Napi::Value prototype = property(constructor, "prototype");
  napi_define_properties(env, prototype, kCount, methods);
}

}  // namespace burstwire
