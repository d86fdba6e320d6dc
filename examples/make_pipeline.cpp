// SPDX-License-Identifier: MIT
// pool::make_pipeline: stages are made once and run twice; the last one remembers what it has seen.
#include <rankwise/pipeline.hpp>
#include <rankwise/rankwise.hpp>

#include <fmt/core.h>

#include <cstdint>
#include <vector>

double to_kelvin(double celsius) {
  return celsius + 273.15;
}

// A stage with a memory: it runs on one rank, so it gets the items in their order.
struct running_maximum {
  double highest = 0;

  double operator()(double kelvin) {
    if (kelvin > highest) highest = kelvin;
    return highest;
  }
};

// Called once, on the rank that the stage runs on.
running_maximum make_running_maximum() {
  return {};
}

int main(int argc, char** argv) {
  return rankwise::run(argc, argv, [](rankwise::pool& pool) {
    const auto warmest = pool.make_pipeline<double>(
        rankwise::stage(rankwise::fn<to_kelvin>, {.name = "to kelvin", .replicas = 2}),
        rankwise::stage(rankwise::fn<make_running_maximum>, {.name = "maximum"}));
    const auto print = [](std::uint64_t item, double kelvin) {
      fmt::print("{}: {:.2f} K\n", item, kelvin);
    };
    fmt::print("Monday\n");
    warmest.run(std::vector{11.0, 17.5, 14.0}, print, {.in_flight = 8});
    fmt::print("Tuesday\n");
    warmest.run(std::vector{12.0, 19.5, 16.0}, print);
  });
}
