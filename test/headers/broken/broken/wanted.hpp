// SPDX-License-Identifier: MIT
#pragma once

struct wanted {
  int number = 0;
};
