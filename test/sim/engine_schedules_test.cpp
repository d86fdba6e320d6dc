// SPDX-License-Identifier: MIT
// The engine against chance: whole jobs in virtual time, each from one seed. RANKWISE_TEST_SEED=N
// runs that one alone, and says what it was; RANKWISE_TEST_SCHEDULES=N runs so many,
// RANKWISE_TEST_FIRST=N from that seed on.
#include <rankwise/expansion.hpp>
#include <rankwise/pool.hpp>
#include <rankwise/sim/engine_job.hpp>
#include <rankwise/sim/timeline.hpp>

#include "catch.hpp"
#include "schedule/plan.hpp"
#include "schedule/run.hpp"
#include "schedule/variation.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <unistd.h>
#include <vector>

namespace {

using rankwise::test::plan_of;
using rankwise::test::planner;
using rankwise::test::schedule_plan;
using rankwise::test::schedule_report;
using rankwise::test::schedule_run;

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* const text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

/// A name for a journal, whose file goes with this.
class journal_name {
 public:
  journal_name(const journal_name&) = delete;
  journal_name& operator=(const journal_name&) = delete;
  journal_name(journal_name&&) = delete;
  journal_name& operator=(journal_name&&) = delete;

  journal_name() {
    std::string name = std::filesystem::temp_directory_path() / "schedules-XXXXXX";
    ::close(::mkstemp(name.data()));
    name_ = name;
  }

  ~journal_name() { std::filesystem::remove(name_); }

  const std::string& text() const { return name_; }

 private:
  std::string name_;
};

schedule_report run(const schedule_plan& plan) {
  static const journal_name file;
  return schedule_run(plan, file.text()).run();
}

/// An expansion of 1,000 items of a millisecond, on a rank that dies in the middle.
struct dying_expansion {
  static inline rankwise::sim::engine_job* job = nullptr;
  static inline std::uint64_t n_runs = 0;
  static constexpr std::uint64_t n_items = 1000;

  static std::uint64_t work(rankwise::task_context& task,
                            const std::uint64_t& item,
                            rankwise::expansion<std::uint64_t>& more) {
    for (const std::uint64_t child : {2 * item + 1, 2 * item + 2})
      if (child < n_items) more.push(child);
    ++n_runs;
    job->machine(task.rank()).sleep(std::chrono::milliseconds(1));
    return item;
  }
};

}  // namespace

TEST_CASE("a lost rank costs an expansion what it has done since its last checkpoint") {
  using task = dying_expansion;
  task::n_runs = 0;
  std::uint64_t sum = 0;
  rankwise::sim::timeline time(1);
  rankwise::sim::engine_job job(
      time,
      {.n_ranks = 2, .timeout = std::chrono::milliseconds(200)},
      [&](rankwise::engine::root& root) {
        const rankwise::pool ranks(root, {.root_works = false});
        sum = ranks.expand(
            {std::uint64_t{0}}, std::uint64_t{0}, std::plus<>{}, rankwise::fn<task::work>);
      });
  task::job = &job;
  // Nobody asks for half: there is no other rank. A checkpoint comes each 20 ms.
  time.run(time.now() + std::chrono::milliseconds(500), [] { return false; });
  CHECK(task::n_runs > 400);
  job.kill(rankwise::to_rank(std::size_t{1}));
  time.run(time.now() + std::chrono::seconds(60), [&] { return job.has_ended(); });
  CHECK(sum == task::n_items * (task::n_items - 1) / 2);
  CHECK(task::n_runs >= task::n_items);
  CHECK(task::n_runs <= task::n_items + 25);
}

TEST_CASE("schedules that went wrong once") {
  // Ranks that sent so much through channels that they sent no heartbeats.
  constexpr std::array<std::uint64_t, 5> busy_in_pipelines{26798, 37257, 38181, 93424, 112599};
  // Ranks that were asked twice for what stays on them, and closed the channel of the second.
  constexpr std::array<std::uint64_t, 2> asked_twice{106656, 110701};
  // Ranks that were at the end of the job in a task that nobody wanted.
  constexpr std::array<std::uint64_t, 3> in_task_at_end{46822, 51973, 56317};
  for (const auto& seeds : {std::span<const std::uint64_t>(busy_in_pipelines),
                            std::span<const std::uint64_t>(asked_twice),
                            std::span<const std::uint64_t>(in_task_at_end)}) {
    for (const std::uint64_t seed : seeds) {
      const schedule_plan plan = planner(seed).plan();
      INFO(seed << ": " << describe(plan));
      CHECK(run(plan).wrong == std::vector<std::string>{});
    }
  }
}

TEST_CASE("random schedules of whole jobs") {
  const bool is_one = std::getenv("RANKWISE_TEST_SEED") != nullptr;
  const std::uint64_t first = number_from(is_one ? "RANKWISE_TEST_SEED" : "RANKWISE_TEST_FIRST", 1);
  const std::uint64_t count = is_one ? 1 : number_from("RANKWISE_TEST_SCHEDULES", 20'000);
  constexpr int enough = 10;  // of what is wrong
  int n_wrong = 0;
  schedule_report all;
  std::uint64_t n_resumed = 0;
  for (std::uint64_t seed = first; seed < first + count && n_wrong < enough; ++seed) {
    const schedule_plan plan = plan_of(seed);
    const schedule_report one = run(plan);
    all.n_losses += one.n_losses;
    all.n_returns += one.n_returns;
    all.n_failed_calls += one.n_failed_calls;
    all.n_events += one.n_events;
    n_resumed += one.has_resumed ? 1 : 0;
    if (is_one) std::printf("%s\n", describe(plan).c_str());
    if (one.wrong.empty()) continue;
    ++n_wrong;
    INFO("RANKWISE_TEST_SEED=" << seed << ": " << describe(plan));
    for (const std::string& what : one.wrong) CHECK(what == "");
  }
  std::printf("%lu losses, %lu calls that returned, %lu that failed, %lu resumed, %lu events\n",
              all.n_losses,
              all.n_returns,
              all.n_failed_calls,
              n_resumed,
              all.n_events);
  // The faults must have had their effect, or nothing was proved.
  if (is_one || n_wrong != 0) return;
  CHECK(all.n_losses > count / 3);
  CHECK(all.n_returns > count);
  CHECK(all.n_failed_calls > count / 10);
  CHECK(n_resumed > count / 20);
}
