// Copies pieces of a batch to where they outlive it: one call for all that one stream received.
// Owns nothing; borrows its arguments until it returns.
#pragma once

#include <node_api.h>

namespace burstwire {

// (target: Uint8Array, source: Uint8Array, pieces: Int32Array, count) -> bytes copied, or -1 when
// an argument is not what it should be or a piece lies outside; then nothing was copied.
napi_value gather(napi_env env, napi_callback_info info);

}  // namespace burstwire
