// Known answers, computed before a kernel is trusted.
//
// Guards against functions that have the right name and do something else (another library behind
// the same symbols), and against a build that picked the wrong instructions. Called by kernels.cc.
#pragma once

#include "aead.h"
#include "chacha_masks.h"
#include "evp.h"

namespace burstwire {

// Null, or what failed.
const char* self_test(const AeadMaker& maker) noexcept;
const char* self_test_header_keys(const EvpFunctions& functions, ChaChaMasks chacha_masks) noexcept;

}  // namespace burstwire
