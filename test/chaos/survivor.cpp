// SPDX-License-Identifier: MIT
// A job in which ranks are lost at chosen items: each item of --strike does --what to its rank,
// once in the job, or always. It prints the sum of the squares of 0 to 99.
#include <rankwise/parts.hpp>
#include <rankwise/program.hpp>
#include <rankwise/rankwise.hpp>
#include <rankwise/shared_best.hpp>

#include <boost/program_options/value_semantic.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <fcntl.h>
#include <functional>
#include <numeric>
#include <ranges>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

struct square {
  std::string what = {};
  std::string marks = {};  // a directory; empty: every time
  std::vector<std::uint64_t> strike = {};
  std::uint32_t pause_ms = 5;  // so that each rank has its turn

  std::uint64_t operator()(rankwise::task_context& context, std::uint64_t index) const {
    for (const std::uint64_t one : strike) {
      if (one == index && is_due(index)) suffer();
    }
    if (!context.cancelled()) std::this_thread::sleep_for(std::chrono::milliseconds(pause_ms));
    return index * index;
  }

 private:
  bool is_due(std::uint64_t index) const {
    if (marks.empty()) return true;
    const int made = ::open(fmt::format("{}/{}", marks, index).c_str(), O_CREAT | O_EXCL, 0600);
    return made >= 0;
  }

  void suffer() const {
    if (what == "kill") std::raise(SIGKILL);
    if (what == "crash") {
      std::signal(SIGSEGV, SIG_DFL);
      std::raise(SIGSEGV);
    }
    if (what == "exit") ::_exit(0);
    if (what == "stop") std::raise(SIGSTOP);
    while (what == "sleep") ::pause();
  }
};

/// Of 0 to 99, the item that costs least; each is left out if it can't be that.
constexpr std::uint64_t cheapest_item = 30;

std::uint64_t cost_of(std::uint64_t index) {
  return 7 + (index > cheapest_item ? index - cheapest_item : cheapest_item - index);
}

std::uint64_t least_cost(rankwise::task_context& context,
                         std::uint64_t index,
                         const square& task,
                         const rankwise::shared_min<std::uint64_t>& best) {
  if (!best.worth(cost_of(index))) return UINT64_MAX;
  best.offer(cost_of(index));
  task(context, index);  // the rank may be lost here: what it has offered stays
  return cost_of(index);
}

/// Squares the number that stands in its place, which is the part.
struct square_in_place : square {
  void operator()(rankwise::task_context& context, std::uint64_t& part) const {
    part = square::operator()(context, part);
  }

  template <class Archive>
  void serialize(Archive& archive, unsigned /*version*/) {
    archive& what& marks& strike& pause_ms;
  }
};

/// The same sum from parts: they are made, changed while ranks are lost, changed once more and
/// added up.
std::uint64_t sum_of_parts(const rankwise::pool& pool, const square& task) {
  const auto parts = pool.place(std::views::iota(std::uint64_t{0}, std::uint64_t{100}),
                                [](std::uint64_t number) { return number; });
  pool.for_each(parts, [](std::uint64_t& part) { part += 1; });
  pool.for_each(parts, [](std::uint64_t& part) { part -= 1; });
  pool.for_each(parts, square_in_place{task});
  pool.for_each(parts, [](std::uint64_t& part) { part *= 3; });
  return pool.reduce(parts, std::uint64_t{0}, std::plus<>{}) / 3;
}

}  // namespace

int main(int argc, char** argv) {
  // Before MPI starts, the ranks in RANKWISE_TEST_DIES_EARLY die: "2/4 1/3" has rank 2 of 4 and
  // rank 1 of 3.
  const auto variable = [](const char* name) {
    const char* const value = std::getenv(name);
    return std::string(value == nullptr ? "" : value);
  };
  const std::string here =
      fmt::format(" {}/{} ", variable("OMPI_COMM_WORLD_RANK"), variable("OMPI_COMM_WORLD_SIZE"));
  const std::string early = " " + variable("RANKWISE_TEST_DIES_EARLY") + " ";
  if (early.find(here) != std::string::npos) std::raise(SIGKILL);
  // All do something else for so many ms first.
  std::this_thread::sleep_for(
      std::chrono::milliseconds(std::atoi(variable("RANKWISE_TEST_STARTS_AFTER_MS").c_str())));

  namespace po = boost::program_options;
  std::string call;
  square task;
  rankwise::program what;
  what.name = "survivor";
  what.summary = "loses ranks";
  what.options.add_options()("call", po::value(&call), "map, reduce, parts, each or search")(
      "what", po::value(&task.what), "kill, crash, exit, stop or sleep")(
      "marks", po::value(&task.marks), "a directory")(
      "strike", po::value(&task.strike)->composing(), "an item")(
      "pause-ms", po::value(&task.pause_ms), "how long an item takes");
  return rankwise::run(argc, argv, what, [&](rankwise::pool& pool) {
    const auto items = std::views::iota(std::uint64_t{0}, std::uint64_t{100});
    std::uint64_t sum = 0;
    if (call == "parts") {
      sum = sum_of_parts(pool, task);
    } else if (call == "reduce") {
      sum = pool.reduce(items, std::uint64_t{0}, std::plus<>{}, task);
    } else {
      const std::vector<std::uint64_t> squares =
          pool.map(items, call == "search" ? square{} : task);
      sum = std::accumulate(squares.begin(), squares.end(), std::uint64_t{0});
    }
    if (call == "search") {
      const auto best = pool.shared_min(std::uint64_t{1000});
      const std::uint64_t least = pool.reduce(
          items,
          std::uint64_t{1000},
          [](std::uint64_t left, std::uint64_t right) { return std::min(left, right); },
          rankwise::with(task, best)(rankwise::fn<least_cost>));
      if (least != cost_of(cheapest_item) || best.value() != least) std::abort();
    }
    fmt::print("{}\n", sum);
    // Another call, without those who were lost.
    const std::vector<std::uint64_t> again = pool.map(items, square{});
    if (std::accumulate(again.begin(), again.end(), std::uint64_t{0}) != sum) std::abort();
    if (call == "each") pool.on_each_rank([](std::uint32_t /*row*/) {});
  });
}
