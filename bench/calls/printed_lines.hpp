// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/rankwise.hpp>
#include <rankwise/stream.hpp>

#include "calls/settings.hpp"
#include "support/machine.hpp"
#include "support/program.hpp"
#include "support/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <iostream>
#include <memory>
#include <optional>
#include <spawn.h>
#include <stdexcept>
#include <string>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

namespace bench {

/// The two ends of a pipe, which close with it.
class pipe_ends {
 public:
  pipe_ends() {
    if (::pipe2(ends_.data(), O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  }

  pipe_ends(const pipe_ends&) = delete;
  pipe_ends& operator=(const pipe_ends&) = delete;
  pipe_ends(pipe_ends&&) = delete;
  pipe_ends& operator=(pipe_ends&&) = delete;

  ~pipe_ends() {
    close_reader();
    close_writer();
  }

  int reader() const { return ends_[0]; }

  int writer() const { return ends_[1]; }

  void close_reader() { close(ends_[0]); }

  void close_writer() { close(ends_[1]); }

 private:
  static void close(int& end) {
    if (end >= 0) ::close(end);
    end = -1;
  }

  std::array<int, 2> ends_{-1, -1};
};

/// Writes lines that something reads, one every 20 ms, and reads those that it prints: the even
/// ones, which have a word that the others don't.
class line_clock {
 public:
  explicit line_clock(std::uint32_t n_lines)
      : written_at_(n_lines),
        writes_([this] { write_lines(); }),
        reads_([this] { read_lines(); }) {}

  /// For who filters the lines.
  pipe_ends& input() { return input_; }

  pipe_ends& output() { return output_; }

  /// Milliseconds from each line's arrival to its print, after the output was closed.
  std::vector<double> latencies_ms() {
    writes_.join();
    reads_.join();
    return latencies_ms_;
  }

 private:
  void write_lines() {
    for (std::size_t i = 0; i < written_at_.size(); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      const std::string line = fmt::format("{} {}\n", i, i % 2 == 0 ? "needle" : "hay");
      written_at_[i] = wall_s();
      if (::write(input_.writer(), line.data(), line.size()) < 0) break;
    }
    input_.close_writer();
  }

  void read_lines() {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(
        ::fdopen(::dup(output_.reader()), "r"), &std::fclose);
    std::array<char, 256> line{};
    while (std::fgets(line.data(), line.size(), file.get()) != nullptr) {
      const double now = wall_s();
      const auto number = std::strtoul(line.data(), nullptr, 10);
      latencies_ms_.push_back(1e3 * (now - written_at_.at(number)));
    }
  }

  pipe_ends input_;
  pipe_ends output_;
  std::vector<std::atomic<double>> written_at_;
  std::vector<double> latencies_ms_;
  std::thread writes_;
  std::thread reads_;
};

inline std::optional<std::string> line_with_needle(const std::string& line) {
  return line.find("needle") == std::string::npos ? std::nullopt : std::optional(line);
}

/// A grep on the library: reads standard input, and writes matches to `output`.
inline void stream_matches(rankwise::pool& pool, int output) {
  const auto next_line = []() -> std::optional<std::string> {
    std::string line;
    if (!std::getline(std::cin, line)) return std::nullopt;
    return line;
  };
  pool.stream(
      next_line, rankwise::fn<line_with_needle>, [output](const std::optional<std::string>& match) {
        if (!match) return;
        const std::string line = *match + "\n";
        require(::write(output, line.data(), line.size()) > 0, "a line is not written");
      });
}

/// The same with grep.
inline void grep_matches(pipe_ends& input, pipe_ends& output) {
  std::string program = "grep";
  std::string flag = "--line-buffered";
  std::string word = "needle";
  std::array<char*, 4> words{program.data(), flag.data(), word.data(), nullptr};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, input.reader(), STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, output.writer(), STDOUT_FILENO);
  pid_t child = 0;
  const int error = posix_spawnp(&child, words[0], &actions, nullptr, words.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  output.close_writer();
  require(error == 0, "grep could not be started");
  int status = 0;
  waitpid(child, &status, 0);
}

/// Lines of standard input, of which those that match are printed: how long after their arrival.
inline void measure_printed_lines(const call_bench& bench) {
  const std::uint32_t n = bench.given.n_lines;
  row ours{.name = "a line's match printed: rankwise", .unit = "ms", .n = n};
  row grep{.name = "a line's match printed: grep", .unit = "ms", .n = n};
  std::optional<line_clock> lines;
  if (bench.out != nullptr) {
    lines.emplace(n);
    require(::dup2(lines->input().reader(), STDIN_FILENO) == STDIN_FILENO, "no standard input");
  }
  run_job(bench.world, bench.how, [&](rankwise::pool& pool) {
    stream_matches(pool, lines->output().writer());
  });
  if (bench.out == nullptr) return;
  lines->output().close_writer();
  ours.samples = lines->latencies_ms();
  lines.emplace(n);
  grep_matches(lines->input(), lines->output());
  grep.samples = lines->latencies_ms();
  require(ours.samples.size() == (n + 1) / 2 && grep.samples.size() == (n + 1) / 2,
          "lines are missing");
  bench.out->add(ours);
  bench.out->add(grep);
  bench.out->ask_at_most("a line's match printed, ms, the latest",
                         10,
                         *std::max_element(ours.samples.begin(), ours.samples.end()));
}

}  // namespace bench
