// SPDX-License-Identifier: MIT
// pool::for_each: each task writes a picture of its own; nothing comes home.
#include <rankwise/program.hpp>
#include <rankwise/rankwise.hpp>

#include <fmt/core.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

// The members of a function object travel to each rank that runs the task.
struct draw_circle {
  std::string directory;

  void operator()(int radius) const {
    std::ofstream file(fmt::format("{}/circle-{}.pbm", directory, radius));
    const int width = 2 * radius + 1;
    file << "P1\n" << width << ' ' << width << '\n';
    for (int y = -radius; y <= radius; ++y) {
      for (int x = -radius; x <= radius; ++x) file << (x * x + y * y <= radius * radius);
      file << '\n';
    }
    if (!file.flush()) throw rankwise::config_error("can't write into " + directory);
  }
};

int main(int argc, char** argv) {
  std::vector<std::string> operands;
  rankwise::program program;
  program.name = "for_each";
  program.summary = "draws circles into files";
  program.operands = {"DIRECTORY", &operands, 1};
  return rankwise::run(argc, argv, program, [&](rankwise::pool& pool) {
    const std::vector<int> radii{1, 3, 5};
    pool.for_each(radii, draw_circle{operands.at(0)});
    // On one machine, or with a shared folder, the root finds what the others have written.
    for (const int radius : radii) {
      const auto path = fmt::format("{}/circle-{}.pbm", operands.at(0), radius);
      fmt::print("circle-{}.pbm: {} bytes\n", radius, std::filesystem::file_size(path));
    }
  });
}
