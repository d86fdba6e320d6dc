// SPDX-License-Identifier: MIT
#pragma once

#include "support/command.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace bench {

/// A file that is counted.
struct input_file {
  std::string path;
  std::uint64_t n_bytes = 0;
  std::uint64_t checksum = 0;  ///< FNV-1a of its 64-bit words, the last one filled up with zeros

  double megabytes() const { return 1e-6 * static_cast<double>(n_bytes); }
};

/// Reads a file, which then is in the page cache.
inline input_file read_whole(const std::filesystem::path& path) {
  input_file found{.path = path.string(), .checksum = 0xCBF29CE484222325};
  std::ifstream file(path, std::ios::binary);
  std::vector<char> block(std::size_t{1} << 20U);
  while (file) {
    file.read(block.data(), static_cast<std::streamsize>(block.size()));
    const auto n = static_cast<std::size_t>(file.gcount());
    found.n_bytes += n;
    std::fill(block.begin() + static_cast<std::ptrdiff_t>(n), block.end(), '\0');
    for (std::size_t at = 0; at < n; at += sizeof(std::uint64_t)) {
      std::uint64_t word = 0;
      std::memcpy(&word, block.data() + at, sizeof word);
      found.checksum = (found.checksum ^ word) * 0x100000001B3;
    }
  }
  if (!file.eof()) throw std::runtime_error(found.path + " can't be read");
  return found;
}

/// The files that are counted, in a directory where they stay for the next time.
class inputs {
 public:
  /// `shrink`: sizes, and numbers of distinct words, are divided by it.
  inputs(const std::filesystem::path& directory, std::string programs, std::uint64_t shrink)
      : directory_(shrink == 1 ? directory : directory / fmt::format("shrunk_{}", shrink)),
        programs_(std::move(programs)),
        shrink_(shrink) {}

  const std::filesystem::path& directory() const { return directory_; }

  /// Makes a file if it is not there, reads it, and tells what it is, as a line of JSON.
  input_file get(const std::string& name) const {
    std::filesystem::create_directories(directory_);
    const std::filesystem::path path = directory_ / name;
    if (!std::filesystem::exists(path)) make(name, path);
    input_file found = read_whole(path);
    fmt::print(R"({{"workload":"mapreduce","input":"{}","bytes":{},"checksum":"{:016x}"}})"
               "\n",
               name,
               found.n_bytes,
               found.checksum);
    std::fflush(stdout);
    return found;
  }

 private:
  void make(const std::string& name, const std::filesystem::path& path) const {
    fmt::print(stderr, "bench_mapreduce: makes {}\n", path.string());
    const std::string text = programs_ + "/bench_make_text";
    const std::string numbers = programs_ + "/bench_make_numbers";
    const std::string gigabyte = std::to_string(1'000'000'000 / shrink_);
    const std::string gigabytes = std::to_string(4'000'000'000 / shrink_);
    const std::string million = std::to_string(1'000'000 / shrink_);
    const std::string many = std::to_string(20'000'000 / shrink_);
    const std::map<std::string, command> recipes{
        {"zipf1m.txt", {text, "--bytes", gigabyte, "--words", million}},
        {"uniform1m.txt", {text, "--bytes", gigabyte, "--words", million, "--zipf", "0"}},
        {"hot.txt", {text, "--bytes", gigabyte, "--words", million, "--zipf", "0", "--hot", "0.9"}},
        {"zipf20m.txt", {text, "--bytes", gigabyte, "--words", many, "--each-once"}},
        {"image.bmp", {numbers, "image", gigabytes}},
        {"pairs.bin", {numbers, "pairs", gigabytes}},
        {"empty.txt", {"true"}},
        {"small.bmp", {numbers, "image", "1000"}},
        {"small.bin", {numbers, "pairs", "1000"}}};
    // It gets its name when it is complete.
    const std::string part = path.string() + ".part";
    command in_shell{"sh", "-c", R"(exec "$@" > "$0")", part};
    const command& recipe = recipes.at(name);
    in_shell.insert(in_shell.end(), recipe.begin(), recipe.end());
    run_command(in_shell);
    std::filesystem::rename(part, path);
  }

  std::filesystem::path directory_;
  std::string programs_;
  std::uint64_t shrink_;
};

}  // namespace bench
