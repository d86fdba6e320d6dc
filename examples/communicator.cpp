// SPDX-License-Identifier: MIT
// rankwise::run on a communicator: a part of a program that is an MPI program already.
#include <rankwise/collective.hpp>
#include <rankwise/rankwise.hpp>

#include <boost/mpi/communicator.hpp>
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

void integrate(int argc, char** argv) {
  // The thread that helps during long tasks calls MPI too, one thread at a time.
  int given = 0;
  MPI_Init_thread(&argc, &argv, MPI_THREAD_SERIALIZED, &given);
  double pi = 0;
  {
    // Any communicator will do; the library works on its own duplicate of it.
    const boost::mpi::communicator world(MPI_COMM_WORLD, boost::mpi::comm_attach);
    rankwise::options options;
    options.quiet = true;
    rankwise::run(world, options, [&](rankwise::pool& pool) {
      pi = pool.reduce(std::views::iota(0, 1000), 0.0, std::plus<>{}, rankwise::fn<area_of_strip>);
    });
  }
  // The result is on the root; the other ranks get it by a broadcast.
  MPI_Bcast(&pi, 1, MPI_DOUBLE, 0, MPI_COMM_WORLD);
  int rank = 0;
  int n_ranks = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &n_ranks);
  if (rank == n_ranks - 1) fmt::print("the last rank knows: {:.6f}\n", pi);
  MPI_Finalize();
}

int main(int argc, char** argv) {
  try {
    integrate(argc, argv);
  } catch (const std::exception& error) {
    // Failures of tasks come to the root's caller; the other ranks would wait for its broadcast.
    std::fprintf(stderr, "%s\n", error.what());
    MPI_Abort(MPI_COMM_WORLD, EXIT_FAILURE);
  }
}
