// SPDX-License-Identifier: MIT
// COMPILES
#include <rankwise/collective.hpp>
#include <rankwise/rankwise.hpp>

#include <functional>
#include <utility>
#include <vector>

int twice(int value) {
  return 2 * value;
}

struct cell {
  const int* there;
};

void try_it(MPI_Comm communicator, const std::vector<cell>& cells, int offset) {
  const std::function<int(cell)> look = [offset](cell one) { return *one.there + offset; };
  rankwise::map(communicator, cells, look);
  rankwise::map(communicator, std::vector<int>{1, 2}, twice);
  rankwise::map(communicator, std::vector<int>{1, 2}, &twice);
  rankwise::map(communicator, std::vector<int>{1, 2}, std::bind_front(std::plus<>{}, offset));
  rankwise::for_each(communicator,
                     std::vector<std::pair<int, int>>{{1, 2}},
                     [offset](rankwise::task_context&, int a, int b) { return a + b + offset; });
}
