// SPDX-License-Identifier: MIT
// EXPECT: rankwise: a value that travels between ranks must own its data
// EXPECT: send a std::string, a std::vector or the value itself
#include <rankwise/wire/codec.hpp>

#include <span>
#include <vector>

void try_it(rankwise::wire::bytes& out, const std::vector<std::span<int>>& value) {
  rankwise::wire::encoder<std::vector<std::span<int>>>(out).put(value);
}
