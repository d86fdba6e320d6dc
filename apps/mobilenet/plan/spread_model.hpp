// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/pipeline.hpp>
#include <rankwise/rankwise.hpp>

#include "inference/graph.hpp"
#include "inference/model/cut_points.hpp"
#include "inference/plan/problem.hpp"
#include "mobilenet/settings.hpp"
#include "mobilenet/stages/frame.hpp"
#include "mobilenet/stages/memory_use.hpp"
#include "mobilenet/stages/model_stage.hpp"
#include "mobilenet/stages/picture_stage.hpp"

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace mobilenet {

namespace inference = rankwise::inference;

/// A model whose parts wait on their ranks for pictures.
class spread_model {
 public:
  /// Hands `whole` out as `plan` says, and frees it here. Pictures come as files and are read on
  /// `readers`, or with no readers by the model's first stage; where `reader` has no size they come
  /// as pixels.
  spread_model(const rankwise::pool& pool,
               inference::graph whole,
               const inference::plan& plan,
               const picture_stage& reader,
               const std::vector<std::size_t>& readers,
               const settings& asked)
      : pool_(pool),
        line_(make(pool, std::move(whole), plan, reader, readers, asked)),
        n_reading_stages_(readers.empty() ? 0 : 1),
        in_flight_(asked.in_flight != 0 ? asked.in_flight : enough_for(line_.layout())) {
    trim_ranks();
  }

  /// Sends what `source` gives through the model, to `sink`, in order; the source is asked while
  /// `is_ready`, if there is one.
  template <class Source, class Sink>
  rankwise::pipeline_report run(Source&& source,
                                Sink&& sink,
                                std::function<bool()> is_ready = {}) const {
    rankwise::pipeline_report report =
        line_.run(source, sink, {.in_flight = in_flight_, .is_ready = std::move(is_ready)});
    trim_ranks();
    std::erase_if(report.seats, [&](const auto& seat) { return seat.stage < n_reading_stages_; });
    for (rankwise::seat_report& seat : report.seats) seat.stage -= n_reading_stages_;
    return report;
  }

 private:
  using stages = rankwise::pipeline<frame, frame>;

  /// Pictures that keep all ranks busy: one that is computed and one that is on its way, and for
  /// replicas, which get theirs as they ask, one more. Each more would take memory.
  static std::uint64_t enough_for(const rankwise::core::pipeline_layout& layout) {
    std::uint64_t n = 0;
    for (const auto& ranks : layout.stages) n += ranks.size() * (ranks.size() == 1 ? 2 : 3);
    return n;
  }

  static void trim(std::uint32_t /*rank*/) { give_memory_back(); }

  /// What was needed to hand the model out, and for pictures under way, is no longer.
  void trim_ranks() const {
    rankwise::options all = pool_.options();
    all.root_works = true;
    all.quiet = true;
    pool_.with(all).on_each_rank(rankwise::fn<trim>);
  }

  static stages make(const rankwise::pool& pool,
                     inference::graph whole,
                     const inference::plan& plan,
                     const picture_stage& reader,
                     const std::vector<std::size_t>& readers,
                     const settings& asked) {
    std::vector<rankwise::pipeline_stage<picture_stage>> reading;
    if (!readers.empty())
      reading.push_back(
          rankwise::stage(reader, {.name = "read pictures", .ranks = as_ranks(readers)}));
    std::vector<std::size_t> cuts;
    for (const inference::planned_stage& stage : plan.stages) cuts.push_back(stage.first);
    cuts.erase(cuts.begin());
    std::vector<inference::graph> parts = inference::split(std::move(whole), cuts);
    std::vector<rankwise::pipeline_stage<model_stage>> computing;
    for (std::size_t i = 0; i < parts.size(); ++i) {
      const inference::planned_stage& stage = plan.stages[i];
      std::vector<std::size_t> ranks;
      for (const inference::seat_cost& seat : stage.seats) ranks.push_back(seat.rank);
      const bool reads = i == 0 && readers.empty();
      computing.push_back(rankwise::stage(
          model_stage{
              std::move(parts[i]), asked.pixels, reads ? reader : picture_stage{}, asked.slow},
          {.name = fmt::format("operators {}-{}", stage.first, stage.last - 1),
           .ranks = as_ranks(ranks)}));
    }
    return pool.make_pipeline<frame>(reading, computing);
  }

  static std::vector<rankwise::rank_id> as_ranks(const std::vector<std::size_t>& places) {
    std::vector<rankwise::rank_id> ranks;
    for (const std::size_t place : places) ranks.push_back(rankwise::to_rank(place));
    return ranks;
  }

  rankwise::pool pool_;
  stages line_;
  std::uint32_t n_reading_stages_;
  std::uint64_t in_flight_;
};

}  // namespace mobilenet
