// SPDX-License-Identifier: MIT
// COMPILES
// The control of the task_* and reduce_* cases: the same calls, with what can travel.
#include <rankwise/rankwise.hpp>

#include <functional>
#include <string>
#include <vector>

int twice(int value);

void store(int value);

int next(int value);

std::string first_word(rankwise::task_context& context, const std::string& text);

struct look_up {
  std::vector<int> table;

  int operator()(int index) const { return table[static_cast<std::size_t>(index)]; }
};

void try_it(rankwise::pool& pool,
            const std::vector<int>& inputs,
            const std::vector<std::string>& texts) {
  pool.map(inputs, [](int value) { return 2 * value; });
  pool.map(inputs, rankwise::fn<twice>);
  pool.map(inputs, rankwise::fn<next>);
  pool.map(inputs, look_up{inputs});
  pool.map(texts, rankwise::fn<first_word>);
  pool.for_each(inputs, rankwise::fn<store>);
  (void)pool.reduce(inputs, 0, std::plus<>{}, rankwise::fn<twice>);
}
