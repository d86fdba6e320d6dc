// SPDX-License-Identifier: MIT
// Has to fail: see CMakeLists.txt.
#include "catch.hpp"

#include <mpi.h>

TEST_CASE("one rank is wrong") {
  int rank = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  REQUIRE(rank != 2);
}

TEST_CASE("the case after it still runs on all ranks") {
  REQUIRE(MPI_Barrier(MPI_COMM_WORLD) == MPI_SUCCESS);
}
