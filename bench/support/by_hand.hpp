// SPDX-License-Identifier: MIT
#pragma once

#include <mpi.h>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace bench {

/// How the master-worker that a careful programmer writes by hand is to run.
struct by_hand_options {
  std::uint64_t n_items = 0;
  std::uint64_t n_outstanding = 1;  ///< items that a worker holds, the one it runs included
  bool root_works = false;          ///< the master runs items too, and answers between two of them
};

namespace by_hand_tag {
inline constexpr int item = 1;
inline constexpr int stop = 2;
inline constexpr int result = 3;
}  // namespace by_hand_tag

/// One result on its way home.
template <class Result>
struct by_hand_reply {
  std::uint64_t index;
  Result result;
};

/// The worker: an index comes, its result goes. Blocking calls with a few bytes are the fastest
/// that MPI has: they are sent eagerly, and no request is made.
template <class Result, class Task>
void by_hand_worker(MPI_Comm communicator, const Task& task) {
  for (;;) {
    std::uint64_t index = 0;
    MPI_Status status;
    MPI_Recv(&index, 1, MPI_UINT64_T, 0, MPI_ANY_TAG, communicator, &status);
    if (status.MPI_TAG == by_hand_tag::stop) return;
    const by_hand_reply<Result> reply{index, task(index)};
    MPI_Send(&reply, sizeof reply, MPI_BYTE, 0, by_hand_tag::result, communicator);
  }
}

/// The master: each result that comes is kept, and answered with the next index at once.
template <class Result, class Task>
std::vector<Result> by_hand_master(MPI_Comm communicator,
                                   const by_hand_options& how,
                                   const Task& task) {
  int n_ranks = 0;
  MPI_Comm_size(communicator, &n_ranks);
  std::vector<Result> results(how.n_items);
  std::uint64_t next = 0;
  std::uint64_t n_done = 0;
  const auto send_next = [&](int to) {
    if (next == how.n_items) return;
    MPI_Send(&next, 1, MPI_UINT64_T, to, by_hand_tag::item, communicator);
    ++next;
  };
  const auto take_one = [&] {
    by_hand_reply<Result> reply;
    MPI_Status status;
    MPI_Recv(
        &reply, sizeof reply, MPI_BYTE, MPI_ANY_SOURCE, by_hand_tag::result, communicator, &status);
    send_next(status.MPI_SOURCE);
    results[reply.index] = reply.result;
    ++n_done;
  };
  for (std::uint64_t i = 0; i < how.n_outstanding; ++i)
    for (int rank = 1; rank < n_ranks; ++rank) send_next(rank);
  while (n_done < how.n_items) {
    if (!how.root_works || next == how.n_items) {
      take_one();
      continue;
    }
    int is_here = 1;
    while (is_here != 0 && n_done < how.n_items) {
      MPI_Iprobe(MPI_ANY_SOURCE, by_hand_tag::result, communicator, &is_here, MPI_STATUS_IGNORE);
      if (is_here != 0) take_one();
    }
    if (next == how.n_items) continue;
    const std::uint64_t mine = next++;
    results[mine] = task(mine);
    ++n_done;
  }
  for (int rank = 1; rank < n_ranks; ++rank)
    MPI_Send(&next, 1, MPI_UINT64_T, rank, by_hand_tag::stop, communicator);
  return results;
}

/// `task(index)` for all indices, by hand: the results in order on rank 0, nothing on the others.
///
/// Collective over `communicator`. Two messages an item. `Result` is trivially copyable.
template <class Result, class Task>
std::vector<Result> by_hand(MPI_Comm communicator, const by_hand_options& how, const Task& task) {
  int rank = 0;
  MPI_Comm_rank(communicator, &rank);
  if (rank == 0) return by_hand_master<Result>(communicator, how, task);
  by_hand_worker<Result>(communicator, task);
  return {};
}

}  // namespace bench
