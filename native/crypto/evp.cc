// See evp.h.
#include "evp.h"

namespace burstwire {
const char* find_evp(SymbolLookup lookup, EvpFunctions& functions) noexcept {
  EvpFunctions found;
  const char* missing = nullptr;
  const auto want = [&](const char* name, auto& function) {
    if (missing == nullptr && !find_function(lookup, name, function)) missing = name;
  };
  want("EVP_CIPHER_CTX_new", found.context_new);
  want("EVP_CIPHER_CTX_free", found.context_free);
  want("EVP_CIPHER_CTX_ctrl", found.control);
  want("EVP_CIPHER_CTX_set_padding", found.set_padding);
  want("EVP_EncryptInit_ex", found.encrypt_init);
  want("EVP_EncryptUpdate", found.encrypt_update);
  want("EVP_EncryptFinal_ex", found.encrypt_final);
  want("EVP_DecryptInit_ex", found.decrypt_init);
  want("EVP_DecryptUpdate", found.decrypt_update);
  want("EVP_DecryptFinal_ex", found.decrypt_final);
  want("EVP_aes_128_gcm", found.aes_128_gcm);
  want("EVP_aes_256_gcm", found.aes_256_gcm);
  want("EVP_chacha20_poly1305", found.chacha20_poly1305);
  want("EVP_aes_128_ecb", found.aes_128_ecb);
  want("EVP_aes_256_ecb", found.aes_256_ecb);
  if (missing == nullptr) functions = found;
  return missing;
}

}  // namespace burstwire
