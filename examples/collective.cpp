// SPDX-License-Identifier: MIT
// rankwise::map and rankwise::reduce on a communicator: loops of an MPI program whose steps take
// unequal times.
#include <rankwise/collective.hpp>

#include <fmt/core.h>
#include <mpi.h>

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <ranges>
#include <vector>

/// How many terms of the series 1/1 + 1/2 + 1/3 ... it takes to pass `bound`.
int terms_to_pass(double bound) {
  double sum = 0;
  int n = 0;
  while (sum <= bound) sum += 1.0 / ++n;
  return n;
}

void count_terms(MPI_Comm ranks) {
  // Every rank has these; tasks capture them, and nothing of them travels.
  const std::vector<double> bounds{1, 2, 3, 4, 5, 6, 7, 8};
  const double shift = 0.5;
  const rankwise::collective_options everywhere{.everywhere = true, .options = {.quiet = true}};

  const std::vector<int> terms = rankwise::map(
      ranks, bounds, [&](double bound) { return terms_to_pass(bound + shift); }, everywhere);
  const int most = rankwise::reduce(
      ranks,
      std::views::iota(0, 8),
      0,
      [](int left, int right) { return left > right ? left : right; },
      [&](int i) { return terms[static_cast<std::size_t>(i)]; },
      everywhere);

  int rank = 0;
  int n_ranks = 0;
  MPI_Comm_rank(ranks, &rank);
  MPI_Comm_size(ranks, &n_ranks);
  if (rank != n_ranks - 1) return;
  for (std::size_t i = 0; i < bounds.size(); ++i)
    fmt::print("{:.1f}: {}\n", bounds[i] + shift, terms[i]);
  fmt::print("most: {}\n", most);
}

int main(int argc, char** argv) {
  MPI_Init(&argc, &argv);
  int status = EXIT_SUCCESS;
  try {
    count_terms(MPI_COMM_WORLD);
  } catch (const std::exception& error) {
    // All ranks come here, or none.
    std::fprintf(stderr, "%s\n", error.what());
    status = EXIT_FAILURE;
  }
  MPI_Finalize();
  return status;
}
