// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/build_mode.hpp>
#include <rankwise/readers/detail/separator_loops.hpp>
#include <rankwise/readers/detail/separators.hpp>

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

RANKWISE_INLINE void mark_blanks(const char* text, std::size_t n_masks, std::uint64_t* masks) {
#ifdef RANKWISE_HAS_HIGHWAY
  HWY_EXPORT(mark_blanks);
  HWY_DYNAMIC_DISPATCH(mark_blanks)(text, n_masks, masks);
#else
  loops::mark_blanks(text, n_masks, masks);
#endif
}

RANKWISE_INLINE void fold_letters(char* text, std::size_t n_masks, std::uint64_t* masks) {
#ifdef RANKWISE_HAS_HIGHWAY
  HWY_EXPORT(fold_letters);
  HWY_DYNAMIC_DISPATCH(fold_letters)(text, n_masks, masks);
#else
  loops::fold_letters(text, n_masks, masks);
#endif
}

}  // namespace rankwise::detail
