// SPDX-License-Identifier: MIT
// Has to hang: see CMakeLists.txt.
#include "catch.hpp"

#include <mpi.h>

TEST_CASE("one rank waits for ever") {
  int rank = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  if (rank == 0) {
    int never = 0;
    MPI_Recv(&never, 1, MPI_INT, 1, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
  }
  REQUIRE(rank >= 0);
}
