// SPDX-License-Identifier: MIT
#pragma once

#include "inference/plan/evaluate.hpp"
#include "inference/plan/problem.hpp"
#include "inference/plan/rank_kinds.hpp"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <optional>
#include <utility>
#include <vector>

namespace rankwise::inference {

/// The problem with one rank for each kind, whose times are its kind's.
inline plan_problem one_rank_each(const plan_problem& problem,
                                  const std::vector<rank_kind>& kinds) {
  plan_problem small = problem;
  small.ranks.clear();
  for (const rank_kind& kind : kinds)
    small.ranks.push_back(
        {problem.ranks[kind.ranks.front()].host, kind.seconds, kind.memory_bytes});
  return small;
}

/// Some ranks of each kind.
struct rank_group {
  std::vector<std::uint32_t> n_of;  // of each kind
  std::size_t number = 0;           // as a number in which each kind has a digit
  int host = -1;                    // where all are; -1: on several, or alone on one
};

/// A stage that is fast enough, with the number of its links' classes (0: to the root, or on one
/// host; 1: over the network).
struct transition {
  std::uint16_t first = 0;
  std::uint16_t last = 0;
  std::uint8_t in = 0;
  std::uint8_t out = 0;
};

/// Looks for plans with at least a given rate, over (ranks used so far, position in the model, host
/// of the last stage, class of its link to the next).
class plan_search {
 public:
  plan_search(const plan_problem& problem, const plan_limits& limits, std::vector<rank_kind> kinds)
      : problem_(problem),
        limits_(limits),
        kinds_(std::move(kinds)),
        n_(problem.operators.size()),
        n_stages_(limits.n_stages) {
    for (const rank_kind& kind : kinds_) n_hosts_ = std::max(n_hosts_, kind.host + 1);
    std::size_t digit = 1;
    for (const rank_kind& kind : kinds_) {
      digits_.push_back(digit);
      digit *= kind.ranks.size() + 1;
    }
    n_numbers_ = digit;
    make_groups();
    measure_kinds();
  }

  /// A plan whose rate is `least` or more, if the ranks of a kind are alike; none where there is
  /// none.
  std::optional<plan> find(double least) {
    const std::optional<std::size_t> end = search(least);
    if (!end) return std::nullopt;
    return read_back(*end);
  }

  /// Whether there is such a plan.
  bool reaches(double least) { return search(least).has_value(); }

 private:
  using word = std::uint64_t;
  static constexpr std::size_t word_bits = 64;
  static constexpr double impossible = -std::numeric_limits<double>::infinity();  // a rate

  static constexpr std::size_t nowhere = std::numeric_limits<std::size_t>::max();
  static constexpr std::uint32_t no_group = std::numeric_limits<std::uint32_t>::max();

  struct step {
    std::size_t from = nowhere;      // place in steps_; nowhere: none before it
    std::uint32_t group = no_group;  // none: not reached
    std::uint16_t first = 0;
  };

  std::optional<std::size_t> search(double least) {
    find_transitions(least);
    layers_ = n_stages_ == 0 ? 1 : n_stages_ + std::size_t{1};
    steps_.assign(n_numbers_ * layers_ * slots(), step{});
    was_reached_.assign(steps_.size(), 0);
    begin();
    for (std::size_t used = 1; used < n_numbers_; ++used) go_on_from(used);
    return best_end();
  }

  struct reached_slot {
    std::size_t number;
    std::size_t position;
    std::size_t side;
    std::size_t link;
  };

  // Of one (ranks used, stages) there is a step for each position, host and class of link.
  std::size_t slots() const { return (n_ + 1) * n_sides() * 2; }

  std::size_t n_sides() const { return static_cast<std::size_t>(n_hosts_) + 1; }

  std::size_t side_of(int host) const {
    return host < 0 ? static_cast<std::size_t>(n_hosts_) : static_cast<std::size_t>(host);
  }

  std::size_t place(std::size_t used,
                    std::size_t layer,
                    std::size_t position,
                    std::size_t side,
                    std::size_t link) const {
    return (used * layers_ + layer) * slots() + (position * n_sides() + side) * 2 + link;
  }

  void make_groups() {
    const std::uint32_t most = limits_.most_replicas == 0
                                   ? std::numeric_limits<std::uint32_t>::max()
                                   : limits_.most_replicas;
    group_of_.assign(n_numbers_, no_group);
    for (std::size_t number = 1; number < n_numbers_; ++number) {
      rank_group group;
      group.number = number;
      std::uint32_t n_ranks = 0;
      std::uint32_t n_kinds = 0;
      bool is_together = true;
      for (std::size_t kind = 0; kind < kinds_.size(); ++kind) {
        const auto n =
            static_cast<std::uint32_t>(number / digits_[kind] % (kinds_[kind].ranks.size() + 1));
        group.n_of.push_back(n);
        n_ranks += n;
        if (n == 0) continue;
        is_together = is_together && (n_kinds == 0 || group.host == kinds_[kind].host);
        group.host = kinds_[kind].host;
        ++n_kinds;
      }
      if (n_ranks > most) continue;
      if (!is_together) group.host = -1;
      group_of_[number] = static_cast<std::uint32_t>(groups_.size());
      groups_.push_back(std::move(group));
    }
  }

  bool is_cut_allowed(std::size_t first, std::size_t last) const {
    if (limits_.cuts.empty()) return true;
    const std::vector<std::size_t>& cuts = limits_.cuts;
    const auto next = std::upper_bound(cuts.begin(), cuts.end(), first);
    const bool begins = first == 0 || std::binary_search(cuts.begin(), cuts.end(), first);
    return begins && last == (next == cuts.end() ? n_ : *next);
  }

  // Place in the tables of rates: which pair of positions, and the classes of both links.
  static std::size_t pair_place(std::size_t pair, std::size_t in, std::size_t out) {
    return pair * 4 + in * 2 + out;
  }

  std::size_t n_in(const transition& pair) const { return pair.first == 0 ? 1 : 2; }

  std::size_t n_out(const transition& pair) const { return pair.last == n_ ? 1 : 2; }

  void measure_kinds() {
    // Whether a rank is near the root is told by its host: the first rank must be the root.
    plan_problem rooted = one_rank_each(problem_, kinds_);
    rooted.ranks.insert(rooted.ranks.begin(), problem_.ranks.front());
    for (std::size_t first = 0; first < n_; ++first) {
      for (std::size_t last = first + 1; last <= n_; ++last) {
        if (is_cut_allowed(first, last))
          pairs_.push_back(
              {static_cast<std::uint16_t>(first), static_cast<std::uint16_t>(last), 0, 0});
      }
    }
    rates_.assign(kinds_.size(), std::vector<double>(pairs_.size() * 4, impossible));
    for (std::size_t p = 0; p < pairs_.size(); ++p) {
      const transition& pair = pairs_[p];
      const std::uint64_t memory = memory_of(problem_, pair.first, pair.last);
      for (std::size_t in = 0; in < n_in(pair); ++in) {
        for (std::size_t out = 0; out < n_out(pair); ++out) {
          for (std::size_t kind = 0; kind < kinds_.size(); ++kind) {
            const std::uint64_t limit = kinds_[kind].memory_bytes;
            if (limit != 0 && memory > limit) continue;
            rates_[kind][pair_place(p, in, out)] = cost_of(rooted,
                                                           kind + 1,
                                                           pair.first,
                                                           pair.last,
                                                           class_of(pair.first == 0, in),
                                                           class_of(pair.last == n_, out))
                                                       .rate();
          }
        }
      }
    }
    constexpr std::size_t most_rates = 10'000'000;  // 80 MB
    if (groups_.size() * pairs_.size() * 4 > most_rates) return;
    for (const rank_group& group : groups_) tables_.push_back(rates_of(group));
  }

  static link_class class_of(bool is_end, std::size_t number) {
    if (is_end) return link_class::ends;
    return number == 0 ? link_class::same_host : link_class::network;
  }

  /// Items a second of a group, for each pair of positions and links; `impossible` where one of its
  /// ranks has no memory for them.
  std::vector<double> rates_of(const rank_group& group) const {
    std::vector<double> near(pairs_.size() * 4);
    std::vector<double> far(near.size());
    for (std::size_t kind = 0; kind < kinds_.size(); ++kind) {
      if (group.n_of[kind] == 0) continue;
      const std::vector<double>& each = rates_[kind];
      std::vector<double>& sum = kinds_[kind].is_on_root_host ? near : far;
      for (std::size_t at = 0; at < sum.size(); ++at) sum[at] += group.n_of[kind] * each[at];
    }
    for (std::size_t p = 0; p < pairs_.size(); ++p) {
      const double most = root_link_rate(
          problem_, class_of(pairs_[p].first == 0, 0), class_of(pairs_[p].last == n_, 0));
      for (std::size_t at = pair_place(p, 0, 0); at < pair_place(p + 1, 0, 0); ++at)
        near[at] += std::min(far[at], most);
    }
    return near;
  }

  /// The stages that each group can run at that rate. One that a rank of a kind could be taken
  /// from, where there is another one, is left out: nothing would be the slower for it.
  void find_transitions(double least) {
    transitions_.assign(groups_.size(), {});
    fast_.resize(groups_.size());
    begins_.resize(groups_.size());
    for (std::size_t g = 0; g < groups_.size(); ++g) {
      const std::vector<double> made =
          tables_.empty() ? rates_of(groups_[g]) : std::vector<double>{};
      const std::vector<double>& rates = tables_.empty() ? made : tables_[g];
      fast_[g].resize((rates.size() + word_bits - 1) / word_bits);
      for (std::size_t w = 0; w < fast_[g].size(); ++w) {
        const std::size_t begin = w * word_bits;
        const std::size_t n = std::min(word_bits, rates.size() - begin);
        word fast = 0;
        for (std::size_t bit = 0; bit < n; ++bit) fast |= word{rates[begin + bit] >= least} << bit;
        fast_[g][w] = fast;
        for (word left = useful(groups_[g], w); left != 0; left &= left - 1) {
          const std::size_t at = begin + static_cast<std::size_t>(std::countr_zero(left));
          const transition& pair = pairs_[at / 4];
          transitions_[g].push_back({pair.first,
                                     pair.last,
                                     static_cast<std::uint8_t>(at / 2 % 2),
                                     static_cast<std::uint8_t>(at % 2)});
        }
      }
      index_transitions(g);
    }
  }

  /// Sorts those of a group by where they begin and their link there, and notes where each such row
  /// begins.
  void index_transitions(std::size_t g) {
    const auto row = [](const transition& one) { return std::size_t{one.first} * 2 + one.in; };
    std::vector<transition>& all = transitions_[g];
    std::stable_sort(all.begin(), all.end(), [&](const transition& left, const transition& right) {
      return row(left) < row(right);
    });
    begins_[g].assign(2 * (n_ + 1) + 1, 0);
    for (const transition& one : all) ++begins_[g][row(one) + 1];
    std::partial_sum(begins_[g].begin(), begins_[g].end(), begins_[g].begin());
  }

  /// Of a word of places, those where the group is fast enough, and would not be with one rank of
  /// a kind less.
  word useful(const rank_group& group, std::size_t w) const {
    word all = fast_[group_of_[group.number]][w];
    for (std::size_t kind = 0; kind < kinds_.size(); ++kind) {
      if (group.n_of[kind] < 2) continue;  // the last of a kind may decide on which hosts they are
      all &= ~fast_[group_of_[group.number - digits_[kind]]][w];
    }
    return all;
  }

  void reach(std::size_t used,
             std::size_t layer,
             std::size_t from,
             std::uint32_t group,
             const transition& by) {
    const std::size_t next_layer = layers_ == 1 ? 0 : layer + 1;
    if (next_layer >= layers_) return;
    const std::size_t side = side_of(groups_[group].host);
    step& there = steps_[place(used, next_layer, by.last, side, by.out)];
    if (there.group == no_group) there = {from, group, by.first};
  }

  void begin() {
    for (std::size_t g = 0; g < groups_.size(); ++g) {
      for (const transition& by : transitions_[g]) {
        if (by.first == 0) reach(groups_[g].number, 0, nowhere, static_cast<std::uint32_t>(g), by);
      }
    }
  }

  bool leaves_room_for(std::size_t used, const rank_group& group) const {
    for (std::size_t kind = 0; kind < kinds_.size(); ++kind) {
      const std::size_t all = kinds_[kind].ranks.size();
      if (used / digits_[kind] % (all + 1) + group.n_of[kind] > all) return false;
    }
    return true;
  }

  /// What was reached with these ranks, and not with some of them: there is nothing to gain from
  /// the others.
  bool find_new(std::size_t used, std::size_t layer) {
    new_slots_.clear();
    const std::size_t here = place(used, layer, 0, 0, 0);
    for (std::size_t slot = 0; slot < slots(); ++slot) {
      bool is_old = false;
      for (std::size_t kind = 0; kind < kinds_.size() && !is_old; ++kind) {
        const bool has_less = used / digits_[kind] % (kinds_[kind].ranks.size() + 1) != 0;
        is_old = has_less && was_reached_[place(used - digits_[kind], layer, 0, 0, 0) + slot] != 0;
      }
      const bool is_reached = steps_[here + slot].group != no_group;
      was_reached_[here + slot] = static_cast<char>(is_old || is_reached);
      if (!is_reached || is_old) continue;
      new_slots_.push_back({slot, slot / 2 / n_sides(), slot / 2 % n_sides(), slot % 2});
    }
    return !new_slots_.empty();
  }

  void go_on_from(std::size_t used) {
    for (std::size_t layer = 0; layer < layers_; ++layer) {
      if (!find_new(used, layer)) continue;
      const std::size_t here = place(used, layer, 0, 0, 0);
      for (std::size_t g = 0; g < groups_.size(); ++g) {
        if (transitions_[g].empty() || !leaves_room_for(used, groups_[g])) continue;
        const std::size_t own = side_of(groups_[g].host);
        const bool is_together = groups_[g].host >= 0;
        for (const reached_slot& slot : new_slots_) {
          const bool is_same_host = is_together && slot.side == own;
          if (is_same_host != (slot.link == 0)) continue;
          const std::size_t from = slot.position * 2 + slot.link;
          for (std::size_t t = begins_[g][from]; t < begins_[g][from + 1]; ++t) {
            reach(used + groups_[g].number,
                  layer,
                  here + slot.number,
                  static_cast<std::uint32_t>(g),
                  transitions_[g][t]);
          }
        }
      }
    }
  }

  std::optional<std::size_t> best_end() const {
    std::size_t best = steps_.size();
    std::size_t fewest = std::numeric_limits<std::size_t>::max();
    for (std::size_t used = 1; used < n_numbers_; ++used) {
      std::size_t n_used = 0;
      for (std::size_t kind = 0; kind < kinds_.size(); ++kind)
        n_used += used / digits_[kind] % (kinds_[kind].ranks.size() + 1);
      for (std::size_t side = 0; side < n_sides(); ++side) {
        const std::size_t end = place(used, layers_ - 1, n_, side, 0);
        if (steps_[end].group == no_group || n_used >= fewest) continue;
        fewest = n_used;
        best = end;
      }
    }
    if (best == steps_.size()) return std::nullopt;
    return best;
  }

  plan read_back(std::size_t end) const {
    std::vector<stage_placement> stages;
    std::size_t last = n_;
    std::vector<std::size_t> n_taken(kinds_.size());
    for (std::size_t at = end; at != nowhere;) {
      const step& one = steps_[at];
      stage_placement& stage = stages.emplace_back();
      stage.first = one.first;
      stage.last = std::exchange(last, one.first);
      const rank_group& group = groups_[one.group];
      for (std::size_t kind = 0; kind < kinds_.size(); ++kind) {
        for (std::uint32_t i = 0; i < group.n_of[kind]; ++i)
          stage.ranks.push_back(kinds_[kind].ranks[n_taken[kind]++]);
      }
      std::sort(stage.ranks.begin(), stage.ranks.end());
      at = one.from;
    }
    std::reverse(stages.begin(), stages.end());
    return evaluate(problem_, stages);
  }

  const plan_problem& problem_;
  const plan_limits& limits_;
  std::vector<rank_kind> kinds_;
  std::size_t n_;
  std::size_t n_stages_;
  int n_hosts_ = 0;
  std::vector<std::size_t> digits_;
  std::size_t n_numbers_ = 0;
  std::vector<rank_group> groups_;
  std::vector<std::uint32_t> group_of_;      // by number
  std::vector<std::vector<double>> rates_;   // by kind
  std::vector<transition> pairs_;            // of positions
  std::vector<std::vector<double>> tables_;  // rates by group, where there are not too many
  std::vector<std::vector<word>> fast_;      // by group, a bit for each place
  std::vector<std::vector<transition>> transitions_;  // by group
  std::vector<std::vector<std::size_t>> begins_;      // of their rows, by group
  std::size_t layers_ = 1;
  std::vector<step> steps_;
  std::vector<char> was_reached_;  // each of steps_, with these ranks or some of them
  std::vector<reached_slot> new_slots_;
};

}  // namespace rankwise::inference
