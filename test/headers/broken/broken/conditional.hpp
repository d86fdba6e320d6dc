// SPDX-License-Identifier: MIT
// The include stands under a condition that is not met.
#pragma once

#ifdef BROKEN_HAS_WANTED
#include <broken/wanted.hpp>
#endif

inline int tripled(const wanted& value) {
  return 3 * value.number;
}
