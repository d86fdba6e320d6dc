// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/pipeline_layout.hpp>
#include <rankwise/core/pipeline_root.hpp>
#include <rankwise/engine/access.hpp>
#include <rankwise/engine/call/item_source.hpp>
#include <rankwise/engine/call/travelling.hpp>
#include <rankwise/pipeline/run_call.hpp>
#include <rankwise/pipeline/stage.hpp>
#include <rankwise/pipeline/stage_chain.hpp>
#include <rankwise/pool.hpp>
#include <rankwise/process/input_watch.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <ranges>
#include <stdexcept>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace rankwise {
namespace pipelines {

/// Ranks that can take part: the root does in any case.
inline std::uint32_t n_ranks_of(const pool& ranks) {
  return ranks.first_worker() + ranks.n_workers();
}

/// The options of a call in which the root has its part.
inline options with_root(options how) {
  how.root_works = true;
  return how;
}

}  // namespace pipelines

/// How a pipeline runs.
struct pipeline_options {
  /// Items that are between source and sink at most; 0: four for each place where a stage runs.
  std::uint64_t in_flight = 0;
  /// While it returns false the source is not asked, so that results do not wait for a source that
  /// waits itself; empty: the source is always ready.
  std::function<bool()> is_ready = {};
};

/// What a stage has done on one of its ranks.
struct seat_report {
  std::uint32_t stage = 0;
  rank_id rank = root_rank;
  std::uint64_t n_items = 0;
  double busy_s = 0;  ///< in the stage
};

/// What one run of a pipeline has done.
struct pipeline_report {
  std::uint64_t n_items = 0;  ///< that came out of the source
  double elapsed_s = 0;
  std::vector<seat_report> seats;  ///< by stage, then by rank
};

/// Stages that have been made on their ranks, ready for items of type Input.
///
/// Copies stand for the same stages, which are let go of with the last copy.
template <class Input, class Output>
class pipeline {
 public:
  /// Made by `pool::make_pipeline`.
  pipeline(const pool& ranks,
           std::shared_ptr<const std::uint64_t> number,
           core::pipeline_layout layout,
           std::vector<std::string> names)
      : pool_(ranks),
        number_(std::move(number)),
        layout_(std::move(layout)),
        names_(std::move(names)) {}

  /// Sends what `source` gives through the stages; `sink` gets what comes out, in the order of the
  /// source. Both run here, on the root, between the stages that the root itself runs. While the
  /// sink is slow, the source waits.
  ///
  /// The source is a range, or a callable that returns a std::optional<Input>: an empty one is the
  /// end. The sink takes an Output, after the number of the item if it wants it.
  ///
  /// Throws: task_error where a stage threw: `index` is the number of the item, the text names the
  /// stage. Under --on-error stop nothing comes out after that; under collect all other items do
  /// first; under retry a stage is called again for the item. What source and sink throw comes
  /// through as it is.
  template <class Source, class Sink>
  pipeline_report run(Source&& source, Sink&& sink, const pipeline_options& how = {}) const {
    static_assert(
        std::is_invocable_v<Sink&, Output> || std::is_invocable_v<Sink&, std::uint64_t, Output>,
        "rankwise: the sink can't be called with what the last stage returns, nor with "
        "the number of the item and that");
    auto items = engine::open_source<Input>(source);
    const options& asked = pool_.options();
    const std::uint32_t retries = asked.on_error == on_error_kind::retry ? asked.retries : 0;
    engine::abstract_root& root = access::root(pool_);
    engine::stages_on_rank* known = nullptr;
    root.between_tasks(
        [&] { known = &root.context().kept.template get<engine::stages_on_rank>(*number_); },
        "pool::pipeline");
    engine::stages_on_rank& seats = *known;
    std::vector<task_failure> failures;
    std::uint64_t n_told = 0;  // failures that were heard of
    std::exception_ptr own;    // what source or sink threw
    engine::pipeline_run_call* under_way = nullptr;

    const std::uint64_t number_of_run = root.object_numbers().next();
    const auto run_root = [&] {
      const engine::stages_on_rank::run_scope under_way_here(seats, number_of_run);
      core::pipeline_root<exchange::channel_message> ends(
          seats.parcels(), how.in_flight != 0 ? how.in_flight : 4 * layout_.n_seats());
      seats.on_failure([&](engine::stage_failure failure) {
        ++n_told;
        const bool is_last = asked.on_error != on_error_kind::collect;
        if (is_last && !failures.empty()) return;
        failures.push_back(describe(std::move(failure)));
        if (is_last) ends.stop();
      });
      try {
        pump(seats, ends, items, sink, retries, how.is_ready, n_told, *under_way);
      } catch (...) {
        own = std::current_exception();
      }
      return seats.end_run();
    };

    const engine::pipeline_run_call::rows rows(pipelines::n_ranks_of(pool_));
    engine::pipeline_run_call call(rows, {*number_, number_of_run, retries}, run_root);
    call.set_number(access::number_call(pool_));
    under_way = &call;
    const core::duration begun = seats.machine().now();
    options how_run = pipelines::with_root(asked);
    how_run.on_error = on_error_kind::stop;  // of the run: stages try again by themselves
    root.run(call, how_run, "pool::pipeline", core::placement::one_each);
    if (own) std::rethrow_exception(own);
    if (!failures.empty()) throw_failures(std::move(failures), call.n_total);
    pipeline_report done = report(call, seats.machine().now() - begun);
    root.note(slowest_of(done));
    return done;
  }

  const core::pipeline_layout& layout() const { return layout_; }

 private:
  /// Looks after source, sink and the root's own stages until the run is over.
  template <class Items, class Sink>
  static void pump(engine::stages_on_rank& seats,
                   core::pipeline_root<exchange::channel_message>& ends,
                   Items& items,
                   Sink& sink,
                   std::uint32_t retries,
                   const std::function<bool()>& is_ready,
                   const std::uint64_t& n_told,
                   engine::pipeline_run_call& call) {
    constexpr int at_a_time = 16;
    call.n_total = items.n_items();
    transport::machine& here = seats.machine();
    transport::backoff idle(here);
    idle.reset(here.now());
    if (is_ready) engine::ask_for_input();  // it may look whether there is any
    // Why an item has failed comes from another rank than the item, and may come later.
    while (!ends.is_over() || n_told < call.n_failed) {
      bool any = seats.poll();
      while (std::optional<core::parcel<exchange::channel_message>> out = ends.leave()) {
        any = true;
        ++call.n_done;
        if (out->is_failed_item) {
          ++call.n_failed;
        } else {
          give(sink, out->item, out->payload);
        }
      }
      for (int i = 0; i < at_a_time && ends.wants_item(); ++i) {
        if (is_ready && !is_ready()) break;
        any = true;
        std::optional<Input> item = items.next();
        if (!item) {
          ends.end_source();
          break;
        }
        exchange::channel_message value{
            root_rank, 0, seats.new_message(), engine::stages_on_rank::value_at};
        wire::encoder<Input>(value.frame).put(*item);
        ends.enter(std::move(value));
        seats.deliver();  // so that the source is asked for as many as there are replicas
        ++call.n_entered;
        call.n_total = std::max(call.n_total.load(), call.n_entered.load());
      }
      any = seats.work_once(retries) || any;
      if (any) {
        idle.reset(here.now());
      } else {
        idle.wait(here.now());
      }
    }
  }

  template <class Sink>
  static void give(Sink& sink, std::uint64_t item, const exchange::channel_message& value) {
    Output out = wire::decoder<Output>(value.content()).get();
    if constexpr (std::is_invocable_v<Sink&, std::uint64_t, Output>) {
      std::invoke(sink, item, std::move(out));
    } else {
      std::invoke(sink, std::move(out));
    }
  }

  task_failure describe(engine::stage_failure failure) const {
    return {failure.item,
            static_cast<std::int32_t>(failure.rank),
            access::root(pool_).host(failure.rank),
            fmt::format("{}: {}", title(failure.stage), failure.threw.text),
            failure.threw.is_configuration};
  }

  [[noreturn]] static void throw_failures(std::vector<task_failure> failures,
                                          std::uint64_t n_items) {
    std::sort(failures.begin(), failures.end(), [](const auto& left, const auto& right) {
      return left.index < right.index;
    });
    throw task_error(std::move(failures), n_items);
  }

  static pipeline_report report(const engine::pipeline_run_call& call, core::duration elapsed) {
    pipeline_report all;
    all.n_items = call.n_total;
    all.elapsed_s = std::chrono::duration<double>(elapsed).count();
    for (std::size_t row = 0; row < call.by_rank().size(); ++row) {
      for (const engine::seat_figures& one : call.by_rank()[row])
        all.seats.push_back({one.stage, to_rank(row), one.n_items, one.busy_s});
    }
    std::stable_sort(all.seats.begin(), all.seats.end(), [](const auto& left, const auto& right) {
      return left.stage < right.stage;
    });
    return all;
  }

  pipeline_statistics slowest_of(const pipeline_report& done) const {
    const auto slowest = std::max_element(done.seats.begin(),
                                          done.seats.end(),
                                          [](const seat_report& left, const seat_report& right) {
                                            return left.busy_s < right.busy_s;
                                          });
    return {fmt::format("{} on rank {}", title(slowest->stage), static_cast<int>(slowest->rank)),
            std::min(1.0, slowest->busy_s / done.elapsed_s)};
  }

  std::string title(std::uint32_t stage) const {
    const std::string& name = names_[stage];
    return fmt::format("stage {}{}", stage, name.empty() ? "" : fmt::format(" ({})", name));
  }

  pool pool_;
  std::shared_ptr<const std::uint64_t> number_;
  core::pipeline_layout layout_;
  std::vector<std::string> names_;  // of the stages
};

namespace pipelines {

/// Ranks and callables of all stages, as the arguments of make_pipeline give them.
struct stage_list {
  std::vector<stage_options> options;
  std::vector<std::uint32_t> slots;
  std::vector<wire::bytes> callables;

  template <class Callable>
  void add(std::uint32_t slot, const pipeline_stage<Callable>& one) {
    options.push_back(one.how);
    slots.push_back(slot);
    engine::travelling<Callable>::encode(one.callable, callables.emplace_back());
  }

  template <class Callable>
  void add(std::uint32_t slot, const std::vector<pipeline_stage<Callable>>& many) {
    for (const pipeline_stage<Callable>& one : many) add(slot, one);
  }
};

}  // namespace pipelines

template <class Input, class... Stages>
auto pool::make_pipeline(Stages&&... stages) const {
  using chain = engine::stage_chain<Input, pipelines::slot_of<std::remove_cvref_t<Stages>>...>;
  pipelines::stage_list all;
  std::uint32_t slot = 0;
  (all.add(slot++, pipelines::as_stage(stages)), ...);
  if (all.options.empty() || all.options.size() >= engine::pipeline_subject::most_stages) {
    throw std::invalid_argument(fmt::format("pool::make_pipeline: {} stages; accepted: 1 to {}",
                                            all.options.size(),
                                            engine::pipeline_subject::most_stages - 1));
  }

  const std::uint32_t n = pipelines::n_ranks_of(*this);
  core::pipeline_layout layout = pipelines::place_stages(all.options, first_worker(), n);
  std::vector<engine::seat_brief> briefs(n);
  for (std::uint32_t row = 0; row < n; ++row) {
    for (const std::uint32_t stage : layout.stages_of(to_rank(row))) {
      briefs[row].stages.push_back(stage);
      const wire::bytes& bytes = all.callables[stage];
      briefs[row].callables.emplace_back(bytes.begin(), bytes.end());
      if (layout.stages[stage].back() == to_rank(row)) all.callables[stage] = {};
    }
  }
  auto number = root_->object_numbers().add();
  rankwise::options how = pipelines::with_root(options_);
  how.quiet = true;
  how.on_error = on_error_kind::stop;
  using make = engine::make_seats<chain>;
  engine::for_each_call<std::vector<engine::seat_brief>, make> call(
      briefs, make{*number, root_->object_numbers().wanted(), layout.stages, all.slots});
  root_->run(call, how, "pool::make_pipeline", core::placement::one_each);
  std::vector<std::string> names;
  for (const stage_options& one : all.options) names.push_back(one.name);
  return rankwise::pipeline<Input, typename chain::output>(
      *this, std::move(number), std::move(layout), std::move(names));
}

template <class Source, class... StagesAndSink>
pipeline_report pool::pipeline(Source&& source, StagesAndSink&&... stages_and_sink) const {
  static_assert(sizeof...(StagesAndSink) >= 2,
                "rankwise: pool::pipeline takes a source, one stage or more, and a sink");
  using item = engine::source_item<Source>;
  auto all = std::forward_as_tuple(stages_and_sink...);
  constexpr std::size_t n_stages = sizeof...(StagesAndSink) - 1;
  return [&]<std::size_t... At>(std::index_sequence<At...>) {
    return make_pipeline<item>(std::get<At>(all)...).run(source, std::get<n_stages>(all));
  }
  (std::make_index_sequence<n_stages>());
}

}  // namespace rankwise
