// SPDX-License-Identifier: MIT
#pragma once

#include "support/machine.hpp"
#include "support/stopwatch.hpp"

#include <fmt/format.h>

#include <array>
#include <cstddef>
#include <cstdio>
#include <fcntl.h>
#include <memory>
#include <spawn.h>
#include <stdexcept>
#include <string>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace bench {

/// A program and its arguments.
using command = std::vector<std::string>;

/// What a command that ended well printed, and took.
struct command_result {
  std::string output;
  std::string messages;  ///< on stderr
  double wall_s = 0;     ///< from the start of its process to the end
  double cpu_s = 0;      ///< with the processes that it started
  double peak_mib = 0;   ///< of its process, or of one that it started, whichever had most

  std::string all() const { return output + messages; }
};

namespace detail {

/// A file without a name for what a command prints.
class captured_text {
 public:
  captured_text() : file_(std::tmpfile(), &std::fclose) {
    if (!file_) throw std::runtime_error("no temporary file");
  }

  int id() const { return fileno(file_.get()); }

  std::string text() const {
    std::rewind(file_.get());
    std::string all;
    std::array<char, 4096> some{};
    while (const std::size_t n = std::fread(some.data(), 1, some.size(), file_.get()))
      all.append(some.data(), n);
    return all;
  }

 private:
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file_;
};

}  // namespace detail

/// Runs `what` to its end, with nothing on stdin.
///
/// Throws: std::runtime_error with what it said if it did not end with status 0.
inline command_result run_command(const command& what) {
  const detail::captured_text output;
  const detail::captured_text messages;
  std::vector<char*> words;
  for (const std::string& word : what) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, output.id(), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, messages.id(), STDERR_FILENO);
  const stopwatch clock;
  pid_t child = 0;
  const int error = posix_spawnp(&child, words[0], &actions, nullptr, words.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) throw std::runtime_error(what[0] + " could not be started");
  int status = 0;
  rusage usage{};
  wait4(child, &status, 0, &usage);
  const double wall_s = clock.seconds();
  command_result result{.output = output.text(),
                        .messages = messages.text(),
                        .wall_s = wall_s,
                        .cpu_s = cpu_s(usage),
                        .peak_mib = 1024 * peak_gib(usage)};
  if (status != 0) {
    throw std::runtime_error(fmt::format(
        "{}: status {}\n{}{}", fmt::join(what, " "), status, result.output, result.messages));
  }
  return result;
}

/// `what` on ranks of this machine, which are not bound to cores. What takes longer than half an
/// hour hangs.
inline command on_ranks(unsigned int n_ranks, const command& what) {
  command all{"mpirun",
              "-n",
              std::to_string(n_ranks),
              "--host",
              fmt::format("localhost:{}", n_ranks),
              "--bind-to",
              "none",
              "--timeout",
              "1800"};
  all.insert(all.end(), what.begin(), what.end());
  return all;
}

}  // namespace bench
