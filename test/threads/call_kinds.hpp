// SPDX-License-Identifier: MIT
// Kinds of calls, and what may go wrong in them.
#pragma once

#include <rankwise/emitter.hpp>
#include <rankwise/expansion.hpp>
#include <rankwise/future.hpp>
#include <rankwise/map_reduce.hpp>
#include <rankwise/parts.hpp>
#include <rankwise/pipeline.hpp>
#include <rankwise/pool.hpp>
#include <rankwise/shared.hpp>
#include <rankwise/stream.hpp>
#include <rankwise/task.hpp>

#include "frozen_rank.hpp"
#include "in_process_job.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <numeric>
#include <optional>
#include <ranges>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace rankwise::test {

inline constexpr std::uint32_t n_ranks = 3;
inline constexpr rank_id unlucky{2};
inline constexpr rank_id slow{1};
inline constexpr std::uint64_t n_items = 40;
inline constexpr std::uint64_t bad_item = 1;
inline constexpr std::uint64_t n_keys = 7;

/// What goes wrong in a call.
enum class incident : std::uint8_t {
  none,
  task_throws,   ///< that of `bad_item`, once
  task_is_long,  ///< that of `bad_item`, once
  rank_is_slow,
  rank_dies,
  rank_freezes,
  all_freeze
};

/// What goes wrong in the call under way; tasks look here, on all ranks.
struct situation {
  incident what = incident::none;
  std::atomic<bool> has_struck{false};
  std::atomic<bool> is_random_changed{false};  ///< in the middle of a task
  std::atomic<std::uint64_t> n_runs{0};
  std::array<std::atomic<std::uint64_t>, n_items> n_runs_of{};
  in_process_job* job = nullptr;
  bool ends_with_call = false;  ///< of a task that is long: else it ends by itself
  bool has_random = true;       ///< tasks may ask for random numbers
};

inline std::atomic<situation*>& place_of_situation() {
  static std::atomic<situation*> one{nullptr};
  return one;
}

inline situation& now_and_here() {
  return *place_of_situation();
}

/// What was before lives on: a task may still look at it that nobody waits for.
inline void begin(incident what, in_process_job& job, bool ends_with_call = false) {
  static std::deque<situation> all;
  situation& next = all.emplace_back();
  next.what = what;
  next.job = &job;
  next.ends_with_call = ends_with_call;
  place_of_situation() = &next;
}

/// What befalls a task.
inline void suffer(task_context& context, std::uint64_t item) {
  situation& here = now_and_here();
  ++here.n_runs;
  ++here.n_runs_of.at(item);
  const auto strikes = [&](bool is_due) { return is_due && !here.has_struck.exchange(true); };
  thread_network& network = here.job->network();
  switch (here.what) {
    case incident::none:
      return;
    case incident::task_throws:
      if (strikes(item == bad_item)) throw std::runtime_error("bad luck");
      return;
    case incident::task_is_long:
      if (!strikes(item == bad_item)) return;
      comes_true(
          [&] { return here.ends_with_call && context.cancelled(); },
          here.ends_with_call ? std::chrono::milliseconds(5000) : std::chrono::milliseconds(500));
      return;
    case incident::rank_is_slow:
      if (context.rank() == slow) {
        const auto draw = [&] { return here.has_random ? context.random()() : 0; };
        const std::uint64_t number = draw();
        here.has_struck = true;
        comes_true([&] { return context.cancelled(); }, std::chrono::milliseconds(60));
        if (draw() != number) here.is_random_changed = true;
      }
      break;
    case incident::rank_dies:
      if (strikes(context.rank() == unlucky)) network.kill(unlucky);
      break;
    case incident::rank_freezes:
      if (strikes(context.rank() == unlucky)) network.freeze(unlucky, freeze_time);
      break;
    case incident::all_freeze:
      if (strikes(context.rank() == unlucky)) network.freeze_all(freeze_time);
      break;
  }
  // So that the rank comes to run something.
  comes_true([&] { return here.has_struck || context.cancelled(); });
}

inline std::uint64_t square(task_context& context, std::uint64_t item) {
  suffer(context, item);
  return item * item;
}

inline std::uint64_t square_part(task_context& context, const std::uint64_t& item) {
  suffer(context, item);
  return item * item;
}

inline std::optional<std::uint64_t> find_late(task_context& context, std::uint64_t item) {
  suffer(context, item);
  if (item + 2 < n_items) return std::nullopt;
  return item * item;
}

inline std::uint64_t square_row(task_context& context, std::uint32_t row) {
  suffer(context, row);
  return std::uint64_t{row} * row;
}

inline std::uint64_t square_in(task_context& context,
                               std::uint64_t item,
                               std::span<const std::uint64_t> squares) {
  suffer(context, item);
  return squares[item];
}

/// A table with the squares of all items, of several pieces.
inline auto shared_squares(const pool& ranks) {
  std::vector<std::uint64_t> all(100'000);
  for (std::uint64_t item = 0; item < all.size(); ++item) all[item] = item * item;
  return ranks.share(std::move(all));
}

inline void emit_item(task_context& context,
                      std::uint64_t item,
                      emitter<std::uint64_t, std::uint64_t>& emit) {
  emit(item % n_keys, item);
  suffer(context, item);
}

inline constexpr std::uint64_t n_roots = 3;

/// Finds two items more.
inline std::uint64_t square_and_find(task_context& context,
                                     const std::uint64_t& item,
                                     expansion<std::uint64_t>& more) {
  for (std::uint64_t next = 2 * item + n_roots; next < 2 * item + n_roots + 2; ++next)
    if (next < n_items) more.push(next);
  suffer(context, item);
  return item * item;
}

inline auto inputs() {
  return std::views::iota(std::uint64_t{0}, n_items);
}

using squares = std::vector<std::uint64_t>;

inline squares squares_of(std::uint64_t n) {
  squares all;
  for (std::uint64_t item = 0; item < n; ++item) all.push_back(item * item);
  return all;
}

using by_key = std::map<std::uint64_t, squares>;  // values of each key, in order

inline by_key items_by_key() {
  by_key all;
  for (const std::uint64_t item : inputs()) all[item % n_keys].push_back(item);
  return all;
}

/// A kind of call: whether what it gives is right.
struct kind {
  std::string name;
  bool runs_anywhere;  ///< items are independent: they may be run again
  std::function<bool(const pool&)> is_right;
  bool is_open = false;  ///< its items come one by one: no journal can hold it
  bool may_have_twins = runs_anywhere;
  bool may_be_isolated = runs_anywhere;
};

inline const std::vector<kind>& kinds() {
  static const std::vector<kind> all{
      {"pool::map",
       true,
       [](const pool& ranks) { return ranks.map(inputs(), fn<square>) == squares_of(n_items); }},
      {"pool::map",
       true,
       [](const pool& ranks) {
         return ranks.map(inputs(), with(shared_squares(ranks))(fn<square_in>)) ==
                squares_of(n_items);
       }},
      {"pool::for_each",
       true,
       [](const pool& ranks) {
         ranks.for_each(inputs(), fn<square>);
         return std::ranges::all_of(now_and_here().n_runs_of,
                                    [](const auto& n_runs) { return n_runs > 0; });
       }},
      {"pool::reduce",
       true,
       [](const pool& ranks) {
         const squares each = squares_of(n_items);
         return ranks.reduce(inputs(), std::uint64_t{1}, std::plus<>{}, fn<square>) ==
                std::accumulate(each.begin(), each.end(), std::uint64_t{1});
       }},
      {"pool::find_first",
       true,
       [](const pool& ranks) {
         const auto first = ranks.find_first(inputs(), fn<find_late>);
         return first && first->index == n_items - 2 && first->value == first->index * first->index;
       }},
      {"pool::submit",
       true,
       [](const pool& ranks) {
         std::vector<future<std::uint64_t>> futures;
         for (const std::uint64_t item : inputs())
           futures.push_back(ranks.submit(fn<square>, item));
         squares found;
         for (auto& one : futures) found.push_back(one.get());
         return found == squares_of(n_items);
       },
       true},
      {"pool::stream",
       true,
       [](const pool& ranks) {
         squares found;
         ranks.stream(
             inputs(), fn<square>, [&found](std::uint64_t value) { found.push_back(value); });
         return found == squares_of(n_items);
       },
       true,
       false},
      {"pool::expand",
       true,
       [](const pool& ranks) {
         now_and_here().has_random = false;
         const squares each = squares_of(n_items);
         return ranks.expand(std::views::iota(std::uint64_t{0}, n_roots),
                             std::uint64_t{1},
                             std::plus<>{},
                             fn<square_and_find>) ==
                std::accumulate(each.begin(), each.end(), std::uint64_t{1});
       },
       true,
       false,
       false},
      {"pool::place",
       true,
       [](const pool& ranks) {
         const auto itself = [](std::uint64_t item) { return item; };
         return ranks.map(ranks.place(inputs(), itself), fn<square_part>) == squares_of(n_items);
       },
       true,
       false,
       false},
      {"pool::map_reduce",
       false,
       [](const pool& ranks) {
         std::map<std::uint64_t, std::uint64_t> sums;
         for (const auto& [key, items] : items_by_key())
           sums[key] = std::accumulate(items.begin(), items.end(), std::uint64_t{0});
         std::map<std::uint64_t, std::uint64_t> found;
         for (const auto& one : ranks.map_reduce(inputs(), fn<emit_item>, std::plus<>{}).gather())
           found[one.key] += one.value;
         return found == sums;
       }},
      {"pool::group_by",
       false,
       [](const pool& ranks) {
         by_key found;
         for (const auto& one : ranks.group_by(inputs(), fn<emit_item>).gather()) {
           found[one.key] = one.value;
           std::ranges::sort(found[one.key]);
         }
         return found == items_by_key();
       }},
      {"pool::pipeline",
       false,
       [](const pool& ranks) {
         squares found;
         ranks.pipeline(inputs(),
                        stage(fn<square>, {.replicas = n_ranks}),
                        [&found](std::uint64_t value) { found.push_back(value); });
         return found == squares_of(n_items);
       }},
      {"pool::on_each_rank", false, [](const pool& ranks) {
         return ranks.on_each_rank(fn<square_row>) == squares_of(n_ranks);
       }}};
  return all;
}

}  // namespace rankwise::test
