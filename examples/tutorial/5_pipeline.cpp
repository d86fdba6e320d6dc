// SPDX-License-Identifier: MIT
#include <rankwise/pipeline.hpp>
#include <rankwise/rankwise.hpp>

#include <fmt/core.h>

#include <charconv>
#include <cstdint>
#include <iostream>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>

std::uint64_t parse(const std::string& line) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), number);
  if (error != std::errc{} || end != line.data() + line.size() || number == 0)
    throw std::invalid_argument("found \"" + line + "\", accepted: a number from 1");
  return number;
}

int count_steps(std::uint64_t start) {
  int n_steps = 0;
  for (std::uint64_t n = start; n != 1; ++n_steps) n = n % 2 == 0 ? n / 2 : 3 * n + 1;
  return n_steps;
}

int main(int argc, char** argv) {
  return rankwise::run(argc, argv, [](rankwise::pool& pool) {
    const auto next_line = []() -> std::optional<std::string> {
      std::string line;
      return std::getline(std::cin, line) ? std::optional(line) : std::nullopt;
    };
    const auto print = [](std::uint64_t line, int n_steps) {
      fmt::print("line {}: {} steps\n", line + 1, n_steps);
    };
    pool.pipeline(next_line,
                  rankwise::fn<parse>,
                  rankwise::stage(rankwise::fn<count_steps>, {.name = "walk", .replicas = 2}),
                  print);
  });
}
