// SPDX-License-Identifier: MIT
#include <rankwise/observe/background_writer.hpp>
#include <rankwise/observe/console.hpp>
#include <rankwise/observe/progress.hpp>
#include <rankwise/process/write_now.hpp>

#include "catch.hpp"

#include <array>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <fcntl.h>
#include <optional>
#include <string>
#include <string_view>
#include <unistd.h>
#include <vector>

using namespace std::chrono_literals;
using rankwise::job_statistics;
using rankwise::progress_mode;
namespace observe = rankwise::observe;

namespace {

// What a job shows, write by write.
class screen {
 public:
  explicit screen(progress_mode mode, std::size_t columns = 80)
      : shown_(mode, columns, [this](std::string_view text) { writes.emplace_back(text); }) {}

  // `job` at second `at_s` of the job; its clock began some time before.
  void update(double at_s, job_statistics job) {
    job.elapsed_s = at_s;
    shown_.update(job,
                  1h + std::chrono::duration_cast<rankwise::core::duration>(
                           std::chrono::duration<double>(at_s)));
  }

  // A steady job from `from_s` to `to_s`, looked at every 10 ms.
  void run(double from_s, double to_s, double items_per_second, job_statistics job) {
    const auto n_looks = std::lround((to_s - from_s) * 100);
    for (long look = 0; look < n_looks; ++look) {
      const double at_s = from_s + static_cast<double>(look) / 100;
      job_statistics now = job;
      now.items_done += static_cast<std::uint64_t>((at_s - from_s) * items_per_second + 1e-6);
      update(at_s, now);
    }
  }

  void end_call(const job_statistics& job) { shown_.end_call(job); }

  std::vector<std::string> writes;

 private:
  observe::progress shown_;
};

job_statistics job_of(std::uint64_t n_items) {
  job_statistics job;
  job.items_total = n_items;
  job.ranks = 4;
  job.ranks_at_work = 4;
  return job;
}

}  // namespace

TEST_CASE("plain lines come after 2 s and then ever more seldom, the last one exact") {
  screen shown(progress_mode::plain);
  shown.run(0, 180, 10, job_of(2000));
  job_statistics done = job_of(2000);
  done.items_done = 2000;
  done.elapsed_s = 200;
  done.failures = 2;
  shown.end_call(done);
  const std::vector<std::string> expected{
      "20/2000 items  1.0 %  10/s  ETA 3 min 18 s  4/4 ranks  0 failed\n",     // 2 s
      "70/2000 items  3.5 %  9.99/s  ETA 3 min 13 s  4/4 ranks  0 failed\n",   // 7 s
      "170/2000 items  8.5 %  9.96/s  ETA 3 min 04 s  4/4 ranks  0 failed\n",  // 17 s
      "471/2000 items  23.5 %  10/s  ETA 2 min 33 s  4/4 ranks  0 failed\n",   // 47 s
      "1071/2000 items  53.5 %  10/s  ETA 1 min 33 s  4/4 ranks  0 failed\n",  // 107 s
      "1671/2000 items  83.5 %  10/s  ETA 33 s  4/4 ranks  0 failed\n",        // 167 s
      "2000/2000 items  100.0 %  10/s  in 3 min 20 s  4 ranks  2 failed\n"};
  CHECK(shown.writes == expected);
}

TEST_CASE("a line on a terminal is written over, at most ten times a second, and ended") {
  screen shown(progress_mode::line);
  shown.run(0, 1.05, 100, job_of(1000));
  REQUIRE(shown.writes.size() == 8);  // 0.3 s to 1.0 s
  CHECK(shown.writes.front() ==
        "\r[>         ] 30/1000 items  3.0 %  100/s  ETA 9.7 s  4/4 ranks  0 failed");
  CHECK(shown.writes.back() ==
        "\r[=>        ] 100/1000 items  10.0 %  100/s  ETA 9.0 s  4/4 ranks  0 failed");
  job_statistics done = job_of(1000);
  done.items_done = 1000;
  done.elapsed_s = 9.7;
  shown.end_call(done);
  REQUIRE(shown.writes.size() == 10);
  CHECK(shown.writes[8] ==
        "\r[==========] 1000/1000 items  100.0 %  103/s  in 9.7 s  4 ranks  0 failed ");
  CHECK(shown.writes[9] == "\n");
}

TEST_CASE("a line is cut to the terminal, and covers what was there") {
  screen shown(progress_mode::line, 30);
  shown.run(0, 0.35, 100, job_of(1000));
  CHECK(shown.writes == std::vector<std::string>{"\r30/1000 items  3.0 %  100/s  "});
  CHECK(shown.writes[0].size() == 1 + 29);

  screen wide(progress_mode::line, 200);
  job_statistics job = job_of(1000);
  job.items_done = 500;
  wide.update(0, job);
  wide.update(0.3, job);
  job.ranks_at_work = 0;
  wide.update(0.5, job);
  CHECK(wide.writes.front() ==
        "\r[===============>              ] 500/1000 items  50.0 %  1.67 k/s  ETA 300 ms  4/4 "
        "ranks  0 failed");
  CHECK(wide.writes.back() ==
        "\r[===============>              ] 500/1000 items  50.0 %  1.00 k/s  ETA 500 ms  0/4 "
        "ranks  0 failed");

  screen shrinking(progress_mode::line, 30);
  shrinking.update(0, job_of(7));
  shrinking.update(0.3, job_of(7));
  CHECK(shrinking.writes.back() == "\r0/7 items  0.0 %  4/4 ranks  ");
  job_statistics end;
  shrinking.end_call(end);
  CHECK(shrinking.writes[1] == "\r0/0 items  100.0 %  0/s  in 0");
}

TEST_CASE("short calls and the mode none show nothing") {
  screen plain(progress_mode::plain);
  plain.run(0, 1.9, 10, job_of(19));
  plain.end_call(job_of(19));
  CHECK(plain.writes.empty());

  screen line(progress_mode::line);
  line.run(0, 0.25, 10, job_of(19));
  line.end_call(job_of(19));
  CHECK(line.writes.empty());

  screen none(progress_mode::none);
  none.run(0, 100, 10, job_of(2000));
  none.end_call(job_of(2000));
  CHECK(none.writes.empty());
}

TEST_CASE("each call of a job counts from nothing") {
  screen shown(progress_mode::plain);
  job_statistics first = job_of(1000);
  first.items_done = 1000;
  first.failures = 3;
  first.elapsed_s = 1;
  shown.update(0, job_of(1000));
  shown.end_call(first);

  job_statistics second = first;
  second.items_total = 3000;
  shown.run(1, 3.05, 100, second);
  CHECK(shown.writes ==
        std::vector<std::string>{"200/2000 items  10.0 %  100/s  ETA 18 s  4/4 ranks  0 failed\n"});
}

TEST_CASE("the rate is a recent one") {
  observe::recent_rate rate;
  CHECK(rate.per_second() == 0);
  for (int tenth = 0; tenth <= 300; ++tenth)
    rate.add(tenth / 10.0, static_cast<std::uint64_t>(tenth));  // 10/s for 30 s
  CHECK(rate.per_second() == Approx(10).epsilon(0.03));
  for (int tenth = 1; tenth <= 150; ++tenth) {
    rate.add(30 + tenth / 10.0, 300 + static_cast<std::uint64_t>(tenth) * 10);  // then 100/s
  }
  CHECK(rate.per_second() == Approx(100).epsilon(0.03));

  // Ten seconds in which nothing ends do not mean that nothing will.
  observe::recent_rate slow;
  for (int minute = 0; minute <= 30; ++minute) {
    for (int second = 0; second < 60; ++second)
      slow.add(minute * 60.0 + second, static_cast<std::uint64_t>(minute));
  }
  CHECK(slow.per_second() * 60 == Approx(1).epsilon(0.06));
}

TEST_CASE("auto means a line on a terminal and plain lines elsewhere") {
  STATIC_REQUIRE(observe::resolve(progress_mode::automatic, true) == progress_mode::line);
  STATIC_REQUIRE(observe::resolve(progress_mode::automatic, false) == progress_mode::plain);
  STATIC_REQUIRE(observe::resolve(progress_mode::none, true) == progress_mode::none);
  STATIC_REQUIRE(observe::resolve(progress_mode::line, false) == progress_mode::line);
}

namespace {

// A pipe that is full; while it lives it takes the place of stderr.
class full_pipe {
 public:
  full_pipe() {
    REQUIRE(::pipe2(ends_.data(), O_NONBLOCK) == 0);
    const std::string block(4096, '.');
    while (::write(ends_[1], block.data(), block.size()) > 0) ++n_blocks_;
    ::fcntl(ends_[1], F_SETFL, 0);
    before_ = ::dup(STDERR_FILENO);
    ::dup2(ends_[1], STDERR_FILENO);
  }

  full_pipe(const full_pipe&) = delete;
  full_pipe& operator=(const full_pipe&) = delete;
  full_pipe(full_pipe&&) = delete;
  full_pipe& operator=(full_pipe&&) = delete;

  ~full_pipe() {
    for (const int end : {ends_[0], ends_[1], before_}) ::close(end);
  }

  // What was written since it was full, until somebody writes `last`.
  std::string read_until(std::string_view last) {
    ::fcntl(ends_[0], F_SETFL, 0);
    std::string all;
    std::array<char, 4096> some{};
    while (!all.ends_with(last)) {
      const ssize_t n = ::read(ends_[0], some.data(), some.size());
      REQUIRE(n > 0);
      all.append(some.data(), static_cast<std::size_t>(n));
    }
    ::dup2(before_, STDERR_FILENO);
    return all.substr(n_blocks_ * 4096);
  }

 private:
  std::array<int, 2> ends_{};
  int before_ = -1;
  std::size_t n_blocks_ = 0;
};

}  // namespace

TEST_CASE("nobody waits for a stderr that is not read; notices are kept, passing lines are not") {
  full_pipe stderr_of_job;
  CHECK_FALSE(observe::write_now(STDERR_FILENO, "dropped"));
  rankwise::options how;
  how.progress = progress_mode::line;
  std::optional<observe::console> subject(how);
  job_statistics job;
  job.calls = 1;
  job.items_total = 100'000;
  for (std::uint64_t step = 0; step < 10'000; ++step) {
    job.items_done = step;
    job.elapsed_s = static_cast<double>(step) / 10;
    subject->update(job, std::chrono::milliseconds(100 * step));
    if (step % 1000 == 0) subject->notice("notice " + std::to_string(step));
  }
  subject->notice("the end");
  const std::string shown = stderr_of_job.read_until("rankwise: the end\n");
  subject.reset();
  std::size_t found = 0;
  for (int step = 0; step < 10'000; step += 1000) {
    found = shown.find("rankwise: notice " + std::to_string(step) + "\n", found);
    CHECK(found != std::string::npos);
  }
  CHECK(shown.size() < 16'384);
}

TEST_CASE("a writer has written all when it goes") {
  std::array<int, 2> ends{};
  REQUIRE(::pipe(ends.data()) == 0);
  std::string expected;
  {
    observe::background_writer subject(ends[1]);
    for (int i = 0; i < 100; ++i) {
      expected += std::to_string(i) + "\n";
      subject.write(std::to_string(i) + "\n");
    }
  }
  std::array<char, 4096> found{};
  const ssize_t n = ::read(ends[0], found.data(), found.size());
  CHECK(std::string(found.data(), static_cast<std::size_t>(n)) == expected);
  for (const int end : ends) ::close(end);
}
