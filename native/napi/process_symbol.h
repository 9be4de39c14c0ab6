// Finds a function that the running process exports: how native/crypto comes to Node's OpenSSL.
//
// Loads nothing. Called by protection_wrap.cc and primitives.cc. Invariant: a name that is missing
// leaves no trace.
#pragma once

namespace burstwire {

// The address of `name`, or null. Matches SymbolLookup of native/crypto/evp.h.
void* process_symbol(const char* name);

}  // namespace burstwire
