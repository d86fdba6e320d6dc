// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/statistics.hpp>
#include <rankwise/text/json.hpp>
#include <rankwise/text/units.hpp>

#include <fmt/core.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace rankwise::observe {

/// What kept ranks from their tasks, the worst first: "idle ranks, 17.5 % of the time: 10.0 % after
/// their last task, ...".
///
/// Percentages are of ranks x elapsed time. Below 2 % there is nothing worth naming.
inline std::string held_back(const job_statistics& job) {
  const double capacity = job.rank_s;
  if (capacity <= 0) return "nothing: no time was spent";
  const idle_time lost = idle(job);

  struct part {
    double share;
    std::string_view text;
  };

  std::array parts{part{lost.tail_s / capacity, "after their last task"},
                   part{lost.start_s / capacity, "before their first task"},
                   part{lost.between_s / capacity, "between chunks"}};
  const auto put_in_order = [](part& left, part& right) {
    if (left.share < right.share) std::swap(left, right);
  };
  put_in_order(parts[0], parts[1]);
  put_in_order(parts[1], parts[2]);
  put_in_order(parts[0], parts[1]);
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

/// Returns the figures of a job's map_reduce calls, in a line or two; empty if there were none.
inline std::string map_reduce_text(const map_reduce_statistics& all) {
  std::string text;
  if (all.n_emitted != 0) {
    text = fmt::format(
        "map_reduce: {} values emitted, {} shuffled, {} spilled, {} of memory at most on a rank, "
        "merged in {}\n",
        all.n_emitted,
        bytes_text(all.bytes_shuffled),
        bytes_text(all.bytes_spilled),
        bytes_text(all.most_memory_bytes),
        time_text(all.merge_s));
  }
  if (!all.streamed_to.empty()) {
    text += fmt::format("streamed from rank 0: {} of files, to {}\n",
                        bytes_text(all.bytes_streamed),
                        all.streamed_to);
  }
  return text;
}

/// Returns what held back the last pipeline of a job, in a line; empty if there was none.
inline std::string pipeline_text(const pipeline_statistics& last) {
  if (last.slowest.empty()) return {};
  return fmt::format("pipeline: {} was busy {} of the time, more than any other\n",
                     last.slowest,
                     percent_text(last.slowest_busy));
}

/// Returns the ranks that were lost, a line each.
inline std::string losses_text(const job_statistics& job) {
  std::string text;
  for (const rank_loss& one : job.losses) {
    text += fmt::format("lost: rank {} on {} after {}: {}; {} {} run again\n",
                        one.rank,
                        one.host,
                        time_text(one.at_s),
                        one.why,
                        one.n_items,
                        one.n_items == 1 ? "item" : "items");
  }
  return text;
}

/// The threads of a rank; empty if nobody has said how many.
inline std::string threads_words(std::uint32_t n_threads) {
  if (n_threads == 0) return {};
  return fmt::format(" of {} {}", n_threads, n_threads == 1 ? "thread" : "threads");
}

/// Fields of `summary_json` for lost ranks; none where there were none.
inline std::string losses_fields(const job_statistics& job) {
  if (job.losses.empty()) return {};
  std::string text;
  for (const rank_loss& one : job.losses) {
    text += fmt::format(R"({}{{"rank":{},"host":{},"at_s":{:.3f},"why":{},"items_again":{}}})",
                        text.empty() ? "" : ",",
                        one.rank,
                        json_text(one.host),
                        one.at_s,
                        json_text(one.why),
                        one.n_items);
  }
  return fmt::format(R"(,"losses":[{}])", text);
}

/// Returns the figures of a job whose tasks may use `n_threads` each, in two lines or more. 0:
/// nobody has said.
inline std::string summary_text(const job_statistics& job, std::uint32_t n_threads = 0) {
  const bool whole = job.items_done == job.items_total;
  const std::string items = whole ? fmt::format("{}", job.items_done)
                                  : fmt::format("{} of {}", job.items_done, job.items_total);
  const std::string held =
      job.items_held == 0 ? "" : fmt::format(" ({} from the journal)", job.items_held);
  const std::string thrown_away =
      job.items_thrown_away == 0 ? "" : fmt::format(", {} thrown away", job.items_thrown_away);
  return fmt::format(
      "{} {}{} in {} on {} {}{}: {}/s, efficiency {}, {} failed{}\nheld back by {}\n{}{}{}",
      items,
      job.items_total == 1 ? "item" : "items",
      held,
      time_text(job.elapsed_s),
      job.ranks,
      job.ranks == 1 ? "rank" : "ranks",
      threads_words(n_threads),
      amount_text(rate(job)),
      percent_text(efficiency(job)),
      job.failures,
      thrown_away,
      held_back(job),
      map_reduce_text(job.map_reduce),
      pipeline_text(job.pipeline),
      losses_text(job));
}

/// Fields of `summary_json` for map_reduce calls; none where there were none.
inline std::string map_reduce_fields(const map_reduce_statistics& all) {
  if (all.n_emitted == 0 && all.streamed_to.empty()) return {};
  return fmt::format(
      R"(,"emitted":{},"bytes_shuffled":{},"bytes_spilled":{},"most_memory_bytes":{},"bytes_streamed":{},"merge_s":{:.6f})",
      all.n_emitted,
      all.bytes_shuffled,
      all.bytes_spilled,
      all.most_memory_bytes,
      all.bytes_streamed,
      all.merge_s);
}

/// A field of `summary_json` for items that a journal had; none where there were none.
inline std::string held_field(const job_statistics& job) {
  return job.items_held == 0 ? "" : fmt::format(R"(,"items_held":{})", job.items_held);
}

/// A field of `summary_json` for items that no sink wanted; none where there were none.
inline std::string thrown_away_field(const job_statistics& job) {
  return job.items_thrown_away == 0
             ? ""
             : fmt::format(R"(,"items_thrown_away":{})", job.items_thrown_away);
}

/// Fields of `summary_json` for pipelines; none where there was none.
inline std::string pipeline_fields(const pipeline_statistics& last) {
  if (last.slowest.empty()) return {};
  return fmt::format(R"(,"slowest_stage":{},"slowest_stage_busy":{:.4f})",
                     json_text(last.slowest),
                     last.slowest_busy);
}

/// Returns the figures of a job as a JSON line.
inline std::string summary_json(const job_statistics& job, std::uint32_t n_threads = 0) {
  const idle_time lost = idle(job);
  return fmt::format(
      R"({{"summary":{{"items":{},"items_total":{},"failures":{},"calls":{},"ranks":{},"elapsed_s":{:.6f},"task_s":{:.6f},)"
      R"("rate":{:.3f},"efficiency":{:.4f},"idle_start_s":{:.6f},"idle_tail_s":{:.6f},"idle_between_s":{:.6f},"messages":{}{}{}{}{}{}{}}}}})"
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
      job.messages,
      n_threads == 0 ? "" : fmt::format(R"(,"threads":{})", n_threads),
      held_field(job),
      thrown_away_field(job),
      map_reduce_fields(job.map_reduce),
      pipeline_fields(job.pipeline),
      losses_fields(job));
}

}  // namespace rankwise::observe
