// SPDX-License-Identifier: MIT
#pragma once

#include "rsa_keygen/job.hpp"
#include "rsa_keygen/rate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace rsa_keygen {

/// What one run of the job came to.
struct run_figures {
  std::uint64_t keys = 0;
  std::uint64_t made = 0;  ///< of those, by this run; the others come from a journal
  std::int32_t bits = 0;
  std::int32_t ranks = 0;
  double seconds = 0;
  estimate rate;
  std::string crowded_host;  ///< a host whose ranks were more than its cores; empty: none
};

/// The first host (by name) on which more ranks made keys than it has cores; empty if there is
/// none.
inline std::string crowded_host(std::span<const key_result> keys) {
  struct host {
    std::set<std::int32_t> ranks;
    std::int32_t cores = 0;
  };

  std::map<std::string, host> hosts;
  for (const key_result& key : keys) {
    hosts[key.host].ranks.insert(key.rank);
    hosts[key.host].cores = key.cores;
  }
  for (const auto& [name, host] : hosts) {
    if (host.ranks.size() > static_cast<std::size_t>(host.cores)) return name;
  }
  return {};
}

/// The figures of a run that made `keys` in `seconds` on `ranks` ranks.
inline run_figures figures(std::span<const key_result> keys, std::int32_t ranks, double seconds) {
  std::vector<double> key_seconds;
  for (const key_result& key : keys) key_seconds.push_back(key.seconds);
  return {.keys = keys.size(),
          .made = keys.size(),
          .bits = keys.empty() ? 0 : keys.front().bits,
          .ranks = ranks,
          .seconds = seconds,
          .rate = key_rate(key_seconds, seconds),
          .crowded_host = crowded_host(keys)};
}

/// One line a key, under a heading.
inline std::string key_table(std::span<const key_result> keys) {
  std::size_t host_width = std::string_view("host").size();
  for (const key_result& key : keys) host_width = std::max(host_width, key.host.size());
  std::string text = fmt::format("{:>7}  {:>4}  {:<64}  {:>4}  {:<{}}  {:>8}\n",
                                 "index",
                                 "bits",
                                 "fingerprint (SHA-256 of the public key's DER)",
                                 "rank",
                                 "host",
                                 host_width,
                                 "time/s");
  for (std::size_t index = 0; index < keys.size(); ++index) {
    const key_result& key = keys[index];
    text += fmt::format("{:>7}  {:>4}  {:<64}  {:>4}  {:<{}}  {:>8.3f}\n",
                        index,
                        key.bits,
                        key.fingerprint,
                        key.rank,
                        key.host,
                        host_width,
                        key.seconds);
  }
  return text;
}

/// One JSON object a key, each on its own line.
inline std::string key_lines(std::span<const key_result> keys) {
  std::string text;
  for (std::size_t index = 0; index < keys.size(); ++index) {
    const key_result& key = keys[index];
    text += fmt::format(R"({{"index":{},"bits":{},"fingerprint":"{}",)"
                        R"("rank":{},"host":"{}","seconds":{:.6f}}})"
                        "\n",
                        index,
                        key.bits,
                        key.fingerprint,
                        key.rank,
                        key.host,
                        key.seconds);
  }
  return text;
}

/// `10.5 (9.3 to 11.8)`, or the figure alone where nothing is known of its spread.
inline std::string with_interval(const estimate& figure) {
  if (!figure.has_interval() || figure.log_margin == 0) return fmt::format("{:.2f}", figure.value);
  return fmt::format("{:.2f} ({:.2f} to {:.2f})", figure.value, figure.low(), figure.high());
}

/// The members `low` and `high` of a JSON object; null where nothing is known of the spread.
inline std::string interval_members(const estimate& figure, std::string_view prefix) {
  if (!figure.has_interval()) return fmt::format(R"("{0}_low":null,"{0}_high":null)", prefix);
  return fmt::format(
      R"("{0}_low":{1:.4f},"{0}_high":{2:.4f})", prefix, figure.low(), figure.high());
}

/// The line that a run ends with.
inline std::string summary(const run_figures& run) {
  const char* const noun = run.keys == 1 ? "key" : "keys";
  if (run.made == 0)
    return fmt::format("{} {} of {} bits, all from the journal\n", run.keys, noun, run.bits);
  return fmt::format("{} {} of {} bits{} in {:.2f} s on {} {}: {} keys/s{}\n",
                     run.keys,
                     noun,
                     run.bits,
                     run.made == run.keys ? "" : fmt::format(", {} of them made", run.made),
                     run.seconds,
                     run.ranks,
                     run.ranks == 1 ? "rank" : "ranks",
                     with_interval(run.rate),
                     run.rate.has_interval() ? " with its 95 % interval" : "");
}

/// `summary` as a JSON object.
inline std::string summary_json(const run_figures& run) {
  return fmt::format(R"({{"keys":{},"bits":{},"ranks":{},"made":{},"seconds":{:.6f},)"
                     R"("keys_per_second":{},{}}})"
                     "\n",
                     run.keys,
                     run.bits,
                     run.ranks,
                     run.made,
                     run.seconds,
                     run.made == 0 ? "null" : fmt::format("{:.4f}", run.rate.value),
                     interval_members(run.rate, "keys_per_second"));
}

/// What the Raspberry Pi paper measured with 1, 2 and 3 boards; 0 for other numbers of ranks.
inline double paper_seconds(std::int32_t ranks) {
  constexpr std::array<double, 3> published{133.9, 48.0, 29.7};
  const auto position = static_cast<std::size_t>(ranks) - 1;
  return position < published.size() ? published.at(position) : 0;
}

/// A run beside the same job's on one rank.
struct comparison {
  bool oversubscribed = false;  ///< then its speed-up would say nothing, and is not to be shown
  estimate speed_up;
  double efficiency = 0;     ///< speed-up / ranks
  double paper_seconds = 0;  ///< 0: not measured there
};

/// Compares `run` with `one`, the run on one rank.
inline comparison compare(const run_figures& run, const run_figures& one) {
  const estimate gain =
      run.ranks == 1 ? estimate{.value = 1, .log_margin = 0} : speed_up(run.rate, one.rate);
  return {.oversubscribed = !run.crowded_host.empty(),
          .speed_up = gain,
          .efficiency = gain.value / run.ranks,
          .paper_seconds = paper_seconds(run.ranks)};
}

/// The runs of one job on 1, 2 ... ranks beside the paper's. Runs with more ranks on a host than it
/// has cores are marked, and no speed-up is shown for them.
///
/// Shapes: the first run is that on one rank.
inline std::string speed_up_table(std::span<const run_figures> runs) {
  constexpr const char* layout = "{:>5}  {:>8}  {:<25}  {:<19}  {:>10}  {:>7}  {:>14}\n";
  std::string text = fmt::format(layout,
                                 "ranks",
                                 "time/s",
                                 "keys/s (95 %)",
                                 "speed-up (95 %)",
                                 "efficiency",
                                 "paper/s",
                                 "paper speed-up");
  std::string note;
  for (const run_figures& run : runs) {
    const comparison compared = compare(run, runs.front());
    const double paper = compared.paper_seconds;
    text +=
        fmt::format(layout,
                    run.ranks,
                    fmt::format("{:.2f}", run.seconds),
                    with_interval(run.rate),
                    compared.oversubscribed ? "oversubscribed" : with_interval(compared.speed_up),
                    compared.oversubscribed ? "-" : fmt::format("{:.2f}", compared.efficiency),
                    paper > 0 ? fmt::format("{:.1f}", paper) : "-",
                    paper > 0 ? fmt::format("{:.2f}", paper_seconds(1) / paper) : "-");
    if (compared.oversubscribed) {
      note = fmt::format("oversubscribed: more ranks than cores on {}; no speed-up is shown\n",
                         run.crowded_host);
    }
  }
  return text + note +
         "paper: on 1, 2 and 3 Raspberry Pi boards. Key times vary by chance: a speed-up that is\n"
         "more than linear, as there, is chance or a baseline that repeated work.\n";
}

/// `speed_up_table` as one JSON object a run.
inline std::string speed_up_lines(std::span<const run_figures> runs) {
  std::string text;
  for (const run_figures& run : runs) {
    const comparison compared = compare(run, runs.front());
    const bool shown = !compared.oversubscribed;
    text += fmt::format(R"({{"ranks":{},"seconds":{:.6f},"keys_per_second":{:.4f},{},)",
                        run.ranks,
                        run.seconds,
                        run.rate.value,
                        interval_members(run.rate, "keys_per_second"));
    text += fmt::format(R"("speed_up":{},{},"efficiency":{},)",
                        shown ? fmt::format("{:.4f}", compared.speed_up.value) : "null",
                        interval_members(shown ? compared.speed_up : estimate{}, "speed_up"),
                        shown ? fmt::format("{:.4f}", compared.efficiency) : "null");
    text += fmt::format(
        R"("oversubscribed":{},"paper_seconds":{}}})",
        compared.oversubscribed,
        compared.paper_seconds > 0 ? fmt::format("{:.1f}", compared.paper_seconds) : "null");
    text += "\n";
  }
  return text;
}

}  // namespace rsa_keygen
