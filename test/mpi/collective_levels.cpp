// SPDX-License-Identifier: MIT
// A program with messages of its own under way while its ranks map: collective_levels LEVEL ROUNDS,
// where LEVEL is single, funneled, serialized or multiple. Status 0 if all is right in each round.
#include <rankwise/collective.hpp>

#include <fmt/core.h>
#include <mpi.h>

#include <array>
#include <cstddef>
#include <cstdlib>
#include <ranges>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr std::array<std::string_view, 4> level_names{
    "single", "funneled", "serialized", "multiple"};
constexpr std::array<int, 4> levels{
    MPI_THREAD_SINGLE, MPI_THREAD_FUNNELED, MPI_THREAD_SERIALIZED, MPI_THREAD_MULTIPLE};

int n_mpi_errors = 0;

void on_mpi_error(MPI_Comm* /*communicator*/, int* /*code*/, ...) {
  ++n_mpi_errors;
}

void require(bool is_right, int round, const char* what) {
  if (is_right) return;
  int rank = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  fmt::print(stderr, "collective_levels: rank {}, round {}: {}\n", rank, round, what);
  MPI_Abort(MPI_COMM_WORLD, EXIT_FAILURE);
}

/// Messages in a ring, with the tags that the library uses too, from before a call to after it.
class ring {
 public:
  ring(int rank, int n_ranks, int round)
      : to_((rank + 1) % n_ranks), from_((rank + n_ranks - 1) % n_ranks), round_(round) {
    for (std::size_t i = 0; i < n_messages; ++i) {
      out_[i].assign(sizes[i], 100 * rank + round);
      in_[i].assign(sizes[i], -1);
      const int tag = i + 1 == n_messages ? MPI_ANY_TAG : static_cast<int>(i);
      const int source = i + 1 == n_messages ? MPI_ANY_SOURCE : from_;
      MPI_Irecv(in_[i].data(), count(i), MPI_INT, source, tag, MPI_COMM_WORLD, &requests_[i]);
    }
    if (round % 2 == 0) send();
  }

  void send() {
    for (std::size_t i = 0; i < n_messages; ++i) {
      MPI_Isend(out_[i].data(),
                count(i),
                MPI_INT,
                to_,
                static_cast<int>(i),
                MPI_COMM_WORLD,
                &requests_[n_messages + i]);
    }
    is_sent_ = true;
  }

  bool is_right() {
    if (!is_sent_) send();
    MPI_Waitall(static_cast<int>(requests_.size()), requests_.data(), MPI_STATUSES_IGNORE);
    bool all = true;
    for (std::size_t i = 0; i < n_messages; ++i)
      all = all && in_[i] == std::vector<int>(sizes[i], 100 * from_ + round_);
    return all;
  }

 private:
  static constexpr std::size_t n_messages = 4;
  static constexpr std::array<std::size_t, n_messages> sizes{1, 100, 60'000, 10};

  static int count(std::size_t i) { return static_cast<int>(sizes[i]); }

  int to_;
  int from_;
  int round_;
  bool is_sent_ = false;
  std::array<std::vector<int>, n_messages> out_;
  std::array<std::vector<int>, n_messages> in_;
  std::array<MPI_Request, 2 * n_messages> requests_{};
};

void map_on(MPI_Comm communicator, int round, int offset) {
  const rankwise::collective_options how{.everywhere = true, .options = {.quiet = true}};
  const auto results = rankwise::map(
      communicator, std::views::iota(0, 200), [&](int i) { return i + offset; }, how);
  bool all = results.size() == 200;
  for (int i = 0; all && i < 200; ++i) all = results[static_cast<std::size_t>(i)] == i + offset;
  require(all, round, "wrong results");
  try {
    rankwise::for_each(
        communicator,
        std::views::iota(0, 50),
        [&](int i) {
          if (i == round % 50) throw std::runtime_error("as asked");
        },
        how);
    require(false, round, "no exception");
  } catch (const rankwise::task_error& error) {
    const std::string wanted = fmt::format("task {} failed on rank ", round % 50);
    require(std::string_view(error.what()).starts_with(wanted), round, error.what());
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view name = argc > 2 ? argv[1] : "";
  std::size_t wanted = 0;
  while (wanted < levels.size() && level_names[wanted] != name) ++wanted;
  if (wanted == levels.size()) return 2;
  int given = 0;
  MPI_Init_thread(&argc, &argv, levels[wanted], &given);
  int rank = 0;
  int n_ranks = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &n_ranks);
  MPI_Errhandler mine = MPI_ERRHANDLER_NULL;
  MPI_Comm_create_errhandler(on_mpi_error, &mine);
  MPI_Comm_set_errhandler(MPI_COMM_WORLD, mine);
  MPI_Comm half = MPI_COMM_NULL;
  MPI_Comm_split(MPI_COMM_WORLD, rank % 2, rank, &half);
  const int n_rounds = std::atoi(argv[2]);
  for (int round = 0; round < n_rounds; ++round) {
    ring messages(rank, n_ranks, round);
    map_on(MPI_COMM_WORLD, round, round);
    map_on(half, round, 1000 * (rank % 2));
    require(messages.is_right(), round, "a message of the program's own is wrong");
  }
  MPI_Errhandler now = MPI_ERRHANDLER_NULL;
  MPI_Comm_get_errhandler(MPI_COMM_WORLD, &now);
  require(now == mine, n_rounds, "another error handler");
  require(n_mpi_errors == 0, n_rounds, "the program's error handler was called");
  MPI_Errhandler_free(&now);
  MPI_Errhandler_free(&mine);
  MPI_Comm_free(&half);
  if (rank == 0) fmt::print("{} rounds at {}\n", n_rounds, name);
  MPI_Finalize();
}
