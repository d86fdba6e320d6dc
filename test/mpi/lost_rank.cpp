// SPDX-License-Identifier: MIT
// A rank dies in the middle of a pipeline. A program of its own: Catch2 would take the signal.
#include <rankwise/pipeline.hpp>
#include <rankwise/rankwise.hpp>

#include <csignal>
#include <cstdint>
#include <ranges>

namespace {

std::uint64_t deadly(std::uint64_t value) {
  if (value == 1000) std::raise(SIGKILL);
  return value;
}

}  // namespace

int main(int argc, char** argv) {
  return rankwise::run(argc, argv, [](rankwise::pool& pool) {
    pool.pipeline(std::views::iota(std::uint64_t{0}, std::uint64_t{5000}),
                  rankwise::stage(rankwise::fn<deadly>, {.ranks = {rankwise::rank_id{1}}}),
                  [](std::uint64_t) {});
  });
}
