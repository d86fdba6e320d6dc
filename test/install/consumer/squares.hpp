// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/rankwise.hpp>

#include <cstdint>
#include <vector>

std::vector<std::int64_t> squares_of(rankwise::pool& pool, const std::vector<std::int64_t>& values);
