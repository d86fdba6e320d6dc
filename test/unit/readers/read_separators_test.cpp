// SPDX-License-Identifier: MIT
#include <rankwise/readers/detail/separator_loops.hpp>
#include <rankwise/readers/detail/separators.hpp>

#include "catch.hpp"
#include "readers/read_support.hpp"

#include <cctype>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#ifdef RANKWISE_HAS_HIGHWAY
#include <hwy/targets.h>
#endif

namespace {

using masks = std::vector<std::uint64_t>;

// Byte by byte, in the C locale.
template <class IsSeparator>
masks masks_of(const std::string& text, IsSeparator is_separator) {
  masks made(text.size() / 64);
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (is_separator(static_cast<unsigned char>(text[i])))
      made[i / 64] |= std::uint64_t{1} << (i % 64);
  }
  return made;
}

template <class MarkBlanks, class FoldLetters>
void check(const std::string& text, MarkBlanks mark_blanks, FoldLetters fold_letters) {
  masks found(text.size() / 64);
  mark_blanks(text.data(), found.size(), found.data());
  CHECK(found == masks_of(text, [](int byte) { return std::isspace(byte) != 0; }));

  std::string folded = text;
  fold_letters(folded.data(), found.size(), found.data());
  CHECK(found == masks_of(text, [](int byte) { return std::isalpha(byte) == 0; }));
  std::string lower = text;
  for (char& byte : lower) byte = static_cast<char>(std::tolower(static_cast<unsigned char>(byte)));
  CHECK(folded == lower);
}

}  // namespace

TEST_CASE("separators are marked, and letters folded, as the C locale has them") {
  namespace detail = rankwise::detail;
  std::string all_values;
  for (int i = 0; i < 256; ++i) all_values += static_cast<char>(i);
  for (const std::string& text : {all_values,
                                  read_tests::generator(1).text(6400, " \n\tAz\x85\xe9"),
                                  read_tests::generator(2).text(6400, "")}) {
    check(text, detail::loops::mark_blanks, detail::loops::fold_letters);
#ifdef RANKWISE_HAS_HIGHWAY
    for (const std::int64_t target : hwy::SupportedAndGeneratedTargets()) {
      CAPTURE(hwy::TargetName(target));
      hwy::SetSupportedTargetsForTest(target);
      hwy::GetChosenTarget().Update(hwy::SupportedTargets());
      check(text, detail::mark_blanks, detail::fold_letters);
    }
    hwy::SetSupportedTargetsForTest(0);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
#endif
    check(text, detail::mark_blanks, detail::fold_letters);
  }
}
