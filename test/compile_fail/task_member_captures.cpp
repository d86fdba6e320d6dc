// SPDX-License-Identifier: MIT
// EXPECT: rankwise: a value that travels between ranks must
#include <rankwise/rankwise.hpp>

#include <string>
#include <utility>
#include <vector>

template <class Function>
struct twice {
  Function function;

  int operator()(int value) const { return function(function(value)); }
};

void try_it(rankwise::pool& pool, const std::vector<int>& inputs, const std::string& text) {
  auto longer = [text](int value) { return value + static_cast<int>(text.size()); };
  pool.map(inputs, twice<decltype(longer)>{longer});
}
