// SPDX-License-Identifier: MIT
// What the root says of ranks that are lost or back, without MPI.
#include <rankwise/engine/rank/loss_settings.hpp>
#include <rankwise/engine/rank/rank_state.hpp>
#include <rankwise/engine/root/supervisor.hpp>
#include <rankwise/observe/watcher.hpp>
#include <rankwise/process/process_watch.hpp>
#include <rankwise/rank.hpp>
#include <rankwise/transport/machine.hpp>

#include "catch.hpp"
#include "recording_endpoint.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

using namespace std::chrono_literals;
namespace core = rankwise::core;
namespace engine = rankwise::engine;
using rankwise::to_rank;
using rankwise::test::sent_order;

namespace {

class notice_list final : public rankwise::observe::watcher {
 public:
  void update(const rankwise::job_statistics& /*job*/, core::duration /*at*/) override {}

  void notice(const std::string& text) override { all.push_back(text); }

  void call_over(const rankwise::job_statistics& /*job*/) override {}

  std::vector<std::string> all;
};

engine::loss_settings one_second() {
  engine::loss_settings losses;
  losses.timeout = 1s;
  return losses;
}

/// A job of four ranks, and its supervisor.
struct job {
  rankwise::test::recording_endpoint endpoint{4};
  engine::rank_state state{endpoint};
  notice_list notices;
  engine::supervisor subject{state, {"a", "b", "c", "d"}, one_second(), notices};

  std::vector<sent_order> sent() {
    state.links.send_all();
    return endpoint.take_sent();
  }
};

std::vector<std::uint32_t> lost_in(const sent_order& heartbeat) {
  REQUIRE(std::holds_alternative<core::orders::heartbeat>(heartbeat.order));
  std::vector<std::uint32_t> lost(heartbeat.payload.size() / sizeof(std::uint32_t));
  if (!lost.empty()) std::memcpy(lost.data(), heartbeat.payload.data(), heartbeat.payload.size());
  return lost;
}

}  // namespace

TEST_CASE("heartbeats go to all other ranks, four times in each timeout") {
  job here;
  std::size_t n_heartbeats = 0;
  for (core::duration at = 10s; at < 11s; at += 10ms) {
    here.subject.send_due_heartbeats(at);
    n_heartbeats += here.sent().size();
  }
  CHECK(n_heartbeats == 3 * 4);
}

TEST_CASE("a rank that is lost is told so first, then all others; each loss counts once") {
  job here;
  CHECK(here.subject.on_rank_lost({to_rank(2), 5}, "silent", 7U, 10s));
  const std::vector<sent_order> sent = here.sent();
  REQUIRE(sent.size() == 3);
  CHECK(sent[0].to == to_rank(2));
  CHECK(sent[0].incarnation == 7);
  CHECK(lost_in(sent[0]) == std::vector<std::uint32_t>{2});
  CHECK(sent[1].to == to_rank(1));
  CHECK(sent[1].incarnation == 0);
  CHECK(lost_in(sent[1]) == std::vector<std::uint32_t>{2});
  CHECK(sent[2].to == to_rank(3));
  CHECK(here.endpoint.expected_changes == std::vector<std::pair<int, bool>>{{2, false}});
  CHECK(here.notices.all ==
        std::vector<std::string>{"rank 2 on c is lost: silent; 5 items are run again"});
  CHECK(here.subject.ranks().losses().size() == 1);
  SECTION("again") {
    CHECK_FALSE(here.subject.on_rank_lost({to_rank(2), 5}, "silent", 8U, 11s));
    CHECK(here.sent().empty());
  }
  SECTION("it speaks again, and is back") {
    CHECK(here.subject.on_message(to_rank(2), false));
    CHECK(here.endpoint.expected_changes.back() == std::pair{2, true});
    CHECK(here.notices.all.back() == "rank 2 on c is back");
    const std::vector<sent_order> told = here.sent();
    REQUIRE(told.size() == 3);
    CHECK(told[1].to == to_rank(2));
    CHECK(told[1].incarnation == 7);
    CHECK(lost_in(told[1]).empty());
  }
}

TEST_CASE("a rank that has departed is heard no more, and no loss") {
  job here;
  CHECK(here.subject.on_message(to_rank(1), false));
  here.subject.on_departed(to_rank(1));
  CHECK_FALSE(here.subject.on_message(to_rank(1), false));
  CHECK_FALSE(here.subject.on_rank_lost({to_rank(1), 0}, "its process has ended", {}, 10s));
  CHECK(here.subject.ranks().others().size() == 2);
  CHECK(here.notices.all.empty());
}

TEST_CASE("what is under way to and from a process that has ended is let go of") {
  /// Process 2 has ended.
  class watch final : public engine::process_watch {
   public:
    std::vector<rankwise::rank_id> ended() override { return {to_rank(2)}; }
  };

  class machine final : public rankwise::transport::machine {
   public:
    std::unique_ptr<engine::process_watch> new_process_watch() override {
      return std::make_unique<watch>();
    }
  };

  machine with_watch;
  rankwise::test::recording_endpoint endpoint(4, with_watch);
  engine::rank_state state{endpoint};
  notice_list notices;
  engine::supervisor subject{state, {"a", "b", "c", "d"}, one_second(), notices};
  CHECK(subject.ended_processes() == std::vector{to_rank(2)});
  CHECK(endpoint.forgotten == std::vector{to_rank(2)});
}

TEST_CASE("once the job is over nobody is told of losses") {
  job here;
  here.subject.shut_down();
  for (const sent_order& said : here.sent())
    CHECK(std::holds_alternative<core::orders::shutdown>(said.order));
  CHECK_FALSE(here.subject.on_rank_lost({to_rank(2), 0}, "its process has ended", {}, 10s));
  CHECK(here.sent().empty());
  CHECK(here.notices.all.empty());
}
