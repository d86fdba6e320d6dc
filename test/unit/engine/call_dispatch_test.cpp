// SPDX-License-Identifier: MIT
// What the root sends to run a call, and what it makes of the answers, without MPI.
#include <rankwise/core/schedule_kind.hpp>
#include <rankwise/engine/call/root_call.hpp>
#include <rankwise/engine/rank/rank_state.hpp>
#include <rankwise/engine/root/call_dispatch.hpp>
#include <rankwise/engine/root/rank_table.hpp>
#include <rankwise/engine/root/running_call.hpp>

#include "catch.hpp"
#include "recording_endpoint.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

using namespace std::chrono_literals;
namespace core = rankwise::core;
namespace engine = rankwise::engine;
namespace wire = rankwise::wire;
namespace reports = rankwise::core::reports;
using rankwise::to_rank;
using rankwise::test::sent_order;

namespace {

/// Three items; `taken` has those whose results count.
class three_items final : public engine::root_call {
 public:
  std::uint64_t n_items() const override { return 3; }

  std::uint64_t name_hash() const override { return 1; }

  void encode_call(wire::bytes& /*out*/) const override {}

  void encode_inputs(core::item_range /*items*/, wire::bytes& /*out*/) const override {}

  void take(core::item_range items, std::span<const std::byte> /*results*/) override {
    taken.push_back(items.first);
  }

  void run(engine::chunk_scope& /*scope*/) override {}

  std::vector<std::uint64_t> taken;
};

/// A job of three ranks, whose root does not work, with a call under way.
struct job {
  explicit job(rankwise::engine::rank_table known = {{"a", "b", "c"}, 0ms})
      : ranks(std::move(known)) {
    core::coordinator_options asked;
    asked.n_items = 3;
    asked.n_ranks = 3;
    asked.first_worker = 1;
    asked.schedule = rankwise::schedule_kind::self;
    asked.chunk = 1;
    subject.begin(std::make_shared<engine::running_call>(call, "pool::map", asked, std::nullopt),
                  1ms);
  }

  std::vector<sent_order> poll(core::duration at) {
    subject.on_poll(at);
    state.links.send_all();
    return endpoint.take_sent();
  }

  engine::running_call& running() { return *subject.calls().front(); }

  rankwise::test::recording_endpoint endpoint{3};
  engine::rank_state state{endpoint};
  engine::rank_table ranks;
  engine::call_dispatch subject{state, ranks};
  three_items call;
};

core::orders::grant grant_in(const sent_order& sent) {
  return std::get<core::orders::grant>(sent.order);
}

reports::done done(const sent_order& sent, bool to_be_settled = false) {
  const core::orders::grant grant = grant_in(sent);
  return {grant.call, to_be_settled, grant.chunk, grant.items, 1ms};
}

reports::failed failed(const sent_order& sent) {
  const core::orders::grant grant = grant_in(sent);
  return {grant.call, grant.chunk, grant.items.first};
}

std::vector<sent_order> grants_in(const std::vector<sent_order>& sent) {
  std::vector<sent_order> grants;
  for (const sent_order& said : sent) {
    if (std::holds_alternative<core::orders::grant>(said.order)) grants.push_back(said);
  }
  return grants;
}

}  // namespace

TEST_CASE("a rank is told of a call before its first chunk, and once") {
  job here;
  const std::vector<sent_order> sent = here.poll(1ms);
  REQUIRE(sent.size() >= 4);
  CHECK(sent[0].to == to_rank(1));
  CHECK(std::holds_alternative<core::orders::begin_call>(sent[0].order));
  CHECK(std::holds_alternative<core::orders::grant>(sent[1].order));
  std::size_t n_calls = 0;
  for (const sent_order& said : sent)
    n_calls += std::holds_alternative<core::orders::begin_call>(said.order) ? 1 : 0;
  CHECK(n_calls == 2);
}

TEST_CASE("results count once, in the incarnation in which they were asked for") {
  job here;
  std::vector<sent_order> grants = grants_in(here.poll(1ms));
  const std::byte result{};
  while (!grants.empty()) {
    for (const sent_order& grant : grants) {
      here.subject.on_report(grant.to, 9, done(grant), std::span(&result, 1), 2ms);
      here.subject.on_report(grant.to, 0, done(grant), std::span(&result, 1), 2ms);
      here.subject.on_report(grant.to, 0, done(grant), std::span(&result, 1), 2ms);
    }
    grants = grants_in(here.poll(3ms));
  }
  CHECK(here.call.taken.size() == 3);
  CHECK(here.running().coordinator.done());
}

TEST_CASE("a result that its task is to be told of is settled, whether it counts or not") {
  job here;
  const sent_order grant = grants_in(here.poll(1ms)).front();
  const bool counts = GENERATE(true, false);
  here.subject.on_report(grant.to, counts ? 0 : 9, done(grant, true), {}, 2ms);
  here.state.links.send_all();
  const std::vector<sent_order> sent = here.endpoint.take_sent();
  REQUIRE(sent.size() == 1);
  CHECK(std::holds_alternative<core::orders::settle>(sent[0].order));
  CHECK(std::get<core::orders::settle>(sent[0].order).accepted == counts);
  CHECK(sent[0].to == grant.to);
}

TEST_CASE("the first failure cancels the call on every rank that works") {
  job here;
  const std::vector<sent_order> grants = grants_in(here.poll(1ms));
  here.subject.on_report(grants[0].to, 0, failed(grants[0]), {}, 2ms);
  std::size_t n_cancelled = 0;
  for (const sent_order& said : here.poll(3ms))
    n_cancelled += std::holds_alternative<core::orders::cancel>(said.order) ? 1 : 0;
  CHECK(n_cancelled >= 1);
  REQUIRE(here.running().failures.size() == 1);
  CHECK(here.running().failures[0].host == (grants[0].to == to_rank(1) ? "b" : "c"));
  CHECK(here.poll(4ms).empty());
}

TEST_CASE("a rank that was lost before the call gets nothing of it") {
  engine::rank_table known({"a", "b", "c"}, 0ms);
  known.on_rank_lost({to_rank(1), 0}, "silent", 0ms);
  job here(std::move(known));
  for (const sent_order& said : here.poll(1ms)) CHECK(said.to == to_rank(2));
}
