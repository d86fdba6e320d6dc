// SPDX-License-Identifier: MIT
// k-means over parts that stay on the ranks, against a program with MPI_Allreduce on the same
// ranks.
#include <rankwise/parts.hpp>
#include <rankwise/program.hpp>
#include <rankwise/rankwise.hpp>
#include <rankwise/wire/digest.hpp>

#include "parts/kmeans.hpp"
#include "support/program.hpp"
#include "support/report.hpp"
#include "support/stopwatch.hpp"

#include <boost/mpi/communicator.hpp>
#include <boost/program_options/options_description.hpp>
#include <fmt/format.h>
#include <mpi.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace {

namespace kmeans = bench::kmeans;

struct settings {
  std::uint64_t n_points = 1'000'000;
  std::uint64_t n_parts = 64;
  std::uint32_t n_rounds = 20;
  std::uint32_t repeats = 5;

  /// Parts differ by one point at most.
  std::uint64_t points_of(std::uint64_t number) const {
    return n_points * (number + 1) / n_parts - n_points * number / n_parts;
  }
};

/// Which part to make, and of how many points.
struct recipe {
  std::uint64_t number = 0;
  std::uint64_t n_points = 0;
};

kmeans::part make(const recipe& its) {
  return kmeans::make_part(its.number, its.n_points);
}

struct outcome {
  kmeans::centre_table centres;
  double took_s = 0;
};

/// Only the rounds are timed: the parts are in place by then.
outcome on_pool(const rankwise::pool& ranks, const settings& given) {
  std::vector<recipe> recipes;
  for (std::uint64_t number = 0; number < given.n_parts; ++number)
    recipes.push_back({number, given.points_of(number)});
  const auto parts = ranks.place(recipes, rankwise::fn<make>);
  kmeans::centre_table centres = kmeans::first_centres();
  const bench::stopwatch watch;
  for (std::uint32_t round = 0; round < given.n_rounds; ++round) {
    kmeans::move_centres(centres,
                         ranks.reduce(parts,
                                      kmeans::sums{},
                                      rankwise::fn<kmeans::add>,
                                      rankwise::with(centres)(rankwise::fn<kmeans::sum_up>)));
  }
  return {centres, watch.seconds()};
}

/// The same on each rank of `world`, with an equal share of the same parts.
outcome by_hand(const boost::mpi::communicator& world, const settings& given) {
  const auto n_ranks = static_cast<std::uint64_t>(world.size());
  std::vector<kmeans::part> parts;
  for (std::uint64_t number = 0; number < given.n_parts; ++number) {
    if (number * n_ranks / given.n_parts == static_cast<std::uint64_t>(world.rank()))
      parts.push_back(kmeans::make_part(number, given.points_of(number)));
  }
  kmeans::centre_table centres = kmeans::first_centres();
  world.barrier();
  const bench::stopwatch watch;
  for (std::uint32_t round = 0; round < given.n_rounds; ++round) {
    kmeans::sums all{};
    for (const kmeans::part& each : parts) all = kmeans::add(all, kmeans::sum_up(each, centres));
    MPI_Allreduce(MPI_IN_PLACE, &all, sizeof all / sizeof(float), MPI_FLOAT, MPI_SUM, world);
    kmeans::move_centres(centres, all);
  }
  return {centres, watch.seconds()};
}

std::uint64_t checksum_of(const kmeans::centre_table& centres) {
  return rankwise::wire::digest().add(std::as_bytes(std::span(centres))).value();
}

/// As if all coordinates were those of one point; no number if one of them is none.
double distance(const kmeans::centre_table& left, const kmeans::centre_table& right) {
  double squares = 0;
  for (std::size_t d = 0; d < kmeans::n_dimensions; ++d) {
    for (std::size_t k = 0; k < kmeans::n_centres; ++k)
      squares += std::pow(static_cast<double>(left[d][k]) - right[d][k], 2);
  }
  return std::sqrt(squares);
}

void measure(const boost::mpi::communicator& world,
             const rankwise::options& how,
             const settings& given) {
  bench::row ours{.name = "k-means: pool.reduce over parts", .unit = "s", .n = given.n_points};
  bench::row hand{.name = "k-means: by hand, MPI_Allreduce", .unit = "s", .n = given.n_points};
  std::vector<double> apart;
  // Floats are added in another order, and what that makes of a centre may give it other points:
  // ten of them are allowed for.
  const double room = 1e-4 + 10.0 * kmeans::n_centres / static_cast<double>(given.n_points);
  // In turn, so that what disturbs the machine for a while disturbs both alike.
  for (std::uint32_t repeat = 0; repeat < given.repeats; ++repeat) {
    outcome found;
    bench::run_job(world, how, [&](rankwise::pool& ranks) { found = on_pool(ranks, given); });
    const outcome expected = by_hand(world, given);
    if (world.rank() != 0) continue;
    ours.samples.push_back(found.took_s);
    hand.samples.push_back(expected.took_s);
    const std::uint64_t checksum = checksum_of(found.centres);
    bench::require(repeat == 0 || checksum == ours.checksum,
                   "k-means: other centres than in the first run");
    ours.checksum = checksum;
    hand.checksum = checksum_of(expected.centres);
    apart.push_back(distance(found.centres, expected.centres));
    bench::require(apart.back() < room, fmt::format("k-means: centres {:g} apart", apart.back()));
  }
  if (world.rank() != 0) return;
  bench::report out("parts", world.size());
  ours.figures = {{"apart", apart}};
  const double ratio = bench::median(hand.samples) / bench::median(ours.samples);
  out.add(ours);
  out.add(hand);
  out.ask_at_least("k-means: by hand / rankwise", 0.9, ratio);
  out.print_table();
}

}  // namespace

int main(int argc, char** argv) {
  settings given;
  rankwise::program what{.name = "bench_parts",
                         .summary = "k-means over parts that stay on ranks, and by hand",
                         .options = boost::program_options::options_description("Options")};
  what.options.add_options()(
      "points", rankwise::whole_number(given.n_points, 1U, 1U << 24U), "of 16 floats each")(
      "parts", rankwise::whole_number(given.n_parts, 1U, 1U << 20U), "that the points lie in")(
      "rounds", rankwise::whole_number(given.n_rounds, 1U), "of each run")(
      "repeats", rankwise::whole_number(given.repeats, 1U), "of each run");
  return bench::run_on_all(
      argc, argv, what, [&](const boost::mpi::communicator& world, const rankwise::options& how) {
        measure(world, how, given);
      });
}
