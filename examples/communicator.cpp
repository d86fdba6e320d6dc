// SPDX-License-Identifier: MIT
// rankwise::run_everywhere: a pool on a communicator, in a part of a program that is an MPI program
// already.
#include <rankwise/collective.hpp>
#include <rankwise/rankwise.hpp>

#include <fmt/core.h>
#include <mpi.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <functional>
#include <ranges>

double area_of_strip(int strip) {
  const double x = (strip + 0.5) / 1000;
  return 4 / (1 + x * x) / 1000;
}

int main(int argc, char** argv) {
  // The thread that helps during long tasks calls MPI too, one thread at a time.
  int given = 0;
  MPI_Init_thread(&argc, &argv, MPI_THREAD_SERIALIZED, &given);
  int status = EXIT_SUCCESS;
  try {
    // Any communicator will do; the library works on its own duplicate of it.
    const double pi =
        rankwise::run_everywhere(MPI_COMM_WORLD, {.quiet = true}, [](rankwise::pool& pool) {
          return pool.reduce(
              std::views::iota(0, 1000), 0.0, std::plus<>{}, rankwise::fn<area_of_strip>);
        });
    int rank = 0;
    int n_ranks = 0;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &n_ranks);
    if (rank == n_ranks - 1) fmt::print("the last rank knows: {:.6f}\n", pi);
  } catch (const std::exception& error) {
    // All ranks come here, or none.
    std::fprintf(stderr, "%s\n", error.what());
    status = EXIT_FAILURE;
  }
  MPI_Finalize();
  return status;
}
