// SPDX-License-Identifier: MIT
// Has to fail: a program without a case has tested nothing. See CMakeLists.txt.
#include <mpi.h>

int rankwise_runner_no_case() {
  return MPI_VERSION;
}
