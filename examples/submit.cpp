// SPDX-License-Identifier: MIT
// pool.submit: tasks that are handed out one by one, and futures of what they return.
#include <rankwise/future.hpp>
#include <rankwise/program.hpp>
#include <rankwise/rankwise.hpp>

#include <fmt/core.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

/// The parts of `number` of which it is the product, smallest first.
std::string factors(std::uint64_t number) {
  std::string text;
  for (std::uint64_t divisor = 2; divisor * divisor <= number; ++divisor) {
    for (; number % divisor == 0; number /= divisor) text += std::to_string(divisor) + " ";
  }
  return text + std::to_string(number);
}

std::uint64_t power(std::uint64_t base, int exponent) {
  std::uint64_t product = 1;
  for (int i = 0; i < exponent; ++i) product *= base;
  return product;
}

std::uint64_t sum_of(std::uint64_t left, std::uint64_t right) {
  return left + right;
}

int main(int argc, char** argv) {
  rankwise::program program;
  program.name = "submit";
  program.summary = "factors numbers that other tasks have made";
  return rankwise::run(argc, argv, program, [](rankwise::pool& pool) {
    std::vector<rankwise::future<std::uint64_t>> powers;
    for (int exponent = 10; exponent < 20; ++exponent)
      powers.push_back(pool.submit(rankwise::fn<power>, 3, exponent));
    std::vector<rankwise::future<std::string>> answers;
    // A task whose arguments are futures begins once their values are there.
    auto pair = pool.submit(rankwise::fn<sum_of>, powers.front(), powers.back());
    answers.push_back(pool.submit(rankwise::fn<factors>, std::move(pair)));
    std::uint64_t sum = 0;
    for (auto& next : rankwise::as_completed(powers)) {  // in any order
      const std::uint64_t number = next.get();
      sum += number;
      pool.submit(rankwise::fn<factors>, number + 2).cancel();  // nobody wants to know
    }
    answers.push_back(pool.submit(rankwise::fn<factors>, sum));
    answers.push_back(pool.submit(rankwise::fn<factors>, sum + 1));
    for (auto& answer : answers) fmt::print("{}\n", answer.get());
  });
}
