// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/types.hpp>
#include <rankwise/engine/access.hpp>
#include <rankwise/engine/call/call_base.hpp>
#include <rankwise/engine/call/chunk_scope.hpp>
#include <rankwise/engine/call/map_call.hpp>
#include <rankwise/engine/call/root_call.hpp>
#include <rankwise/engine/call/task_threw.hpp>
#include <rankwise/pipeline/stages_on_rank.hpp>
#include <rankwise/task.hpp>

#include <fmt/core.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace rankwise::engine {

/// What the other ranks run while a pipeline does.
struct serve_seats {
  static constexpr bool runs_once = true;

  std::uint64_t number = 0;   ///< of the rank objects
  std::uint64_t run = 0;      ///< the number of this one
  std::uint32_t retries = 0;  ///< of a stage, for an item

  std::vector<seat_figures> operator()(task_context& context, std::uint32_t /*row*/) const {
    return access::context(context).kept.get<stages_on_rank>(number).serve(run, retries);
  }
};

/// One run of a pipeline: a call with an item for each rank; the root's is to look after source and
/// sink.
class pipeline_run_call final
    : public call_base<pipeline_run_call, std::vector<std::uint32_t>, serve_seats> {
 public:
  using rows = std::vector<std::uint32_t>;
  using figures_of_rank = std::vector<seat_figures>;
  using remote = map_call<rows, serve_seats, figures_of_rank>::remote;

  pipeline_run_call(const rows& ranks,
                    const serve_seats& serve,
                    std::function<figures_of_rank()> run_root)
      : call_base(ranks, serve), run_root_(std::move(run_root)), figures_(ranks.size()) {}

  void take(core::item_range items, std::span<const std::byte> results) override {
    wire::decoder<figures_of_rank> decoder(results);
    for (std::uint64_t row = items.first; row != items.end(); ++row) keep(row, decoder.get());
  }

  void run(chunk_scope& scope) override {
    scope.context().running = rank_context::no_item;  // source and sink are none
    try {
      keep(0, run_root_());
      scope.done(1);
    } catch (...) {
      scope.failed(describe_exception());
    }
  }

  call_figures figures(const call_figures& /*known*/) const override {
    return {n_done, n_total, n_failed, busy_s_};
  }

  std::string under_way() const override {
    const std::uint64_t oldest = n_done;
    const std::uint64_t newest = n_entered;
    if (oldest == newest) return {};
    return newest == oldest + 1 ? fmt::format("item {} was under way", oldest)
                                : fmt::format("items {} to {} were under way", oldest, newest - 1);
  }

  /// What each rank has done.
  const std::vector<figures_of_rank>& by_rank() const { return figures_; }

  // How far the run is: the root counts while others look.
  std::atomic<std::uint64_t> n_done = 0;  ///< failed ones too
  std::atomic<std::uint64_t> n_entered = 0;
  std::atomic<std::uint64_t> n_total = 0;  ///< as far as they are known
  std::atomic<std::uint64_t> n_failed = 0;

 private:
  void keep(std::uint64_t row, figures_of_rank done) {
    for (const seat_figures& one : done) busy_s_ += one.busy_s;
    figures_[row] = std::move(done);
  }

  std::function<figures_of_rank()> run_root_;
  std::vector<figures_of_rank> figures_;  // by rank
  std::atomic<double> busy_s_ = 0;
};

}  // namespace rankwise::engine
