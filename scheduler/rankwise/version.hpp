// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

namespace rankwise {

/// Of the library, as in the top-level CMakeLists.txt.
inline constexpr std::string_view version = "0.1.0";

}  // namespace rankwise
