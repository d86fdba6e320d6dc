// SPDX-License-Identifier: MIT
// A pipeline of two stages that do next to nothing, over small items: what the pipeline itself
// costs. Each result is checked, and their order.
#include <rankwise/pipeline.hpp>
#include <rankwise/rankwise.hpp>

#include "support/program.hpp"

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <optional>

namespace {

struct item {
  std::array<std::uint64_t, 8> words{};
};

item touch(item one) {
  ++one.words[7];
  return one;
}

}  // namespace

int main(int argc, char** argv) {
  return rankwise::run(argc, argv, [](rankwise::pool& pool) {
    constexpr std::uint64_t n_items = 1'000'000;
    std::uint64_t n_sent = 0;
    std::uint64_t n_come = 0;
    const rankwise::pipeline_report report = pool.pipeline(
        [&]() -> std::optional<item> {
          if (n_sent == n_items) return std::nullopt;
          return item{{n_sent++}};
        },
        rankwise::fn<touch>,
        rankwise::fn<touch>,
        [&](const item& one) {
          bench::require(one.words[0] == n_come && one.words[7] == 2, "a wrong item, or order");
          ++n_come;
        });
    bench::require(n_come == n_items, "not all items came");
    fmt::print("{{\"items_per_s\":{:.0f}}}\n", static_cast<double>(n_items) / report.elapsed_s);
  });
}
