// SPDX-License-Identifier: MIT
// The shortest tour through all cities: a search in which all ranks know the best tour so far.
#include "salesman.hpp"

#include <rankwise/expansion.hpp>
#include <rankwise/program.hpp>
#include <rankwise/rankwise.hpp>
#include <rankwise/shared_best.hpp>

#include <fmt/core.h>

#include <cstdint>

/// Makes the beginning of tours longer by one city; when few are left, searches what is behind it.
salesman::tour go_on(const salesman::beginning& from,
                     rankwise::expansion<salesman::beginning>& more,
                     const salesman::map& all,
                     const rankwise::shared_min<salesman::length>& best) {
  salesman::tour found;
  if (all.n - from.n <= 12) {
    salesman::search(all, from, best, found);
  } else if (best.worth(least_total(all, from))) {
    // What is pushed last is taken first.
    make_longer(all, from, [&](const salesman::beginning& longer) { more.push(longer); });
  }
  return found;
}

int main(int argc, char** argv) {
  std::uint32_t n = 16;
  std::uint64_t seed = 1;
  rankwise::program program;
  program.name = "salesman";
  program.summary = "finds the shortest tour through N cities, which lie where chance has put them";
  program.options.add_options()(
      "cities", rankwise::whole_number(n, 2, salesman::most_cities), "N (default: 16)")(
      "places", rankwise::whole_number(seed, 0), "the seed of that chance (default: 1)");
  return rankwise::run(argc, argv, program, [&](rankwise::pool& pool) {
    const salesman::map all = salesman::make_map(n, seed);
    const auto best = pool.shared_min(salesman::endless);
    const salesman::tour found = pool.expand({salesman::beginning{}},
                                             salesman::tour{},
                                             rankwise::fn<salesman::better>,
                                             rankwise::with(all, best)(rankwise::fn<go_on>));
    fmt::print("{}:", found.total);
    for (std::uint32_t i = 0; i < n; ++i) fmt::print(" {}", found.cities[i]);
    fmt::print("\n");
  });
}
