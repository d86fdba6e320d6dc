// SPDX-License-Identifier: MIT
// <string> is missing.
#pragma once

#include <broken/complete.hpp>

inline std::string first_of(const numbers& all) {
  return std::to_string(all.front());
}
