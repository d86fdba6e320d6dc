// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/coordinator.hpp>
#include <rankwise/core/coordinator_options.hpp>
#include <rankwise/core/item_set.hpp>
#include <rankwise/core/split_requests.hpp>
#include <rankwise/core/types.hpp>
#include <rankwise/engine/call/call_header.hpp>
#include <rankwise/engine/call/chunk_scope.hpp>
#include <rankwise/engine/call/root_call.hpp>
#include <rankwise/engine/rank/rank_role.hpp>
#include <rankwise/engine/root/journaled_call.hpp>
#include <rankwise/error.hpp>
#include <rankwise/statistics.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace rankwise::engine {

/// A call that the root runs, until it is over: what it hands out, and what has come of it.
///
/// Local: no communication.
struct running_call final : chunk_runner {
  running_call(root_call& made,
               const char* made_as,
               const core::coordinator_options& asked,
               std::optional<journaled_call> kept)
      : call(made),
        name(made_as),
        journaled(std::move(kept)),
        coordinator(asked, journaled ? journaled->held() : core::item_set{}) {
    if (!journaled) return;
    failures = journaled->failures();
    for (const task_failure& failure : failures) call.on_failed(failure);
    coordinator.hold_failed(failures.size());
  }

  const call_header& header() const override { return sent; }

  void run_chunk(chunk_scope& scope, std::span<const std::byte> /*inputs*/) override {
    call.run(scope);
  }

  void deliver() override { call.deliver(); }

  root_call& call;
  const char* name;              ///< as the user has made it
  std::string own_name = {};     ///< see options::name
  const void* thread = nullptr;  ///< of the body, which has made the call, or has added to it last
  std::optional<journaled_call> journaled;
  core::coordinator coordinator;
  core::split_requests splits = {};      ///< of its items
  call_header sent = {};                 ///< to the other ranks
  std::uint32_t wire_number = 0;         ///< of all calls of the job, as messages have it
  std::vector<char> is_introduced = {};  ///< by rank: it has been told of the call
  core::duration begun{};
  std::optional<core::duration> counted_since = {};  ///< of a call that is not lasting; none: the
                                                     ///< time counts to another one
  std::optional<core::duration> counted_time = {};   ///< of a lasting one that is over: when no
                                                     ///< other call was counted
  bool has_company = false;  ///< others that are not lasting were under way meanwhile
  bool is_lasting = false;   ///< as long as the job: tasks are submitted to it
  bool needs_all_ranks = false;
  bool is_shown = true;
  bool cancel_told = false;
  std::optional<std::string> lost_rank = {};  ///< why it can't go on
  std::vector<task_failure> failures = {};

  /// All is done, and its results were delivered.
  bool is_over() const { return coordinator.done() && !call.has_results(); }

  /// Takes what has been added to an open call.
  void grow() {
    const growth more = call.grow(coordinator.n_remaining());
    if (more.n_new != 0) coordinator.add_items(more.n_new);
    if (more.is_closed) coordinator.close();
  }

  /// It runs on all ranks at once.
  bool fills_ranks() const { return coordinator.options().place == core::placement::one_each; }

  /// Whether `rank` is one of those that it is handed out to.
  bool uses(rank_id rank) const { return to_index(rank) < coordinator.options().n_ranks; }

  /// If it needs all ranks it can't go on without `rank`, which "was lost during" it, say.
  void on_rank_lost(rank_id rank, const std::string& host, const char* reason) {
    if (!needs_all_ranks || lost_rank) return;
    lost_rank = fmt::format(
        "rank {} on {} {} {}, which needs all ranks (map, for_each and reduce go on with the "
        "others): run the job again",
        static_cast<int>(rank),
        host,
        reason,
        name);
    coordinator.cancel();
  }

  /// An item has failed, to be tried again unless `is_final`.
  void on_failure(task_failure failure, bool is_final) {
    if (journaled) journaled->failed(failure, is_final);
    if (!is_final) return;
    call.on_failed(failure);
    failures.push_back(std::move(failure));
  }

  /// `before`, and what has been done of it so far: it is `at` now.
  job_statistics added_to(const job_statistics& before, core::duration at) const {
    const core::coordinator_options& options = coordinator.options();
    const core::duration elapsed = time_at(at);
    const call_figures figures = call.figures({coordinator.n_finished(),
                                               options.n_items,
                                               coordinator.n_failed(),
                                               seconds(coordinator.busy())});
    job_statistics all = before;
    all.calls += 1;
    all.items_done += figures.items_done;
    all.items_held += coordinator.n_held();
    all.items_total += figures.items_total;
    all.failures += figures.failures;
    all.items_thrown_away += call.n_thrown_away();
    all.elapsed_s += seconds(elapsed);
    all.task_s += figures.task_s;
    all.ranks = std::max(all.ranks, options.n_ranks - options.first_worker);
    all.rank_s += (options.n_ranks - options.first_worker) * seconds(elapsed);
    all.ranks_at_work = coordinator.n_at_work();
    return all;
  }

  /// The same once it is over: also what its ranks have waited for.
  job_statistics added_whole_to(const job_statistics& before, core::duration at) const {
    const core::coordinator_options& options = coordinator.options();
    job_statistics all = added_to(before, at);
    // A rank without work of it may have had other work.
    if (call.is_open() || has_company) return all;
    for (std::size_t row = options.first_worker; row < options.n_ranks; ++row) {
      const core::rank_record& record = coordinator.record(to_rank(row));
      const bool worked = record.items_done != 0;
      all.start_idle_s += seconds(worked ? record.first_start - begun : at - begun);
      if (worked) all.tail_idle_s += seconds(at - record.last_done);
    }
    return all;
  }

  /// For whoever ends the job from outside.
  std::string describe_end(core::duration at) const {
    const job_statistics all = added_to({}, at);
    std::string text = fmt::format("rankwise: ended by SIGTERM during {}: {} of {} items were done",
                                   name,
                                   all.items_done,
                                   all.items_total);
    if (const std::string more = call.under_way(); !more.empty()) text += ", " + more;
    return text;
  }

  /// Throws: task_error where tasks have failed, in the order of their items, unless the call hands
  /// them out.
  void end_with_failures() {
    if (failures.empty()) return;
    const auto is_before = [](const task_failure& left, const task_failure& right) {
      return left.index < right.index;
    };
    // A quarter of the code of std::sort, which each program would compile.
    std::make_heap(failures.begin(), failures.end(), is_before);
    std::sort_heap(failures.begin(), failures.end(), is_before);
    if (!call.keeps_failures())
      throw task_error(std::move(failures), coordinator.options().n_items);
    call.failures() = std::move(failures);
  }

 private:
  /// That counts to it, of all that has passed.
  core::duration time_at(core::duration at) const {
    if (is_lasting) return counted_time.value_or(at - begun);
    return counted_since ? at - *counted_since : core::duration{};
  }

  static double seconds(core::duration time) { return std::chrono::duration<double>(time).count(); }
};

}  // namespace rankwise::engine
