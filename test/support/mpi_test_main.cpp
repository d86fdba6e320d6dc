// SPDX-License-Identifier: MIT
// The one runner of all MPI tests. All ranks run the same cases in the same order; each case has a
// deadline inside every rank; its verdict is gathered from all ranks, over a communicator that the
// code under test can't see.
#define CATCH_CONFIG_EXTERNAL_INTERFACES
#include "catch.hpp"
#include "catch_session.hpp"

#include <mpi.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

namespace {

using std::chrono::steady_clock;

constexpr auto default_deadline = std::chrono::seconds(20);
constexpr auto poll_interval = std::chrono::milliseconds(100);
constexpr auto time_for_other_ranks_to_report = std::chrono::milliseconds(500);
constexpr int status_of_a_hang = 124;
constexpr int status_of_an_orphan = 125;

std::chrono::seconds deadline_from_environment() {
  const char* text = std::getenv("RANKWISE_TEST_CASE_TIMEOUT_S");
  return text == nullptr ? default_deadline
                         : std::chrono::seconds(std::max(1L, std::strtol(text, nullptr, 10)));
}

/// Ends the process, and says where it stood, when a step lasts too long or the launcher has gone.
class watchdog {
 public:
  explicit watchdog(std::string who) : who_(std::move(who)), thread_([this] { watch(); }) {}

  watchdog(const watchdog&) = delete;
  watchdog(watchdog&&) = delete;
  watchdog& operator=(const watchdog&) = delete;
  watchdog& operator=(watchdog&&) = delete;

  ~watchdog() {
    {
      const std::lock_guard lock(mutex_);
      is_done_ = true;
    }
    done_.notify_one();
    thread_.join();
  }

  /// The next step begins now, with a deadline of its own.
  void enter(std::string step) {
    const std::lock_guard lock(mutex_);
    step_ = std::move(step);
    deadline_ = steady_clock::now() + allowed_;
  }

 private:
  void watch() {
    std::unique_lock lock(mutex_);
    while (!done_.wait_for(lock, poll_interval, [this] { return is_done_; })) {
      if (steady_clock::now() > deadline_) give_up("TIMEOUT (deadlock?)", status_of_a_hang);
      if (getppid() != launcher_) give_up("the launcher is gone", status_of_an_orphan);
    }
  }

  // No MPI call here: what MPI is waiting for may never come.
  [[noreturn]] void give_up(const char* why, int status) const {
    std::fprintf(stderr, "[%s] %s in %s\n", who_.c_str(), why, step_.c_str());
    std::fflush(stderr);
    std::this_thread::sleep_for(time_for_other_ranks_to_report);
    _exit(status);
  }

  const std::string who_;
  const pid_t launcher_ = getppid();
  const std::chrono::seconds allowed_ = deadline_from_environment();
  std::mutex mutex_;
  std::condition_variable done_;
  std::string step_ = "the runner's start";
  steady_clock::time_point deadline_ = steady_clock::now() + allowed_;
  bool is_done_ = false;
  std::thread thread_;
};

/// This process among the ranks of the test.
class test_world {
 public:
  test_world() {
    MPI_Comm_dup(MPI_COMM_WORLD, &communicator_);
    MPI_Comm_rank(communicator_, &rank_);
    MPI_Comm_size(communicator_, &size_);
    watchdog_ = std::make_unique<watchdog>(name());
  }

  /// Collective over all ranks, and the last call.
  void finish() {
    enter("MPI_Finalize");
    MPI_Comm_free(&communicator_);
    MPI_Finalize();
    watchdog_.reset();
  }

  int size() const { return size_; }

  bool is_root() const { return rank_ == 0; }

  std::string name() const { return "rank " + std::to_string(rank_) + "/" + std::to_string(size_); }

  void enter(std::string step) { watchdog_->enter(std::move(step)); }

  /// Collective over all ranks: those whose `has_failed` is true. Sleeps while it waits, so that a
  /// rank that is still at work on the same core is not slowed.
  std::vector<int> failed_ranks(bool has_failed) const {
    const int mine = has_failed ? 1 : 0;
    std::vector<int> all(static_cast<std::size_t>(size_));
    MPI_Request request = MPI_REQUEST_NULL;
    MPI_Iallgather(&mine, 1, MPI_INT, all.data(), 1, MPI_INT, communicator_, &request);
    int is_complete = 0;
    while (MPI_Test(&request, &is_complete, MPI_STATUS_IGNORE), is_complete == 0) {
      std::this_thread::sleep_for(std::chrono::microseconds(500));
    }
    MPI_Wait(&request, MPI_STATUS_IGNORE);
    std::vector<int> failed;
    for (int rank = 0; rank < size_; ++rank) {
      if (all[static_cast<std::size_t>(rank)] != 0) failed.push_back(rank);
    }
    return failed;
  }

 private:
  MPI_Comm communicator_ = MPI_COMM_NULL;
  int rank_ = 0;
  int size_ = 1;
  std::unique_ptr<watchdog> watchdog_;
};

// Catch makes the listener itself, so the world and the tally are found, not handed over.
test_world& world() {
  static test_world the_world;
  return the_world;
}

struct tally {
  int cases = 0;
  int failed = 0;
};

tally& results() {
  static tally the_tally;
  return the_tally;
}

class rank_listener : public rankwise::test::listener {
 public:
  using rankwise::test::listener::listener;

  void testCaseStarting(const Catch::TestCaseInfo& info) override {
    case_name_ = info.name;
    world().enter("test case '" + case_name_ + "'");
  }

  rankwise::test::assertion_ended_result assertionEnded(
      const Catch::AssertionStats& stats) override {
    const Catch::AssertionResult& result = stats.assertionResult;
    if (!result.isOk()) {
      std::string text = result.hasExpression() ? result.getExpressionInMacro() : std::string();
      if (result.hasExpandedExpression()) text += "  (" + result.getExpandedExpression() + ")";
      if (result.hasMessage())
        text += "  " + std::string(result.getMessage().data(), result.getMessage().size());
      for (const Catch::MessageInfo& note : stats.infoMessages)
        text += "\n    with: " + note.message;
      std::fprintf(stderr,
                   "[%s] FAIL %s:%zu: %s\n",
                   world().name().c_str(),
                   result.getSourceInfo().file,
                   result.getSourceInfo().line,
                   text.c_str());
      std::fflush(stderr);
    }
    return rankwise::test::assertion_ended_result();
  }

  void testCaseEnded(const Catch::TestCaseStats& stats) override {
    world().enter("wait for the other ranks at the end of test case '" + case_name_ + "'");
    const auto failed = world().failed_ranks(stats.totals.assertions.failed != 0);
    ++results().cases;
    if (!failed.empty()) ++results().failed;
    if (world().is_root()) {
      std::string verdict = (failed.empty() ? "ok    " : "FAIL  ") + case_name_;
      for (const int rank : failed)
        verdict += (rank == failed.front() ? "  on ranks " : ",") + std::to_string(rank);
      std::printf("%s\n", verdict.c_str());
      std::fflush(stdout);
    }
    world().enter("step between test cases");
  }

 private:
  std::string case_name_;
};

CATCH_REGISTER_LISTENER(rank_listener)

/// The status of the whole run, the same on all ranks. A run without a case has tested nothing, and
/// fails.
int run_all_cases(int argc, char** argv) {
  const auto [status, seed] =
      rankwise::test::run_session(argc, argv, [](Catch::ConfigData& config) {
        // The same order on all ranks, and one report: the listener's.
        rankwise::test::run_in_declaration_order(config, "/dev/null");
        config.rngSeed = 1;
      });
  const bool is_good = status == 0 && results().cases > 0;
  const bool all_good = world().failed_ranks(!is_good).empty();
  if (world().is_root()) {
    std::printf("%d case(s) on %d rank(s), seed %u: %d failed\n",
                results().cases,
                world().size(),
                static_cast<unsigned>(seed),
                results().failed);
  }
  return all_good ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  int provided = MPI_THREAD_SINGLE;
  // What rankwise::run asks for where it initialises MPI itself.
  MPI_Init_thread(&argc, &argv, MPI_THREAD_SERIALIZED, &provided);
  if (provided < MPI_THREAD_SERIALIZED) {
    std::fprintf(
        stderr, "this MPI gives thread level %d; the tests need MPI_THREAD_SERIALIZED\n", provided);
    MPI_Abort(MPI_COMM_WORLD, 1);
  }
  world().enter("start of the first test case");
  const int status = run_all_cases(argc, argv);
  world().finish();
  return status;
}
