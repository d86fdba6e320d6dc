// SPDX-License-Identifier: MIT
// A body of three calls that can be journaled: map, reduce, for_each. It prints what they come to.
// Each task adds a line "CALL ITEM" to the file RANKWISE_TEST_LOG, so that it can be seen what was
// run.
#include <rankwise/program.hpp>
#include <rankwise/rankwise.hpp>

#include <boost/program_options/value_semantic.hpp>
#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <fcntl.h>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

struct logged {
  std::uint32_t call = 0;
  std::int64_t pause_us = 0;
  std::int64_t fail_below = 0;

  std::string operator()(std::int64_t item) const {
    note(item);
    if (item < fail_below) throw std::runtime_error(fmt::format("item {} is bad", item));
    std::this_thread::sleep_for(std::chrono::microseconds(pause_us));
    return fmt::format("{}:{}", call, item * item);
  }

  void note(std::int64_t item) const {
    const char* const log = std::getenv("RANKWISE_TEST_LOG");
    if (log == nullptr) return;
    const int file = ::open(log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    const std::string line = fmt::format("{} {}\n", call, item);
    if (file < 0 || ::write(file, line.data(), line.size()) < 0) std::abort();
    ::close(file);
  }
};

/// 1 / (item + 1): the order of the additions shows in the last digits.
struct inverse {
  logged noted = {};

  double operator()(std::int64_t item) const {
    noted(item);
    return 1.0 / static_cast<double>(item + 1);
  }
};

}  // namespace

int main(int argc, char** argv) {
  namespace po = boost::program_options;
  logged task;
  std::int64_t n_items = 400;
  rankwise::program what;
  what.name = "journaled";
  what.summary = "makes calls that can be journaled";
  bool adds_each = false;
  bool tries = false;
  what.options.add_options()("items", po::value(&n_items), "of each call")(
      "pause-us", po::value(&task.pause_us), "of each task")(
      "fail-below", po::value(&task.fail_below), "items that fail in the first call")(
      "each", po::bool_switch(&adds_each), "adds a call that can't be journaled")(
      "try", po::bool_switch(&tries), "makes one call, which hands out failures as well");
  return rankwise::run(argc, argv, what, [&](rankwise::pool& pool) {
    std::vector<std::int64_t> items;
    for (std::int64_t item = 0; item < n_items; ++item) items.push_back(item);
    task.call = 1;
    if (tries) {
      for (const rankwise::outcome<std::string>& one : pool.try_map(items, task))
        fmt::print("{}\n", one ? one.value() : one.failure().text);
      return;
    }
    std::size_t sum = 0;
    for (const std::string& text : pool.map(items, task))
      sum = sum * 31 + std::hash<std::string>()(text);
    task.fail_below = 0;
    task.call = 2;
    const double total = pool.reduce(items, 0.0, std::plus<>{}, inverse{task});
    task.call = 3;
    pool.for_each(items, task);
    if (adds_each) pool.on_each_rank([](std::uint32_t /*row*/) {});
    fmt::print("{} {:.17g}\n", sum, total);
  });
}
