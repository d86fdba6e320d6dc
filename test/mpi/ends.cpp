// SPDX-License-Identifier: MIT
// Jobs that end in other ways than most: a task that ends its process, two runs in one process.
#include <rankwise/program.hpp>
#include <rankwise/rankwise.hpp>

#include <boost/mpi/communicator.hpp>
#include <mpi.h>

#include <array>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <numeric>
#include <ranges>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace {

int deep(volatile int* last, int depth) {
  std::array<volatile int, 1000> here{};
  here[0] = depth;
  return depth == 0 ? *last : deep(here.data(), depth + 1) + here[0];
}

struct end_at_7 {
  std::string how;

  int operator()(int item) const {
    if (item == 7) end();
    return 2 * item;
  }

  void end() const {
    if (how == "exit3") std::exit(3);
    if (how == "exit0") std::exit(0);
    if (how == "abort") std::abort();
    if (how == "overflow") {
      volatile int last = 1;
      static_cast<void>(deep(&last, 1));
    }
    if (how == "segv") *static_cast<volatile int*>(nullptr) = 1;
    if (how == "print") std::cout << "in 7\n";
    if (how == "child") {  // which is another process
      const pid_t child = ::fork();
      if (child == 0) std::exit(5);
      ::waitpid(child, nullptr, 0);
    }
  }
};

int run_once(int argc, char** argv) {
  std::vector<std::string> how;
  rankwise::program what;
  what.name = "ends";
  what.summary = "ends in one way or another";
  what.operands = {"HOW", &how};
  return rankwise::run(argc, argv, what, [&](rankwise::pool& pool) {
    if (how.at(0) == "print") std::cout << "before\n";
    const auto results = pool.map(std::views::iota(0, 20), end_at_7{how.at(0)});
    std::cout << std::accumulate(results.begin(), results.end(), 0) << '\n';
  });
}

}  // namespace

int main(int argc, char** argv) {
  std::ios_base::sync_with_stdio(false);
  const std::string how = argv[argc - 1];
  const int status = run_once(argc, argv);
  if (how == "finalised" && status == 0) MPI_Finalize();
  return how == "finalised" || how == "twice" ? run_once(argc, argv) : status;
}
