// SPDX-License-Identifier: MIT
// EXPECT: rankwise: what the task returns does not fit into a value of the type of `initial`
#include <rankwise/collective.hpp>
#include <rankwise/rankwise.hpp>

#include <functional>
#include <vector>

int try_it(MPI_Comm communicator, const std::vector<int>& inputs, double factor) {
  return rankwise::reduce(
      communicator, inputs, 0, std::plus<>{}, [&](int value) { return factor * value; });
}
