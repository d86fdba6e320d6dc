// SPDX-License-Identifier: MIT
#include <rankwise/program.hpp>
#include <rankwise/rankwise.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <random>
#include <ranges>
#include <string>
#include <vector>

// Inputs and results are plain data; aggregates travel without further ado.
struct station {
  std::string name;
  std::vector<double> readings;
};

// A function that wants to know where it is, and needs random numbers.
station measure(rankwise::task_context& task, int number) {
  rankwise::random_stream random = task.random();
  std::normal_distribution<double> reading(10, 2);
  station made{fmt::format("station {}", number), {}};
  for (int i = 0; i < 1000; ++i) made.readings.push_back(reading(random));
  return made;
}

// A function object: its members go along, where a lambda could not capture them.
struct count_above {
  double limit = 0;

  std::ptrdiff_t operator()(const station& one) const {
    return std::ranges::count_if(one.readings, [this](double value) { return value > limit; });
  }
};

int main(int argc, char** argv) {
  int n_stations = 5;
  rankwise::program program;
  program.name = "stations";
  program.summary = "counts high readings";
  program.options.add_options()(
      "stations", rankwise::whole_number(n_stations, 1), "how many, 1 or more (default: 5)");
  return rankwise::run(argc, argv, program, [&](rankwise::pool& pool) {
    const auto stations = pool.map(std::views::iota(0, n_stations), rankwise::fn<measure>);
    const auto counts = pool.map(stations, count_above{13});
    const auto all = pool.reduce(counts, std::ptrdiff_t{0}, std::plus<>{});
    for (std::size_t i = 0; i < counts.size(); ++i)
      fmt::print("{}: {}\n", stations[i].name, counts[i]);
    fmt::print("all: {}\n", all);
  });
}
