// SPDX-License-Identifier: MIT
// What a test may rely on: MPI is up, at the level that the library needs, and the world is the
// test's own.
#include "catch.hpp"

#include <mpi.h>

namespace {

int world_size() {
  int size = 0;
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  return size;
}

int world_rank() {
  int rank = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  return rank;
}

}  // namespace

TEST_CASE("MPI is up and serialised calls are allowed") {
  int provided = MPI_THREAD_SINGLE;
  MPI_Query_thread(&provided);
  REQUIRE(provided >= MPI_THREAD_SERIALIZED);
}

TEST_CASE("the ranks enter a case together, and a sum over them is right") {
  const int mine = world_rank() + 1;
  int sum = 0;
  MPI_Allreduce(&mine, &sum, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
  REQUIRE(sum == world_size() * (world_size() + 1) / 2);
}

TEST_CASE("a case may leave a message in the world that only the next one receives") {
  // The runner gathers its verdict between the two, and must not meet the message.
  static int value = 0;
  value = world_rank();
  const int next = (world_rank() + 1) % world_size();
  MPI_Request sent = MPI_REQUEST_NULL;
  REQUIRE(MPI_Isend(&value, 1, MPI_INT, next, 0, MPI_COMM_WORLD, &sent) == MPI_SUCCESS);
  REQUIRE(MPI_Request_free(&sent) == MPI_SUCCESS);
}

TEST_CASE("the message of the case before arrives") {
  const int previous = (world_rank() + world_size() - 1) % world_size();
  int received = -1;
  MPI_Recv(&received, 1, MPI_INT, previous, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
  REQUIRE(received == previous);
}
