// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/pipeline.hpp>
#include <rankwise/rankwise.hpp>
#include <rankwise/text.hpp>

#include "inference/graph.hpp"
#include "mobilenet/commands/latency.hpp"
#include "mobilenet/plan/planned_run.hpp"
#include "mobilenet/plan/spread_model.hpp"
#include "mobilenet/settings.hpp"
#include "mobilenet/stages/memory_use.hpp"
#include "mobilenet/stages/synthetic_frames.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace mobilenet {

namespace inference = rankwise::inference;

/// What a run over made-up pictures came to.
struct bench_figures {
  std::uint64_t n_images = 0;
  double elapsed_s = 0;                     ///< from the first picture to the last result
  std::vector<double> latencies_s;          ///< of each picture, from the source to the sink
  std::vector<std::uint64_t> memory_bytes;  ///< of each rank, above what it had before the model
  std::size_t first_class = 0;              ///< the likeliest of the first picture
  float first_score = 0;
  rankwise::pipeline_report report;

  double rate() const { return static_cast<double>(n_images) / elapsed_s; }
};

/// Sends made-up pictures through `model`, spread as `run` says.
///
/// Shapes: memory_before is [ranks], in bytes.
inline bench_figures bench(const rankwise::pool& pool,
                           inference::graph model,
                           const planned_run& run,
                           const settings& asked,
                           const std::vector<std::uint64_t>& memory_before) {
  using clock = std::chrono::steady_clock;
  const synthetic_frames frames(model, asked);
  const spread_model spread(pool, std::move(model), run.plan(), {}, {}, asked);

  bench_figures found;
  found.n_images = asked.n_images;
  found.latencies_s.resize(asked.n_images);
  std::vector<clock::time_point> begun;
  begun.reserve(asked.n_images);
  clock::time_point last;
  found.report = spread.run(
      [&]() -> std::optional<frame> {
        if (begun.size() == asked.n_images) return std::nullopt;
        begun.push_back(clock::now());
        return frames[begun.size() - 1];
      },
      [&](std::uint64_t number, const frame& result) {
        last = clock::now();
        found.latencies_s[number] = std::chrono::duration<double>(last - begun[number]).count();
        if (number != 0 || result.values.empty()) return;
        const auto most = std::max_element(result.values.begin(), result.values.end());
        found.first_class = static_cast<std::size_t>(most - result.values.begin());
        found.first_score = *most;
      });
  found.elapsed_s = std::chrono::duration<double>(last - begun.front()).count();
  found.memory_bytes = memory_of_ranks(pool);
  for (std::size_t rank = 0; rank < found.memory_bytes.size(); ++rank)
    found.memory_bytes[rank] -= std::min(found.memory_bytes[rank], memory_before[rank]);
  return found;
}

inline std::string bench_text(const planned_run& run, const bench_figures& found) {
  std::string memory;
  for (const std::uint64_t bytes : found.memory_bytes)
    memory += (memory.empty() ? "" : ", ") + rankwise::observe::bytes_text(bytes);
  return fmt::format(
      "{} on {}: {} images/s, latency {:.1f} ms (median), {:.1f} ms (95 %)\n"
      "memory for the model, by rank: {}\n",
      run.chosen().name,
      run.plan().n_ranks() == 1 ? "1 rank" : fmt::format("{} ranks", run.plan().n_ranks()),
      rankwise::observe::amount_text(found.rate()),
      1e3 * percentile(found.latencies_s, 50),
      1e3 * percentile(found.latencies_s, 95),
      memory);
}

inline std::string bench_json(const planned_run& run, const bench_figures& found) {
  std::string seats;
  for (const rankwise::seat_report& seat : found.report.seats)
    seats += fmt::format(R"({}{{"stage":{},"rank":{},"n_items":{},"busy_s":{:.6f}}})",
                         seats.empty() ? "" : ",",
                         seat.stage,
                         rankwise::to_index(seat.rank),
                         seat.n_items,
                         seat.busy_s);
  return fmt::format(
      R"({{"mode":{},"ranks":{},"stages":{},"images":{},"seconds":{:.6f},"images_per_s":{:.4f},)"
      R"("predicted_per_s":{},"p50_ms":{:.3f},"p95_ms":{:.3f},"memory_bytes":[{}],)"
      R"("first":{{"class":{},"score":{:.9g}}},"seats":[{}]}})"
      "\n",
      rankwise::json_text(run.chosen().name),
      run.plan().n_ranks(),
      run.plan().stages.size(),
      found.n_images,
      found.elapsed_s,
      found.rate(),
      run.is_measured ? fmt::format("{:.4f}", run.plan().rate) : "null",
      1e3 * percentile(found.latencies_s, 50),
      1e3 * percentile(found.latencies_s, 95),
      fmt::join(found.memory_bytes, ","),
      found.first_class,
      found.first_score,
      seats);
}

}  // namespace mobilenet
