// See process_symbol.h.
#include "process_symbol.h"

#include <dlfcn.h>
#include <uv.h>

namespace burstwire {

// By libuv, since dlsym itself has another version in every glibc that moved it, and the released
// binary may ask for none newer than Node does.
void* process_symbol(const char* name) {
  uv_lib_t process{};
  process.handle = RTLD_DEFAULT;
  void* found = nullptr;
  if (uv_dlsym(&process, name, &found) != 0) found = nullptr;
  process.handle = nullptr;
  uv_dlclose(&process);  // frees the message of a name that was not found
  return found;
}

}  // namespace burstwire
