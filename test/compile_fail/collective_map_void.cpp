// SPDX-License-Identifier: MIT
// EXPECT: rankwise: the task returns nothing: use
#include <rankwise/collective.hpp>
#include <rankwise/rankwise.hpp>

#include <vector>

void try_it(MPI_Comm communicator, const std::vector<int>& inputs) {
  int sum = 0;
  rankwise::map(communicator, inputs, [&](int value) { sum += value; });
}
