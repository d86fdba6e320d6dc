// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/process/launcher.hpp>

#include "text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rankwise::launcher {

/// What the ranks of a job have told so far.
class job_signs {
 public:
  using time = std::chrono::steady_clock::time_point;

  /// What a process says: its id, and words. Words that can't be read tell nothing. How the job
  /// ends, the root alone says: the process that starts, or has joined, as rank 0.
  void hear(std::string_view line, time at) {
    const std::size_t id_end = std::min(line.find(' '), line.size());
    const auto speaker = parse_number(line.substr(0, id_end), std::numeric_limits<int>::max());
    if (!speaker) return;
    const std::string_view words = line.substr(id_end);
    const std::vector<std::string_view> all = split_words(words);
    if (all.empty()) return;
    if (all.size() == 1 && all[0] == launcher_words::input) {
      wants_input_ = true;
    } else if (all.size() == 1 && all[0] == launcher_words::present) {
      is_any_present_ = true;
    } else if (all.size() == 3 && all[0] == launcher_words::starting) {
      if (const auto rank = parse_number(all[1], largest_count))
        hear_starting(*rank, all[2], *speaker, at);
    } else if (all.size() == 2 && all[0] == launcher_words::joined) {
      has_joined_ = true;
      root_ = speaker;
    } else if (!root_ || root_ == speaker) {
      hear_of_end(all, words);
    }
  }

  /// All ranks are there.
  bool has_joined() const { return has_joined_; }

  /// Ranks run, and none waits for the others yet: the program does something else before.
  bool is_busy_elsewhere() const { return is_any_present_ && starting_.empty(); }

  /// The root reads standard input.
  bool wants_input() const { return wants_input_; }

  /// Ranks and this process have been stopped for so long.
  void pass_over(std::chrono::steady_clock::duration pause) {
    for (auto& [rank, one] : starting_) one.at += pause;
  }

  /// What the root ends with, once it has said so.
  std::optional<int> outcome() const { return outcome_; }

  /// What the root would say, should it be ended.
  const std::string& termination_notice() const { return termination_notice_; }

  /// It ended because a rank was lost that it needed.
  bool has_lost() const { return has_lost_; }

  /// The ranks of `n_ranks` that are missing while the others wait for them at time `at`. A rank
  /// says that it waits every second.
  std::vector<int> missing(int n_ranks, time at) const {
    constexpr auto silence = std::chrono::seconds(4);
    std::vector<int> ranks;
    for (int rank = 0; rank < n_ranks; ++rank) {
      const auto place = starting_.find(rank);
      if (place == starting_.end() || at - place->second.at > silence) ranks.push_back(rank);
    }
    return ranks;
  }

  /// For people: what is known of the ranks, where `hosts` has the host of each that was to start.
  std::string describe(const std::vector<int>& ranks, const std::vector<std::string>& hosts) const {
    std::string text;
    for (const int rank : ranks) {
      const auto place = starting_.find(rank);
      const auto row = static_cast<std::size_t>(rank);
      const std::string host = place != starting_.end() ? place->second.host
                               : row < hosts.size()     ? hosts[row]
                                                        : "";
      text += fmt::format("{}rank {}{} ({})",
                          text.empty() ? "" : ", ",
                          rank,
                          host.empty() ? "" : " on " + host,
                          place == starting_.end() ? "never started" : "started, then silent");
    }
    return text;
  }

 private:
  struct sign {
    std::string host;
    time at;
  };

  void hear_starting(int rank, std::string_view host, int speaker, time at) {
    starting_[rank] = {plain_text(host), at};
    if (rank != 0) return;
    const bool runs_again = has_joined_ && root_ == speaker && outcome_;
    if (!runs_again && (has_joined_ || root_ == speaker)) return;
    root_ = speaker;
    outcome_.reset();  // of another process, which may have run before this one, or another run
    termination_notice_.clear();
    has_lost_ = false;
  }

  void hear_of_end(const std::vector<std::string_view>& all, std::string_view words) {
    if (all[0] == launcher_words::termination_notice)
      termination_notice_ = plain_text(
          trim(words.substr(words.find(launcher_words::termination_notice) + all[0].size())));
    if (all.size() == 1 && all[0] == launcher_words::lost) has_lost_ = true;
    if (all.size() == 2 && all[0] == launcher_words::outcome) outcome_ = parse_number(all[1], 255);
  }

  std::optional<int> root_;  ///< its process
  bool is_any_present_ = false;
  bool has_joined_ = false;
  bool wants_input_ = false;
  bool has_lost_ = false;
  std::string termination_notice_;
  std::optional<int> outcome_;
  std::map<int, sign> starting_;
};

}  // namespace rankwise::launcher
