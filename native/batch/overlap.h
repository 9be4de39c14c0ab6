// Whether two pieces of memory share a byte.
//
// JavaScript can lay two arrays over one buffer. Where one of them is written while the numbers of
// the other one are trusted, because they were checked before, that must not be so. Used by
// gather.cc and packet_protection.cc.
#pragma once

#include <cstddef>
#include <cstdint>

namespace burstwire {

inline bool overlaps(const void* left, size_t left_bytes, const void* right,
                     size_t right_bytes) noexcept {
  // As numbers: pointers into different objects must not be compared.
  const auto from = reinterpret_cast<uintptr_t>(left);
  const auto other = reinterpret_cast<uintptr_t>(right);
  return from < other ? other - from < left_bytes : from - other < right_bytes;
}

}  // namespace burstwire
