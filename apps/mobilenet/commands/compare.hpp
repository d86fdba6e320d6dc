// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/files.hpp>
#include <rankwise/rankwise.hpp>

#include "inference/graph.hpp"
#include "inference/model/layer_cuts.hpp"
#include "mobilenet/commands/bench.hpp"
#include "mobilenet/commands/classifier.hpp"
#include "mobilenet/commands/comparison.hpp"
#include "mobilenet/commands/comparison_chart.hpp"
#include "mobilenet/commands/latency.hpp"
#include "mobilenet/plan/cluster.hpp"
#include "mobilenet/plan/planned_run.hpp"
#include "mobilenet/plan/spread.hpp"
#include "mobilenet/settings.hpp"
#include "mobilenet/stages/memory_use.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

namespace mobilenet {

namespace inference = rankwise::inference;

namespace detail {

/// A way to spread the model, as the options of one run.
struct contender {
  std::string name;
  settings options;
};

/// All of it on one rank; a cut that was made by hand for MobileNetV2 on five Raspberry Pis; what
/// the planner makes of it; and copies.
inline std::vector<contender> contenders(const settings& asked) {
  std::vector<contender> all;
  const auto add = [&](const std::string& name, spread_mode mode) -> settings& {
    settings options = asked;
    options.mode = mode;
    options.cut_layers.clear();
    options.cut_operators.clear();
    return all.emplace_back(contender{name, std::move(options)}).options;
  };
  add("one rank", spread_mode::single);
  add("27/27/36/53/14 layers", spread_mode::pipeline).cut_layers = {27, 27, 36, 53, 14};
  add("planned pipeline", spread_mode::pipeline);
  add("copies on all ranks", spread_mode::replicas);
  add("planned hybrid", spread_mode::hybrid);
  return all;
}

inline comparison_row row_of(const std::string& name,
                             const planned_run& run,
                             const bench_figures& found) {
  comparison_row row;
  row.name = name;
  row.n_stages = run.plan().stages.size();
  row.n_ranks = run.plan().n_ranks();
  row.rate = found.rate();
  row.expected_rate = run.plan().rate;
  row.p50_s = percentile(found.latencies_s, 50);
  row.p95_s = percentile(found.latencies_s, 95);
  const std::vector<std::uint64_t>& memory = found.memory_bytes;
  row.most_memory_bytes = *std::max_element(memory.begin(), memory.end());
  row.all_memory_bytes = std::accumulate(memory.begin(), memory.end(), std::uint64_t{0});
  return row;
}

}  // namespace detail

/// The command `compare`: one rank, a cut made by hand, planned cuts and whole copies, one after
/// the other over the same made-up pictures.
inline void compare(const rankwise::pool& pool, const settings& asked) {
  if (!asked.out.empty()) rankwise::files::published_file::check(asked.out, "--out");
  const std::vector<std::uint64_t> before = memory_of_ranks(pool);
  const inference::graph first = inference::skeleton_of(read_model(asked));
  const inference::plan_problem problem = measure_cluster(pool, first, asked);
  comparison rows;
  for (const detail::contender& each : detail::contenders(asked)) {
    const auto leave_out = [&](const std::string& why) { rows.push_back({each.name, why}); };
    const std::uint64_t n_layers = std::accumulate(
        each.options.cut_layers.begin(), each.options.cut_layers.end(), std::uint64_t{0});
    if (n_layers != 0 && n_layers != inference::n_layers(first)) {
      leave_out("a cut of another model");
      continue;
    }
    if (each.options.cut_layers.size() > pool.n_ranks()) {
      leave_out(fmt::format("needs {} ranks", each.options.cut_layers.size()));
      continue;
    }
    planned_run run{problem, {}, true};
    try {
      run.choice = choose_plan(problem, first, each.options);
    } catch (const rankwise::config_error& error) {
      leave_out(error.what());
      continue;
    }
    rows.push_back(
        detail::row_of(each.name, run, bench(pool, read_model(asked), run, each.options, before)));
  }
  // A chart that goes to standard output has it for itself.
  const bool is_drawn_there = rankwise::files::is_standard_output(asked.out);
  fmt::print(is_drawn_there ? stderr : stdout,
             "{}",
             pool.options().json ? comparison_json(rows) : comparison_text(rows));
  if (asked.out.empty()) return;
  const std::string model = std::filesystem::path(asked.model).filename().string();
  const std::string title = fmt::format("{} on {} ranks", model, pool.n_ranks());
  rankwise::files::write_output(asked.out, comparison_chart(rows, title), "--out");
}

}  // namespace mobilenet
