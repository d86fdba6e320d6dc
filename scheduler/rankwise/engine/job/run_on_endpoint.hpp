// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/engine/call/task_threw.hpp>
#include <rankwise/engine/job/job.hpp>
#include <rankwise/engine/rank/cannot_go_on.hpp>
#include <rankwise/engine/rank/loss_settings.hpp>
#include <rankwise/engine/rank/task_end.hpp>
#include <rankwise/engine/rank/worker_rank.hpp>
#include <rankwise/engine/root/root.hpp>
#include <rankwise/journal/journal.hpp>
#include <rankwise/journal/open_journal.hpp>
#include <rankwise/observe/console.hpp>
#include <rankwise/options.hpp>
#include <rankwise/pool.hpp>
#include <rankwise/rank.hpp>
#include <rankwise/transport/endpoint.hpp>

#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace rankwise::engine {

/// Runs `body` on the root of the endpoint, with a progress display; other ranks serve until it is
/// over.
///
/// Throws: what `body` throws; cannot_go_on, whatever `body` makes of it.
inline void run_on_endpoint(transport::endpoint& endpoint,
                            const std::vector<std::string>& hosts,
                            const options& how,
                            const loss_settings& losses,
                            const job_body& body) {
  if (endpoint.rank() != root_rank) {
    or_bring_down([&] {
      worker_rank mine(endpoint, losses);
      const task_end named(mine.context(), true);
      mine.serve();
    });
    return;
  }
  std::optional<observe::console> shown;
  std::optional<root> engine;
  or_bring_down([&] {
    shown.emplace(how);
    engine.emplace(endpoint, hosts, *shown, losses);
  });
  if (!endpoint.may_change_threads()) {
    shown->notice(
        "MPI gives no MPI_THREAD_SERIALIZED: while the root is in a task, other ranks wait for it");
  }
  const task_end named(engine->context(), endpoint.n_ranks() > 1);
  std::unique_ptr<observe::journal> book;
  std::exception_ptr failure;
  try {
    book = observe::open_journal(how, hosts);
    if (book) engine->keep(*book);
    pool ranks(*engine, how);
    body(ranks);
    engine->finish_open_calls();
    if (book) book->end("done");
  } catch (...) {
    failure = std::current_exception();
    if (book) book->end(describe_exception().text);
    or_bring_down([&] { engine->drop_open_calls(); });
  }
  or_bring_down([&] { engine->shut_down(); });
  if (failure) std::rethrow_exception(failure);
  shown->job_over(engine->shown_totals());
}

}  // namespace rankwise::engine
