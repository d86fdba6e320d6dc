// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

using numbers = std::vector<int>;
