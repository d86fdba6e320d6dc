// SPDX-License-Identifier: MIT
// EXPECT: rankwise: a value that travels between ranks must own its data
// EXPECT: std::string_view
#include <rankwise/rankwise.hpp>

#include <string>
#include <string_view>
#include <vector>

std::string_view first_word(const std::string& text);

void try_it(rankwise::pool& pool, const std::vector<std::string>& inputs) {
  pool.map(inputs, rankwise::fn<first_word>);
}
