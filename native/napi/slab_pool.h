// Memory for what streams receive: slabs that JavaScript owns and that come back when they are
// collected.
//
// Fresh memory from malloc costs a page fault for every 4 KiB, on virtual machines many times what
// the copy into it costs. So slabs that were collected are kept, a bounded number, and given again.
// Invariant: a slab is given to one owner at a time; it comes back when its ArrayBuffer is
// collected, so any view of it keeps it.
#pragma once

#include <node_api.h>

namespace burstwire {

// () -> Uint8Array of kSlabBytes, transferred to the caller; undefined when memory is short, or
// where there are no external buffers. The bytes are not zeroed.
napi_value allocate_slab(napi_env env, napi_callback_info info);

}  // namespace burstwire
