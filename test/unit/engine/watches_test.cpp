// SPDX-License-Identifier: MIT
// How a worker notices that its task takes too long, and that the root is lost.
#include <rankwise/engine/rank/loss_settings.hpp>
#include <rankwise/engine/rank/root_watch.hpp>
#include <rankwise/engine/rank/task_watch.hpp>
#include <rankwise/transport/machine.hpp>

#include "catch.hpp"

#include <chrono>
#include <optional>
#include <string>

using namespace std::chrono_literals;
using rankwise::core::duration;
using rankwise::engine::loss_settings;
using rankwise::engine::root_watch;
using rankwise::engine::running_task;
using rankwise::engine::task_watch;

namespace {

/// Polls every 10 ms from `from` to `to`; returns when the task was noticed.
std::optional<duration> noticed(task_watch& watch,
                                duration from,
                                duration to,
                                const std::optional<running_task>& task) {
  std::optional<duration> when;
  for (duration at = from; at <= to; at += 10ms) {
    if (watch.on_poll(at, task)) {
      CHECK_FALSE(when);
      when = at;
    }
  }
  return when;
}

}  // namespace

TEST_CASE("a task that takes longer than it may is noticed once") {
  task_watch watch;
  const running_task task{0ms, 200ms};
  CHECK(noticed(watch, 0ms, 1s, task) == 210ms);
  CHECK(watch.is_stuck(task));
  CHECK_FALSE(watch.is_stuck(std::nullopt));
  SECTION("the next task has a time of its own") {
    const running_task next{1s, 200ms};
    CHECK_FALSE(watch.is_stuck(next));
    CHECK(noticed(watch, 1s, 2s, next) == 1210ms);
  }
  SECTION("none runs") {
    CHECK_FALSE(noticed(watch, 1s, 2s, std::nullopt));
  }
}

TEST_CASE("a task without a limit may take as long as it likes") {
  task_watch watch;
  CHECK_FALSE(noticed(watch, 0ms, 5s, running_task{0ms, 0ms}));
}

TEST_CASE("the time in which a rank is suspended is no time of its task") {
  task_watch watch;
  const running_task task{0ms, 200ms};
  CHECK_FALSE(noticed(watch, 0ms, 100ms, task));
  CHECK_FALSE(noticed(watch, 10s, 10s, task));
  CHECK(noticed(watch, 10010ms, 11s, task) == 10060ms);
}

TEST_CASE("a root that is silent for longer than the timeout is lost") {
  loss_settings losses;
  losses.timeout = 1s;
  root_watch watch(losses, rankwise::transport::machine::here());
  std::string reason;
  duration at = 0ms;
  for (; at < 2s; at += 20ms) {
    watch.on_message(at);
    REQUIRE(watch.on_poll(at).empty());
  }
  for (; reason.empty() && at < 4s; at += 20ms) reason = watch.on_poll(at);
  CHECK(reason == "the root has been silent for 1 s");
  CHECK(at > 2900ms);
  CHECK(at < 3200ms);
}

TEST_CASE("while a worker is stopped itself, it hears no silence") {
  loss_settings losses;
  losses.timeout = 1s;
  root_watch watch(losses, rankwise::transport::machine::here());
  watch.on_message(0ms);
  CHECK(watch.on_poll(500ms).empty());
  CHECK(watch.on_poll(60s).empty());
}
