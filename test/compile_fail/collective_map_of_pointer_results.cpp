// SPDX-License-Identifier: MIT
// EXPECT: rankwise:
// LINES: 20
#include <rankwise/collective.hpp>
#include <rankwise/rankwise.hpp>

#include <vector>

void try_it(MPI_Comm communicator, const std::vector<int>& inputs) {
  rankwise::map(communicator, inputs, [&](const int& value) { return &value; });
}
