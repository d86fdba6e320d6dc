// SPDX-License-Identifier: MIT
// task_context::when_settled: a file gets its name only if the result of its task counts.
#include <rankwise/program.hpp>
#include <rankwise/rankwise.hpp>

#include <fmt/core.h>

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <ranges>
#include <stdexcept>
#include <string>
#include <vector>

struct write_report {
  std::string directory;

  std::size_t operator()(rankwise::task_context& task, int number) const {
    const auto name = fmt::format("{}/report-{}.txt", directory, number);
    // First what can be undone: the file under a name of this run of the task alone.
    const auto draft = fmt::format("{}.rank-{}", name, static_cast<int>(task.rank()));
    std::ofstream file(draft);
    const auto text = fmt::format("report {}\n", number);
    if (!(file << text).flush()) throw rankwise::config_error("can't write " + draft);
    // Then, once the root has decided, what makes it final.
    task.when_settled([name, draft](bool counts) {
      if (counts) {
        std::filesystem::rename(draft, name);
      } else {
        std::filesystem::remove(draft);
      }
    });
    if (number == 2) throw std::runtime_error("no report today");
    return text.size();
  }
};

int main(int argc, char** argv) {
  std::vector<std::string> operands;
  rankwise::program program;
  program.name = "when_settled";
  program.summary = "writes reports, whole or not at all";
  program.operands = {"DIRECTORY", &operands, 1};
  return rankwise::run(argc, argv, program, [&](rankwise::pool& pool) {
    const auto reports = pool.try_map(std::views::iota(0, 4), write_report{operands.at(0)});
    for (const auto& report : reports)
      fmt::print("{}\n", report ? "written" : report.failure().text);
    std::size_t n_files = 0;
    for (const auto& file : std::filesystem::directory_iterator(operands.at(0)))
      n_files += file.path().filename().string().starts_with("report-");
    fmt::print("files: {}\n", n_files);
  });
}
