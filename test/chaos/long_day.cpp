// SPDX-License-Identifier: MIT
// Short maps one after the other, until --marks has a file "idle"; then the body does nothing until
// there is a file "end". It says the ranks' processes at first, and how many maps there were at
// last; each must have its right result, whatever befalls the ranks.
#include <rankwise/program.hpp>
#include <rankwise/rankwise.hpp>

#include <boost/program_options/value_semantic.hpp>
#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <ranges>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

std::int64_t process(std::uint32_t /*row*/) {
  return ::getpid();
}

std::vector<std::uint64_t> squares(std::uint64_t value) {
  std::this_thread::sleep_for(std::chrono::microseconds(500));
  return std::vector<std::uint64_t>(1000, value * value);  // 8 kB
}

}  // namespace

int main(int argc, char** argv) {
  namespace po = boost::program_options;
  std::string marks;
  rankwise::program what;
  what.name = "long_day";
  what.summary = "runs short maps until it is told to end";
  what.options.add_options()("marks", po::value(&marks)->required(), "a directory");
  return rankwise::run(argc, argv, what, [&](rankwise::pool& pool) {
    for (const std::int64_t pid : pool.on_each_rank(rankwise::fn<process>))
      fmt::print("process {}\n", pid);
    std::fflush(stdout);
    const std::filesystem::path folder(marks);
    std::uint64_t n_maps = 0;
    while (!std::filesystem::exists(folder / "idle")) {
      const auto items = std::views::iota(n_maps, n_maps + 100);
      std::uint64_t value = n_maps;
      for (const std::vector<std::uint64_t>& row : pool.map(items, rankwise::fn<squares>)) {
        if (row.size() != 1000 || row.back() != value * value) std::abort();
        ++value;
      }
      ++n_maps;
    }
    fmt::print("idle\n");
    std::fflush(stdout);
    while (!std::filesystem::exists(folder / "end"))
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    fmt::print("maps {}\n", n_maps);
  });
}
