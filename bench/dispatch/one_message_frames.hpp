// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/coordinator.hpp>
#include <rankwise/core/message.hpp>
#include <rankwise/exchange/frame_reader.hpp>
#include <rankwise/exchange/outbox.hpp>
#include <rankwise/transport/backoff.hpp>
#include <rankwise/transport/mpi.hpp>
#include <rankwise/wire/buffer.hpp>

#include "support/machine.hpp"

#include <boost/mpi/communicator.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <variant>
#include <vector>

namespace bench {

/// What a run with one message in each frame gave; on rank 0.
struct one_message_run {
  std::vector<std::uint64_t> results;
  double seconds = 0;
  double root_cpu_s = 0;
  std::uint64_t n_frames = 0;  ///< sent and received by the root
};

/// Hands out `n` items one by one with the library's own coordinator, frames and transport, but
/// each grant and each result in a frame of its own: what a message takes the root where nothing
/// can be packed, as when each comes from another of thousands of ranks.
///
/// Collective over `communicator`: rank 1 works, ranks from 2 on only join.
inline one_message_run run_one_message_frames(const boost::mpi::communicator& communicator,
                                              std::uint64_t n) {
  namespace core = rankwise::core;
  rankwise::transport::mpi endpoint(communicator);
  rankwise::wire::bytes frame;
  rankwise::rank_id from{};
  std::uint32_t n_received = 0;
  core::any_order order;
  core::any_report report;
  std::span<const std::byte> payload;
  one_message_run run;
  if (communicator.rank() == 1) {
    rankwise::exchange::outbox to_root(endpoint, rankwise::root_rank);
    for (bool over = false; !over;) {
      if (!endpoint.try_receive(from, frame)) continue;
      rankwise::exchange::frame_reader reader(frame, n_received++);
      reader.next(order, payload);
      over = std::holds_alternative<core::orders::shutdown>(order);
      if (over) continue;
      const auto& grant = std::get<core::orders::grant>(order);
      const core::reports::done done{
          0, false, grant.chunk, grant.items, std::chrono::nanoseconds(100)};
      const std::uint64_t result = grant.items.first;
      to_root.add(reader.incarnation(), done, std::as_bytes(std::span(&result, 1)));
      to_root.send();
    }
    while (!endpoint.all_sent()) continue;
  } else if (communicator.rank() == 0) {
    const rankwise::rank_id worker{1};
    rankwise::exchange::outbox to_worker(endpoint, worker);
    run.results.resize(n);
    core::coordinator_options how;
    how.n_items = n;
    how.n_ranks = 2;
    how.first_worker = 1;
    how.schedule = rankwise::schedule_kind::self;
    how.chunk = 1;
    core::coordinator coordinator(how);
    const double cpu_before = thread_cpu_s();
    const double begun = wall_s();
    coordinator.joined(worker, endpoint.machine().now());
    while (!coordinator.done()) {
      const core::duration at = endpoint.machine().now();
      while (endpoint.try_receive(from, frame)) {
        rankwise::exchange::frame_reader reader(frame, n_received++);
        reader.next(report, payload);
        if (coordinator.on_report(from, reader.incarnation(), report, at) !=
            core::verdict::accepted) {
          continue;
        }
        run.results[std::get<core::reports::done>(report).items.first] =
            rankwise::wire::reader(payload).take_value<std::uint64_t>();
      }
      while (const auto given = coordinator.next_grant(at)) {
        to_worker.add(given->incarnation,
                      core::orders::grant{0, given->again, given->chunk, given->items});
        to_worker.send();
      }
    }
    run.seconds = wall_s() - begun;
    run.root_cpu_s = thread_cpu_s() - cpu_before;
    run.n_frames = std::uint64_t{to_worker.n_sent()} + n_received;
    to_worker.add(0, core::orders::shutdown{});
    to_worker.send();
    while (!endpoint.all_sent()) continue;
  }
  return run;
}

}  // namespace bench
