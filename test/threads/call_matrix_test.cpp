// SPDX-License-Identifier: MIT
// Each kind of call under each option and loss: the right result, or a refusal by name.
#include <rankwise/journal/open_journal.hpp>

#include "call_kinds.hpp"
#include "catch.hpp"
#include "frozen_rank.hpp"
#include "in_process_job.hpp"
#include "temporary_directory.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <exception>
#include <map>
#include <ranges>
#include <string>
#include <vector>

namespace {

using rankwise::options;
using rankwise::pool;
using rankwise::task_context;
using namespace rankwise::test;  // NOLINT: the test is all about it

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
  for (const kind& call : kinds()) {
    INFO(call.name);
    in_process_job job(n_ranks);  // what is submitted may run on when the call has its results
    begin(incident::rank_is_slow, job);
    CHECK(outcome(call, job.pool({.schedule = rankwise::schedule_kind::self, .speculate = true})) ==
          "right");
    CHECK_FALSE(now_and_here().is_random_changed);
    const std::uint64_t n_runs = now_and_here().n_runs;
    CHECK((call.may_have_twins ? n_runs > n_items : n_runs <= n_items));
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
    if (!call.may_be_isolated) {
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
      if (!call.runs_anywhere || call.is_open) {
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
