// SPDX-License-Identifier: MIT
// pool.stream: prints the first prime numbers of standard input, each as it comes.
#include <rankwise/program.hpp>
#include <rankwise/rankwise.hpp>
#include <rankwise/stream.hpp>

#include <boost/program_options.hpp>
#include <fmt/core.h>

#include <cstdint>
#include <cstdio>
#include <iostream>
#include <optional>
#include <ranges>

/// `number` if it is a prime number.
std::optional<std::uint64_t> if_prime(std::uint64_t number) {
  for (std::uint64_t divisor = 2; divisor * divisor <= number; ++divisor) {
    if (number % divisor == 0) return std::nullopt;
  }
  return number < 2 ? std::nullopt : std::optional(number);
}

int main(int argc, char** argv) {
  std::uint64_t wanted = 5;
  rankwise::program program;
  program.name = "stream";
  program.summary = "prints the first prime numbers of standard input";
  program.options.add_options()(
      "count", boost::program_options::value(&wanted)->default_value(wanted), "so many");
  return rankwise::run(argc, argv, program, [&](rankwise::pool& pool) {
    std::uint64_t n_found = 0;
    const auto print = [&](std::uint64_t place, std::optional<std::uint64_t> prime) {
      if (prime) {
        fmt::print("{}: {}\n", place + 1, *prime);
        std::fflush(stdout);
        ++n_found;
      }
      return n_found < wanted;
    };
    pool.stream(std::views::istream<std::uint64_t>(std::cin), rankwise::fn<if_prime>, print);
  });
}
