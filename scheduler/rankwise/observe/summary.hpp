// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/observe/statistics.hpp>
#include <rankwise/observe/units.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

namespace rankwise::observe {

/// What kept ranks from their tasks, the worst first: "idle ranks, 17.5 % of the time: 10.0 % after
/// their last task, ...".
///
/// Percentages are of ranks x elapsed time. Below 2 % there is nothing worth naming.
inline std::string held_back(const job_statistics& job) {
  const double capacity = capacity_s(job);
  if (capacity <= 0) return "nothing: no time was spent";
  const idle_time lost = idle(job);

  struct part {
    double share;
    std::string_view text;
  };

  std::array parts{part{lost.tail_s / capacity, "after their last task"},
                   part{lost.start_s / capacity, "before their first task"},
                   part{lost.between_s / capacity, "between chunks"}};
  std::stable_sort(parts.begin(), parts.end(), [](const part& left, const part& right) {
    return left.share > right.share;
  });
  const double all = parts[0].share + parts[1].share + parts[2].share;
  if (all < 0.02) return fmt::format("nothing: ranks were idle {} of the time", percent_text(all));
  std::string text = fmt::format("idle ranks, {} of the time:", percent_text(all));
  std::string_view separator = " ";
  for (const part& one : parts) {
    if (one.share < 0.001) continue;
    text += fmt::format("{}{} {}", separator, percent_text(one.share), one.text);
    separator = ", ";
  }
  return text;
}

/// What a job did, in two lines.
inline std::string summary_text(const job_statistics& job) {
  const bool whole = job.items_done == job.items_total;
  const std::string items = whole ? fmt::format("{}", job.items_done)
                                  : fmt::format("{} of {}", job.items_done, job.items_total);
  return fmt::format("{} {} in {} on {} {}: {}/s, efficiency {}, {} failed\nheld back by {}\n",
                     items,
                     job.items_total == 1 ? "item" : "items",
                     time_text(job.elapsed_s),
                     job.ranks,
                     job.ranks == 1 ? "rank" : "ranks",
                     amount_text(rate(job)),
                     percent_text(efficiency(job)),
                     job.failures,
                     held_back(job));
}

/// The same as a JSON line.
inline std::string summary_json(const job_statistics& job) {
  const idle_time lost = idle(job);
  return fmt::format(
      R"({{"summary":{{"items":{},"items_total":{},"failures":{},"calls":{},"ranks":{},"elapsed_s":{:.6f},"task_s":{:.6f},)"
      R"("rate":{:.3f},"efficiency":{:.4f},"idle_start_s":{:.6f},"idle_tail_s":{:.6f},"idle_between_s":{:.6f},"messages":{}}}}})"
      "\n",
      job.items_done,
      job.items_total,
      job.failures,
      job.calls,
      job.ranks,
      job.elapsed_s,
      job.task_s,
      rate(job),
      efficiency(job),
      lost.start_s,
      lost.tail_s,
      lost.between_s,
      job.messages);
}

}  // namespace rankwise::observe
