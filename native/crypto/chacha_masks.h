// Header masks of ChaCha20 keys: the front of one key stream block for each sample
// (RFC 9001 section 5.4.4, RFC 8439 section 2.3).
//
// A cipher object takes one counter and nonce at a time, which costs more than the block; here the
// blocks of several samples are computed side by side, one lane each. No tables and no branches on
// secrets. Not a general ChaCha20: it makes the first 8 bytes of a block and nothing more. Used by
// header_key.cc.
#pragma once

#include <cstddef>
#include <cstdint>

#include "cpu_features.h"

namespace burstwire {

inline constexpr size_t kSampleBytes = 16;

// Replaces each of `count` samples, kSampleBytes apart, by its mask in the first 5 bytes; the rest
// of each place is undefined. `key` has 32 bytes.
using ChaChaMasks = void (*)(const uint8_t* key, uint8_t* samples, size_t count);

// The fastest for this processor; all of them give the same masks.
ChaChaMasks choose_chacha_masks(const CpuFeatures& cpu) noexcept;

}  // namespace burstwire
