// SPDX-License-Identifier: MIT
// The include stands behind what needs it.
#pragma once

inline int doubled(const wanted& value) {
  return 2 * value.number;
}

#include <broken/wanted.hpp>
