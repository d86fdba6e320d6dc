// SPDX-License-Identifier: MIT
// --journal: what has been done is kept. A call can ask whether a result still counts, and a pool
// without a journal makes the calls that can't be journaled.
#include <rankwise/program.hpp>
#include <rankwise/rankwise.hpp>

#include <fmt/core.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <ranges>
#include <string>
#include <vector>

struct write_table {
  std::string directory;

  std::string operator()(int factor) const {
    std::string path = fmt::format("{}/table-{}.txt", directory, factor);
    std::ofstream file(path);
    for (int i = 1; i <= 10; ++i) file << i << " x " << factor << " = " << i * factor << '\n';
    if (!file.flush()) throw rankwise::config_error("can't write " + path);
    return path;
  }
};

int main(int argc, char** argv) {
  std::vector<std::string> operands;
  rankwise::program program;
  program.name = "journal";
  program.summary = "writes multiplication tables";
  program.operands = {"DIRECTORY", &operands, 1};
  return rankwise::run(argc, argv, program, [&](rankwise::pool& pool) {
    // A resumed job runs an item again if its file has disappeared since.
    const auto file_is_there = [](std::uint64_t /*index*/, const std::string& path) {
      return std::filesystem::exists(path);
    };
    const auto paths = pool.map(std::views::iota(2, 6), write_table{operands.at(0)}, file_is_there);
    for (const auto& path : paths)
      fmt::print("{}\n", std::filesystem::path(path).filename().string());

    rankwise::options options = pool.options();
    options.journal.clear();
    const auto seen =
        pool.with(options).on_each_rank([](std::uint32_t /*number*/) { return std::uint64_t{1}; });
    fmt::print("every rank was asked: {}\n", seen.size() == pool.n_workers());
  });
}
