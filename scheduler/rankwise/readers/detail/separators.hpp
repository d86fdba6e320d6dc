// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/readers/detail/separator_loops.hpp>

#include <cstddef>
#include <cstdint>

#ifdef RANKWISE_HAS_HIGHWAY
// Highway compiles one file of a source for many instruction sets: a source that includes this
// header has no room for kernels of its own.
#ifdef HIGHWAY_HWY_FOREACH_TARGET_H_
#error "<rankwise/readers.hpp> and Highway's foreach_target.h can't both be in one source"
#endif
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "rankwise/readers/detail/separator_kernels.hpp"
// The order matters.
// clang-format off
#include <hwy/foreach_target.h>
#include <rankwise/readers/detail/separator_kernels.hpp>
// clang-format on
#endif

namespace rankwise::detail {

/// Sets one bit in `masks` for each byte of `text` that is white space of the C locale.
///
/// Shapes:  text is [64 * n_masks], masks is [n_masks]; bit i of mask k is for text[64 * k + i].
/// Cost:    0.03 to 0.1 ns a byte: by vectors of what the machine has, where Highway is there.
inline void mark_blanks(const char* text, std::size_t n_masks, std::uint64_t* masks) {
#ifdef RANKWISE_HAS_HIGHWAY
  HWY_EXPORT(mark_blanks);
  HWY_DYNAMIC_DISPATCH(mark_blanks)(text, n_masks, masks);
#else
  loops::mark_blanks(text, n_masks, masks);
#endif
}

/// As mark_blanks, for bytes that are no ASCII letters; the others become lower case in place.
inline void fold_letters(char* text, std::size_t n_masks, std::uint64_t* masks) {
#ifdef RANKWISE_HAS_HIGHWAY
  HWY_EXPORT(fold_letters);
  HWY_DYNAMIC_DISPATCH(fold_letters)(text, n_masks, masks);
#else
  loops::fold_letters(text, n_masks, masks);
#endif
}

}  // namespace rankwise::detail
