// SPDX-License-Identifier: MIT
// Calls from several threads of the body: short ones do not wait for a long one.
#include <rankwise/program.hpp>
#include <rankwise/rankwise.hpp>

#include <fmt/core.h>

#include <cstdint>
#include <functional>
#include <ranges>
#include <thread>
#include <vector>

constexpr int n_batches = 200;
constexpr int batch_size = 20'000;

/// Of a batch of points in a square, how many lie in the circle in it.
std::uint64_t points_in_circle(rankwise::task_context& task, int /*batch*/) {
  rankwise::random_stream random = task.random();
  std::uint64_t n_inside = 0;
  for (int i = 0; i < batch_size; ++i) {
    const double x = random() / 4294967296.0;
    const double y = random() / 4294967296.0;
    if (x * x + y * y < 1) ++n_inside;
  }
  return n_inside;
}

bool is_prime(std::uint64_t number) {
  for (std::uint64_t divisor = 2; divisor * divisor <= number; ++divisor) {
    if (number % divisor == 0) return false;
  }
  return number > 1;
}

int main(int argc, char** argv) {
  rankwise::program program;
  program.name = "threads";
  program.summary = "answers short questions while a long call is under way";
  return rankwise::run(argc, argv, program, [](rankwise::pool& pool) {
    std::vector<std::uint64_t> answers;
    std::uint64_t n_inside = 0;
    {
      // Its random numbers go by its name: calls of several threads have no order.
      const std::jthread estimate([&, ranks = pool.named("circle")] {
        n_inside = ranks.reduce(std::views::iota(0, n_batches),
                                std::uint64_t{0},
                                std::plus<>{},
                                rankwise::fn<points_in_circle>);
      });
      rankwise::options urgent = pool.options();
      urgent.priority = 1;
      for (std::uint64_t from = 1'000'000; from < 1'000'100; from += 20) {
        const auto first = pool.with(urgent).find_first(std::views::iota(from, from + 1000),
                                                        rankwise::fn<is_prime>);
        answers.push_back(from + first.value());
      }
    }
    for (const std::uint64_t prime : answers) fmt::print("{}\n", prime);
    fmt::print("{:.3f}\n", 4.0 * static_cast<double>(n_inside) / n_batches / batch_size);
  });
}
