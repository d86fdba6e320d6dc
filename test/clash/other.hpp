// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/rankwise.hpp>

#include <vector>

std::vector<int> map_other(rankwise::pool& pool, const std::vector<int>& values);
