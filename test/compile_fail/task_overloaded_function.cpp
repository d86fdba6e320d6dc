// SPDX-License-Identifier: MIT
// EXPECT: unable to deduce
// EXPECT: rankwise::one_function_or_else_write_a_lambda_that_calls_it
#include <rankwise/rankwise.hpp>

#include <cmath>
#include <vector>

void try_it(rankwise::pool& pool, const std::vector<double>& inputs) {
  const auto results = pool.map(inputs, rankwise::fn<std::sqrt>);
  (void)results[0];
}
