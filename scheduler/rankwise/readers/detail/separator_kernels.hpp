// SPDX-License-Identifier: MIT
// No #pragma once: Highway's foreach_target.h reads this once for each instruction set.
#ifdef RANKWISE_HAS_HIGHWAY
#if defined(RANKWISE_READ_SEPARATOR_KERNELS) == defined(HWY_TARGET_TOGGLE)
#ifdef RANKWISE_READ_SEPARATOR_KERNELS
#undef RANKWISE_READ_SEPARATOR_KERNELS
#else
#define RANKWISE_READ_SEPARATOR_KERNELS
#endif

#include <rankwise/readers/detail/separator_loops.hpp>

#include <cstddef>
#include <cstdint>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();

namespace rankwise::detail::HWY_NAMESPACE {

#if HWY_TARGET == HWY_SCALAR
using loops::fold_letters;
using loops::mark_blanks;
#else
namespace hn = hwy::HWY_NAMESPACE;

inline void mark_blanks(const char* text, std::size_t n_masks, std::uint64_t* masks) {
  const hn::CappedTag<std::uint8_t, loops::mask_bits> tag;
  const auto space = hn::Set(tag, ' ');
  const auto tab = hn::Set(tag, '\t');
  const auto n_from_tab = hn::Set(tag, 5);
  const auto* const bytes = reinterpret_cast<const std::uint8_t*>(text);
  auto* const bits = reinterpret_cast<std::uint8_t*>(masks);
  for (std::size_t i = 0; i < n_masks * loops::mask_bits; i += hn::Lanes(tag)) {
    const auto some = hn::LoadU(tag, bytes + i);
    const auto is_blank = hn::Or(hn::Eq(some, space), hn::Lt(hn::Sub(some, tab), n_from_tab));
    hn::StoreMaskBits(tag, is_blank, bits + i / 8);
  }
}

inline void fold_letters(char* text, std::size_t n_masks, std::uint64_t* masks) {
  const hn::CappedTag<std::uint8_t, loops::mask_bits> tag;
  const auto case_bit = hn::Set(tag, 'a' ^ 'A');
  const auto first = hn::Set(tag, 'a');
  const auto n_letters = hn::Set(tag, 26);
  auto* const bytes = reinterpret_cast<std::uint8_t*>(text);
  auto* const bits = reinterpret_cast<std::uint8_t*>(masks);
  for (std::size_t i = 0; i < n_masks * loops::mask_bits; i += hn::Lanes(tag)) {
    const auto some = hn::LoadU(tag, bytes + i);
    const auto lower = hn::Or(some, case_bit);
    const auto is_letter = hn::Lt(hn::Sub(lower, first), n_letters);
    hn::StoreU(hn::IfThenElse(is_letter, lower, some), tag, bytes + i);
    hn::StoreMaskBits(tag, hn::Not(is_letter), bits + i / 8);
  }
}

#endif

}  // namespace rankwise::detail::HWY_NAMESPACE

HWY_AFTER_NAMESPACE();

#endif
#endif
