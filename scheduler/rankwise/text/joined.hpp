// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

namespace rankwise {

/// Returns the `texts`, a range of what a string_view can show, with `between` each two. Like
/// fmt::join, which would make every program compile the whole of fmt.
template <class Texts>
std::string joined(const Texts& texts, std::string_view between) {
  std::string all;
  bool is_first = true;
  for (const std::string_view text : texts) {
    if (!is_first) all += between;
    is_first = false;
    all += text;
  }
  return all;
}

}  // namespace rankwise
