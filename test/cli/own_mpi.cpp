// SPDX-License-Identifier: MIT
// A program that starts MPI itself, works for PAUSE_MS without the library, and then runs jobs on
// its own communicators: own_mpi PAUSE_MS [die]. With "die" rank 1 is killed at the end.
#include <rankwise/collective.hpp>
#include <rankwise/rankwise.hpp>

#include <boost/mpi/communicator.hpp>
#include <boost/mpi/environment.hpp>
#include <fmt/format.h>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <ranges>
#include <string_view>
#include <thread>

namespace {

std::uint64_t twice(std::uint64_t value) {
  return 2 * value;
}

void sum_on(const boost::mpi::communicator& communicator) {
  rankwise::options how;
  how.quiet = true;
  rankwise::run(communicator, how, [](rankwise::pool& pool) {
    std::uint64_t sum = 0;
    for (const std::uint64_t value :
         pool.map(std::views::iota(std::uint64_t{0}, std::uint64_t{1000}), rankwise::fn<twice>))
      sum += value;
    fmt::print("{}\n", sum);
  });
}

}  // namespace

int main(int argc, char** argv) {
  const boost::mpi::environment environment(argc, argv);
  const boost::mpi::communicator world;
  std::this_thread::sleep_for(std::chrono::milliseconds(argc > 1 ? std::atoi(argv[1]) : 0));
  for (int round = 0; round < 2; ++round) sum_on(world);
  const boost::mpi::communicator part = world.split(world.rank() == 0 ? 0 : 1);
  if (world.rank() == 0) sum_on(part);
  world.barrier();
  if (argc > 2 && std::string_view(argv[2]) == "die") {
    if (world.rank() == 1) std::raise(SIGKILL);
    world.barrier();
  }
}
