// SPDX-License-Identifier: MIT
#include <rankwise/observe/summary.hpp>

#include "catch.hpp"

#include <string>

using rankwise::job_statistics;
namespace observe = rankwise::observe;

namespace {

// 40 rank-seconds: 33 in tasks, 1 before the first, 4 after the last, 2 between.
job_statistics job_of_four() {
  job_statistics job;
  job.items_done = 1000;
  job.items_total = 1000;
  job.failures = 2;
  job.elapsed_s = 10;
  job.rank_s = 40;
  job.task_s = 33;
  job.ranks = 4;
  job.start_idle_s = 1;
  job.tail_idle_s = 4;
  job.messages = 321;
  job.calls = 2;
  return job;
}

}  // namespace

TEST_CASE("efficiency, rate and idle time follow from the sums") {
  const job_statistics job = job_of_four();
  CHECK(observe::efficiency(job) == Approx(0.825));
  CHECK(observe::rate(job) == Approx(100));
  CHECK(observe::idle(job).start_s == Approx(1));
  CHECK(observe::idle(job).tail_s == Approx(4));
  CHECK(observe::idle(job).between_s == Approx(2));

  job_statistics first_on_one = job;  // 10 s on one rank by intention, then 10 s on all four
  first_on_one.elapsed_s += 10;
  first_on_one.rank_s += 10;
  first_on_one.task_s += 10;
  CHECK(observe::efficiency(first_on_one) == Approx(0.86));
  CHECK(observe::idle(first_on_one).between_s == Approx(2));

  const job_statistics none;
  CHECK(observe::efficiency(none) == 0);
  CHECK(observe::rate(none) == 0);
  CHECK(observe::idle(none).between_s == 0);

  // Clocks of several ranks never agree to the last digit.
  job_statistics rounded = job;
  rounded.task_s = 40.001;
  CHECK(observe::efficiency(rounded) == 1);
  CHECK(observe::idle(rounded).tail_s == 0);
}

TEST_CASE("the threads of tasks stand in the summary if somebody has said how many") {
  const job_statistics job = job_of_four();
  CHECK_THAT(observe::summary_text(job), Catch::Matchers::ContainsSubstring("on 4 ranks: "));
  CHECK_THAT(observe::summary_text(job, 2),
             Catch::Matchers::ContainsSubstring("on 4 ranks of 2 threads: "));
  CHECK_THAT(observe::summary_text(job, 1), Catch::Matchers::ContainsSubstring(" of 1 thread: "));
  CHECK_THAT(observe::summary_json(job), !Catch::Matchers::ContainsSubstring("threads"));
  CHECK_THAT(observe::summary_json(job, 2),
             Catch::Matchers::ContainsSubstring(R"("messages":321,"threads":2)"));
}

TEST_CASE("what held a job back is named, the worst first") {
  job_statistics job = job_of_four();
  CHECK(observe::held_back(job) ==
        "idle ranks, 17.5 % of the time: 10.0 % after their last task, 5.0 % between chunks, 2.5 % "
        "before their first task");
  job.start_idle_s = 7;
  job.tail_idle_s = 0;
  CHECK(observe::held_back(job) ==
        "idle ranks, 17.5 % of the time: 17.5 % before their first task");
  job.task_s = 39.6;
  CHECK(observe::held_back(job) == "nothing: ranks were idle 1.0 % of the time");
  CHECK(observe::held_back({}) == "nothing: no time was spent");
}

TEST_CASE("the summary says items, time, rate, efficiency and what held the job back") {
  CHECK(observe::summary_text(job_of_four()) ==
        "1000 items in 10 s on 4 ranks: 100/s, efficiency 82.5 %, 2 failed\n"
        "held back by idle ranks, 17.5 % of the time: 10.0 % after their last task, 5.0 % between "
        "chunks, 2.5 % before their first task\n");
  job_statistics resumed = job_of_four();
  resumed.items_held = 400;
  CHECK_THAT(observe::summary_text(resumed),
             Catch::StartsWith("1000 items (400 from the journal) in 10 s on 4 ranks: 60/s, "));
  CHECK_THAT(observe::summary_json(resumed), Catch::Contains(R"("items_held":400)"));
  job_statistics cut = job_of_four();
  cut.items_done = 1;
  cut.ranks = 1;
  cut.rank_s = 10;
  cut.task_s = 10;
  CHECK(observe::summary_text(cut) ==
        "1 of 1000 items in 10 s on 1 rank: 0.1/s, efficiency 100.0 %, 2 failed\nheld back by "
        "nothing: ranks were idle 0.0 % of the time\n");
  CHECK(observe::summary_text({}) ==
        "0 items in 0 s on 0 ranks: 0/s, efficiency 0.0 %, 0 failed\nheld back by nothing: no time "
        "was spent\n");
}

TEST_CASE("the summary as a JSON line") {
  CHECK(
      observe::summary_json(job_of_four()) ==
      R"({"summary":{"items":1000,"items_total":1000,"failures":2,"calls":2,"ranks":4,"elapsed_s":10.000000,)"
      R"("task_s":33.000000,"rate":100.000,"efficiency":0.8250,"idle_start_s":1.000000,"idle_tail_s":4.000000,)"
      R"("idle_between_s":2.000000,"messages":321}})"
      "\n");
}

TEST_CASE("times read as people say them") {
  CHECK(observe::time_text(0) == "0 s");
  CHECK(observe::time_text(-1) == "0 s");
  CHECK(observe::time_text(0.00025) == "0.25 ms");
  CHECK(observe::time_text(0.012) == "12 ms");
  CHECK(observe::time_text(0.9996) == "1.0 s");
  CHECK(observe::time_text(9.74) == "9.7 s");
  CHECK(observe::time_text(9.96) == "10 s");
  CHECK(observe::time_text(59.6) == "1 min 00 s");
  CHECK(observe::time_text(185) == "3 min 05 s");
  CHECK(observe::time_text(3599.6) == "1 h 00 min");
  CHECK(observe::time_text(7500) == "2 h 05 min");
  CHECK(observe::time_text(1e6) == "277 h 47 min");
  CHECK(observe::time_text(1e300) == "277777777777 h 47 min");
}

TEST_CASE("amounts have three digits") {
  CHECK(observe::amount_text(0) == "0");
  CHECK(observe::amount_text(0.25) == "0.25");
  CHECK(observe::amount_text(9.876) == "9.88");
  CHECK(observe::amount_text(20) == "20");
  CHECK(observe::amount_text(103.4) == "103");
  CHECK(observe::amount_text(999.6) == "1.00 k");
  CHECK(observe::amount_text(12345) == "12.3 k");
  CHECK(observe::amount_text(4.56e6) == "4.56 M");
  CHECK(observe::amount_text(2e17) == "200000 T");
}

TEST_CASE("percentages are 100 only where all is done") {
  CHECK(observe::percent_text(0.41249) == "41.2 %");
  CHECK(observe::percent_text(0.99999) == "99.9 %");
  CHECK(observe::percent_text(1) == "100.0 %");
  CHECK(observe::percent_text(0.29) == "29.0 %");
}

TEST_CASE("the summary says what map_reduce did, where it did something") {
  rankwise::job_statistics job;
  CHECK(rankwise::observe::map_reduce_text(job.map_reduce).empty());
  job.map_reduce.n_emitted = 1'000;
  job.map_reduce.bytes_shuffled = 999;
  job.map_reduce.bytes_spilled = 9'960'000;
  job.map_reduce.most_memory_bytes = 128'000'000;
  job.map_reduce.merge_s = 0.25;
  CHECK(rankwise::observe::map_reduce_text(job.map_reduce) ==
        "map_reduce: 1000 values emitted, 999 B shuffled, 10.0 MB spilled, 128 MB of memory at "
        "most on a rank, merged in 250 ms\n");
  CHECK(rankwise::observe::map_reduce_fields(job.map_reduce) ==
        R"(,"emitted":1000,"bytes_shuffled":999,"bytes_spilled":9960000,)"
        R"("most_memory_bytes":128000000,"bytes_streamed":0,"merge_s":0.250000)");
  rankwise::map_reduce_statistics streamed;
  streamed.bytes_streamed = 1'234'567;
  streamed.streamed_to = "rank 1 on pi002 (3 of 3 files)";
  job.map_reduce += streamed;
  CHECK(rankwise::observe::map_reduce_text(job.map_reduce)
            .ends_with(
                "\nstreamed from rank 0: 1.2 MB of files, to rank 1 on pi002 (3 of 3 files)\n"));
}
