// The functions of OpenSSL's EVP that packets need, looked up by name in the running process.
//
// Never linked: Node exports them, Electron, Bun and others do not, and an addon with unresolved
// symbols would not load there at all. Knows the names and their signatures (OpenSSL 1.1.1 and 3,
// EVP_EncryptInit(3)), nothing else. Used by evp_aead.cc and header_key.cc; x25519.cc and sha256.cc
// look their own functions up with the same template. Invariant: a table is handed out whole or not
// at all.
#pragma once

#include <cstdint>

namespace burstwire {

// OpenSSL's own types, never looked into.
struct EvpContext;
struct EvpCipher;

// The commands of EVP_CIPHER_CTX_ctrl that set and read a tag.
inline constexpr int kEvpGetTag = 0x10;
inline constexpr int kEvpSetTag = 0x11;

// Finds a function of this process by its name; null when there is none.
using SymbolLookup = void* (*)(const char* name);

struct EvpFunctions {
  using Init = int (*)(EvpContext*, const EvpCipher*, void* engine, const uint8_t* key,
                       const uint8_t* iv);
  using Update = int (*)(EvpContext*, uint8_t* out, int* out_bytes, const uint8_t* in, int bytes);
  using Final = int (*)(EvpContext*, uint8_t* out, int* out_bytes);
  using Cipher = const EvpCipher* (*)();

  EvpContext* (*context_new)() = nullptr;
  void (*context_free)(EvpContext*) = nullptr;  // wipes it, too
  int (*control)(EvpContext*, int command, int argument, void* pointer) = nullptr;
  int (*set_padding)(EvpContext*, int padding) = nullptr;
  Init encrypt_init = nullptr;
  Update encrypt_update = nullptr;
  Final encrypt_final = nullptr;
  Init decrypt_init = nullptr;
  Update decrypt_update = nullptr;
  Final decrypt_final = nullptr;
  Cipher aes_128_gcm = nullptr;
  Cipher aes_256_gcm = nullptr;
  Cipher chacha20_poly1305 = nullptr;
  Cipher aes_128_ecb = nullptr;
  Cipher aes_256_ecb = nullptr;
};

// Looks one function up; false when it is not there. The caller knows its signature.
template <typename Function>
bool find_function(SymbolLookup lookup, const char* name, Function& function) noexcept {
  // POSIX lets what dlsym returns be called (dlsym(3)).
  function = reinterpret_cast<Function>(lookup(name));
  return function != nullptr;
}

// Fills the table. Returns the name of the first function that is missing, or null.
const char* find_evp(SymbolLookup lookup, EvpFunctions& functions) noexcept;

}  // namespace burstwire
