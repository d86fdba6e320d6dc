// SPDX-License-Identifier: MIT
// Each kind of call under each option and loss: the right result, or a refusal by name.
#include <rankwise/journal/open_journal.hpp>
#include <rankwise/map_reduce.hpp>
#include <rankwise/pipeline.hpp>
#include <rankwise/shared.hpp>

#include "catch.hpp"
#include "frozen_rank.hpp"
#include "in_process_job.hpp"
#include "temporary_directory.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <exception>
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

namespace {

using rankwise::options;
using rankwise::pool;
using rankwise::task_context;
using std::chrono::milliseconds;
using namespace rankwise::test;  // NOLINT: the test is all about it

constexpr std::uint32_t n_ranks = 3;
constexpr rankwise::rank_id unlucky{2};
constexpr rankwise::rank_id slow{1};
constexpr std::uint64_t n_items = 40;
constexpr std::uint64_t bad_item = 1;
constexpr std::uint64_t n_keys = 7;

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
};

std::atomic<situation*>& place_of_situation() {
  static std::atomic<situation*> one{nullptr};
  return one;
}

situation& now_and_here() {
  return *place_of_situation();
}

/// What was before lives on: a task may still look at it that nobody waits for.
void begin(incident what, in_process_job& job, bool ends_with_call = false) {
  static std::deque<situation> all;
  situation& next = all.emplace_back();
  next.what = what;
  next.job = &job;
  next.ends_with_call = ends_with_call;
  place_of_situation() = &next;
}

/// What befalls a task.
void suffer(task_context& context, std::uint64_t item) {
  situation& here = now_and_here();
  ++here.n_runs;
  ++here.n_runs_of.at(item);
  const auto strikes = [&](bool is_due) { return is_due && !here.has_struck.exchange(true); };
  rankwise::test::thread_network& network = here.job->network();
  switch (here.what) {
    case incident::none:
      return;
    case incident::task_throws:
      if (strikes(item == bad_item)) throw std::runtime_error("bad luck");
      return;
    case incident::task_is_long:
      if (!strikes(item == bad_item)) return;
      comes_true([&] { return here.ends_with_call && context.cancelled(); },
                 here.ends_with_call ? milliseconds(5000) : milliseconds(500));
      return;
    case incident::rank_is_slow:
      if (context.rank() == slow) {
        const std::uint64_t number = context.random()();
        here.has_struck = true;
        comes_true([&] { return context.cancelled(); }, milliseconds(60));
        if (context.random()() != number) here.is_random_changed = true;
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

std::uint64_t square(task_context& context, std::uint64_t item) {
  suffer(context, item);
  return item * item;
}

std::optional<std::uint64_t> find_late(task_context& context, std::uint64_t item) {
  suffer(context, item);
  if (item + 2 < n_items) return std::nullopt;
  return item * item;
}

std::uint64_t square_row(task_context& context, std::uint32_t row) {
  suffer(context, row);
  return std::uint64_t{row} * row;
}

std::uint64_t square_in(task_context& context,
                        std::uint64_t item,
                        std::span<const std::uint64_t> squares) {
  suffer(context, item);
  return squares[item];
}

/// A table with the squares of all items, of several pieces.
auto shared_squares(const pool& ranks) {
  std::vector<std::uint64_t> all(100'000);
  for (std::uint64_t item = 0; item < all.size(); ++item) all[item] = item * item;
  return ranks.share(std::move(all));
}

void emit_item(task_context& context,
               std::uint64_t item,
               rankwise::emitter<std::uint64_t, std::uint64_t>& emit) {
  emit(item % n_keys, item);
  suffer(context, item);
}

auto inputs() {
  return std::views::iota(std::uint64_t{0}, n_items);
}

using squares = std::vector<std::uint64_t>;

squares squares_of(std::uint64_t n) {
  squares all;
  for (std::uint64_t item = 0; item < n; ++item) all.push_back(item * item);
  return all;
}

using by_key = std::map<std::uint64_t, squares>;  // values of each key, in order

by_key items_by_key() {
  by_key all;
  for (const std::uint64_t item : inputs()) all[item % n_keys].push_back(item);
  return all;
}

/// A kind of call: whether what it gives is right.
struct kind {
  std::string name;
  bool runs_anywhere;  ///< items are independent: they may be run again
  std::function<bool(const pool&)> is_right;
};

const std::vector<kind>& kinds() {
  static const std::vector<kind> all{
      {"pool::map",
       true,
       [](const pool& ranks) {
         return ranks.map(inputs(), rankwise::fn<square>) == squares_of(n_items);
       }},
      {"pool::map",
       true,
       [](const pool& ranks) {
         return ranks.map(inputs(),
                          rankwise::with(shared_squares(ranks))(rankwise::fn<square_in>)) ==
                squares_of(n_items);
       }},
      {"pool::for_each",
       true,
       [](const pool& ranks) {
         ranks.for_each(inputs(), rankwise::fn<square>);
         return std::ranges::all_of(now_and_here().n_runs_of,
                                    [](const auto& n_runs) { return n_runs > 0; });
       }},
      {"pool::reduce",
       true,
       [](const pool& ranks) {
         const squares each = squares_of(n_items);
         return ranks.reduce(inputs(), std::uint64_t{1}, std::plus<>{}, rankwise::fn<square>) ==
                std::accumulate(each.begin(), each.end(), std::uint64_t{1});
       }},
      {"pool::find_first",
       true,
       [](const pool& ranks) {
         const auto first = ranks.find_first(inputs(), rankwise::fn<find_late>);
         return first && first->index == n_items - 2 && first->value == first->index * first->index;
       }},
      {"pool::map_reduce",
       false,
       [](const pool& ranks) {
         std::map<std::uint64_t, std::uint64_t> sums;
         for (const auto& [key, items] : items_by_key())
           sums[key] = std::accumulate(items.begin(), items.end(), std::uint64_t{0});
         std::map<std::uint64_t, std::uint64_t> found;
         for (const auto& one :
              ranks.map_reduce(inputs(), rankwise::fn<emit_item>, std::plus<>{}).gather())
           found[one.key] += one.value;
         return found == sums;
       }},
      {"pool::group_by",
       false,
       [](const pool& ranks) {
         by_key found;
         for (const auto& one : ranks.group_by(inputs(), rankwise::fn<emit_item>).gather()) {
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
                        rankwise::stage(rankwise::fn<square>, {.replicas = n_ranks}),
                        [&found](std::uint64_t value) { found.push_back(value); });
         return found == squares_of(n_items);
       }},
      {"pool::on_each_rank", false, [](const pool& ranks) {
         return ranks.on_each_rank(rankwise::fn<square_row>) == squares_of(n_ranks);
       }}};
  return all;
}

/// "right", "wrong", or why the call is refused.
std::string outcome(const kind& call, const pool& ranks) {
  try {
    return call.is_right(ranks) ? "right" : "wrong";
  } catch (const std::exception& error) {
    return error.what();
  }
}

/// Of a call whose rank was lost: it goes on, or says which call could not.
void check_loss(const kind& call, const std::string& found, const std::string& when) {
  if (call.runs_anywhere) {
    CHECK(found == "right");
  } else {
    CHECK(holds(found, "rank 2 on here was lost " + when + " "));
    // A pipeline is made by a call of its own.
    CHECK((holds(found, call.name) || holds(found, "pool::make_pipeline")));
  }
}

}  // namespace

TEST_CASE("calls give what they should") {
  in_process_job job(n_ranks);
  for (const kind& call : kinds()) {
    INFO(call.name);
    begin(incident::none, job);
    CHECK(outcome(call, job.pool()) == "right");
  }
}

TEST_CASE("retry: a task that throws is run again, or the option is refused") {
  in_process_job job(n_ranks);
  for (const kind& call : kinds()) {
    INFO(call.name);
    begin(incident::task_throws, job);
    const std::string found = outcome(call, job.pool({.on_error = rankwise::on_error_kind::retry}));
    if (call.name == "pool::map_reduce" || call.name == "pool::group_by") {
      CHECK(holds(found, "--on-error retry: " + call.name + " can't take back"));
    } else {
      CHECK(found == "right");
    }
  }
}

TEST_CASE("speculate: no result counts twice") {
  in_process_job job(n_ranks);
  for (const kind& call : kinds()) {
    INFO(call.name);
    begin(incident::rank_is_slow, job);
    CHECK(outcome(call, job.pool({.schedule = rankwise::schedule_kind::self, .speculate = true})) ==
          "right");
    CHECK_FALSE(now_and_here().is_random_changed);
    const std::uint64_t n_runs = now_and_here().n_runs;
    CHECK((call.runs_anywhere ? n_runs > n_items : n_runs <= n_items));
  }
}

TEST_CASE("task-limit: a task of map, for_each or reduce that takes longer has failed") {
  for (const kind& call : kinds()) {
    INFO(call.name);
    in_process_job job(n_ranks);
    begin(incident::task_is_long, job, call.runs_anywhere);
    const std::string found = outcome(call, job.pool({.task_limit_s = 0.2}));
    if (call.runs_anywhere) {
      CHECK(holds(found, "it took longer than 0.2 s (--task-limit)"));
    } else {
      CHECK(found == "right");
    }
  }
}

TEST_CASE("isolate: a task leaves nothing on its rank, or the option is refused") {
  for (const kind& call : kinds()) {
    INFO(call.name);
    in_process_job job(n_ranks);
    begin(incident::none, job);
    const std::string found = outcome(call, job.pool({.isolate = true}));
    if (!call.runs_anywhere) {
      CHECK(holds(found, "--isolate: found pool::"));
      continue;
    }
    // A for_each has nothing but its runs to be judged by, and those were elsewhere.
    CHECK(found == (call.name == "pool::for_each" ? "wrong" : "right"));
    CHECK(now_and_here().n_runs == 0);
    begin(incident::task_is_long, job);
    CHECK(holds(outcome(call, job.pool({.task_limit_s = 0.1, .isolate = true})),
                "it took longer than 0.1 s (--task-limit)"));
  }
}

#ifdef RANKWISE_HAS_SQLITE
TEST_CASE("journal: what is done is not run again, or the option is refused") {
  const temporary_directory here;
  for (const kind& call : kinds()) {
    INFO(call.name);
    options how;
    how.journal = here / (call.name.substr(6) + std::to_string(&call - kinds().data()) + ".db");
    for (const bool is_resumed : {false, true}) {
      how.resume = is_resumed;
      in_process_job job(n_ranks);
      const auto book =
          rankwise::observe::open_journal(how, std::vector<std::string>(n_ranks, "here"));
      job.root().keep(*book);
      begin(incident::none, job);
      // A for_each has nothing but its runs to be judged by.
      const bool is_judged_by_runs = call.name == "pool::for_each" && is_resumed;
      const std::string found = outcome(call, job.pool(how));
      if (!call.runs_anywhere) {
        CHECK(holds(found, "--journal: found pool::"));
      } else {
        CHECK((found == "right" || is_judged_by_runs));
        CHECK(now_and_here().n_runs == (is_resumed ? 0 : n_items));
      }
      book->end("done");
    }
  }
}

TEST_CASE("journal: a shared value is known by what it is, not by its number") {
  const temporary_directory here;
  options how;
  how.journal = here / "shared.db";
  const auto run = [&](int n_before, std::uint64_t value) {
    in_process_job job(n_ranks);
    const auto book =
        rankwise::observe::open_journal(how, std::vector<std::string>(n_ranks, "here"));
    job.root().keep(*book);
    begin(incident::none, job);
    const pool ranks = job.pool(how);
    std::vector<rankwise::shared<int>> before;
    for (int i = 0; i < n_before; ++i) before.push_back(ranks.share(i));
    const auto table = ranks.share(std::map<std::uint64_t, std::uint64_t>{{1, value}});
    const auto look = [](task_context& context,
                         std::uint64_t item,
                         const std::map<std::uint64_t, std::uint64_t>& all) {
      suffer(context, item);
      return item + all.at(1);
    };
    const auto found = ranks.map(inputs(), rankwise::with(table)(look));
    book->end("done");
    return found.front();
  };
  CHECK(run(0, 5) == 5);
  how.resume = true;
  CHECK(run(3, 5) == 5);
  CHECK(now_and_here().n_runs == 0);
  CHECK_THROWS_AS(run(0, 6), rankwise::config_error);
}
#endif

TEST_CASE("a rank that dies is done without, or the call says that it can't") {
  for (const kind& call : kinds()) {
    INFO(call.name);
    in_process_job job(n_ranks);
    begin(incident::rank_dies, job);
    check_loss(call, outcome(call, job.pool()), "during");
    begin(incident::none, job);
    check_loss(call, outcome(call, job.pool()), "before");
  }
}

TEST_CASE("a rank that freezes is done without, or the call says that it can't; then it is back") {
  for (const kind& call : kinds()) {
    INFO(call.name);
    in_process_job job(n_ranks);
    begin(incident::rank_freezes, job);
    check_loss(call, outcome(call, job.pool()), "during");
    job.network().wait_for_all();
    CHECK(is_rank_2_back(job));
    begin(incident::none, job);
    CHECK(outcome(call, job.pool()) == "right");
  }
}

TEST_CASE("when all ranks freeze, as in a job that is suspended, nobody is lost") {
  for (const kind& call : kinds()) {
    INFO(call.name);
    in_process_job job(n_ranks);
    begin(incident::all_freeze, job);
    CHECK(outcome(call, job.pool()) == "right");
    CHECK(now_and_here().has_struck);
    CHECK(job.notices().empty());
  }
}

TEST_CASE("of the runs of an item one is told that it counts, whatever befalls the others") {
  static std::array<std::atomic<std::uint64_t>, n_items> n_counted{};
  static std::atomic<std::uint64_t> n_open{0};
  const auto asks = [](task_context& context, std::uint64_t item) {
    ++n_open;
    context.when_settled([item](bool counts) {
      --n_open;
      if (counts) ++n_counted[item];
    });
    suffer(context, item);
    return item;
  };
  const auto told_once = [](const auto& n) { return n == 1; };
  for (const incident what :
       {incident::none, incident::task_throws, incident::rank_is_slow, incident::rank_freezes}) {
    INFO(static_cast<int>(what));
    for (auto& one : n_counted) one = 0;
    {
      in_process_job job(n_ranks);
      begin(what, job);
      const auto found = job.pool({.schedule = rankwise::schedule_kind::self,
                                   .on_error = rankwise::on_error_kind::retry,
                                   .speculate = true})
                             .map(inputs(), asks);
      CHECK(std::ranges::equal(found, inputs()));
      CHECK(std::ranges::all_of(n_counted, told_once));
    }
    CHECK(n_open == 0);
  }
}
