// SPDX-License-Identifier: MIT
// A job that looks at how it was launched: its body and its tasks start other programs, read
// standard input and the environment, and print. At the end it says how many results there are.
#include <rankwise/rankwise.hpp>

#include <boost/program_options/value_semantic.hpp>
#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <ranges>
#include <string>
#include <thread>
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

}  // namespace

int main(int argc, char** argv) {
  std::string body_command;
  shell_task task;
  rankwise::program what;
  what.name = "launched";
  what.summary = "looks at how it was launched";
  namespace po = boost::program_options;
  what.options.add_options()("run", po::value(&body_command), "a command for the body")(
      "run-in-task", po::value(&task.command), "a command for a task")(
      "item", po::value(&task.item), "whose task that is")(
      "task-ms", po::value(&task.task_ms), "how long each of 100 tasks takes");
  return rankwise::run(argc, argv, what, [&](rankwise::pool& pool) {
    if (!body_command.empty() && std::system(body_command.c_str()) != 0)
      fmt::print("the body's command failed\n");
    const std::vector<int> results = pool.map(std::views::iota(0, 100), task);
    for (const int result : results) {
      if (result != 0) fmt::print("a task's command failed\n");
    }
    fmt::print("{} results\n", results.size());
  });
}
