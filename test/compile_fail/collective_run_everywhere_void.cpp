// SPDX-License-Identifier: MIT
// EXPECT: rankwise: the body of rankwise::run_everywhere returns what all ranks get
#include <rankwise/collective.hpp>
#include <rankwise/rankwise.hpp>

void try_it(MPI_Comm communicator) {
  rankwise::run_everywhere(communicator, {}, [](rankwise::pool& /*pool*/) {});
}
