// SPDX-License-Identifier: MIT
// A job that looks at how it was launched: its body and its tasks start other programs, read
// standard input and the environment, and print. At the end it says how many results there are.
#include <rankwise/program.hpp>
#include <rankwise/rankwise.hpp>

#include <boost/program_options/value_semantic.hpp>
#include <fmt/format.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <poll.h>
#include <ranges>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

/// Has the shell run a command for one item, and says what it ends with.
struct shell_task {
  std::string command = {};
  int item = 0;
  int task_ms = 2;

  int operator()(int index) const {
    std::this_thread::sleep_for(std::chrono::milliseconds(task_ms));
    return index == item && !command.empty() ? std::system(command.c_str()) : 0;
  }
};

/// All of standard input, read in one of the ways that programs have; "nothing" is read by none.
std::string read_input(const std::string& way) {
  std::string all;
  std::array<char, 4096> block{};
  if (way == "unsynced") std::ios::sync_with_stdio(false);
  if (way == "cin" || way == "unsynced") {
    std::getline(std::cin, all, '\0');
  } else if (way == "stdio") {
    while (std::fgets(block.data(), static_cast<int>(block.size()), stdin) != nullptr)
      all += block.data();
  } else if (way == "poll" || way == "read") {
    pollfd input{STDIN_FILENO, POLLIN, 0};
    for (;;) {
      if (way == "poll" && ::poll(&input, 1, 60000) != 1) break;
      const ssize_t n = ::read(STDIN_FILENO, block.data(), block.size());
      if (n <= 0) break;
      all.append(block.data(), static_cast<std::size_t>(n));
    }
  } else if (way == "thread") {
    std::thread([&all] { all = read_input("cin"); }).join();
  } else if (way == "child") {
    std::fflush(nullptr);
    if (std::system("cat") != 0) all = "cat failed\n";
  }
  return all;
}

}  // namespace

int main(int argc, char** argv) {
  std::string body_command;
  std::string way;
  std::uint64_t n_lines = 0;
  shell_task task;
  rankwise::program what;
  what.name = "launched";
  what.summary = "looks at how it was launched";
  namespace po = boost::program_options;
  what.options.add_options()("run", po::value(&body_command), "a command for the body")(
      "run-in-task", po::value(&task.command), "a command for a task")(
      "item", po::value(&task.item), "whose task that is")(
      "task-ms", po::value(&task.task_ms), "how long each of 100 tasks takes");
  what.options.add_options()("read", po::value(&way), "prints standard input, read in that way")(
      "lines", po::value(&n_lines), "prints so many");
  // Before the library has been called: on rank 0, the others have none.
  const char* const early = std::getenv("RANKWISE_TEST_READ");
  if (early != nullptr) fmt::print("{}", read_input(early));
  return rankwise::run(argc, argv, what, [&](rankwise::pool& pool) {
    fmt::print("{}", read_input(way));
    for (std::uint64_t line = 0; line < n_lines; ++line) fmt::print("line {}\n", line);
    if (!body_command.empty() && std::system(body_command.c_str()) != 0)
      fmt::print("the body's command failed\n");
    const std::vector<int> results = pool.map(std::views::iota(0, 100), task);
    for (const int result : results) {
      if (result != 0) fmt::print("a task's command failed\n");
    }
    fmt::print("{} results\n", results.size());
  });
}
