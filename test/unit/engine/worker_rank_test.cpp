// SPDX-License-Identifier: MIT
// A rank other than the root, with what the root says written out.
#include <rankwise/engine/rank/worker_rank.hpp>

#include "catch.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

namespace {

namespace core = rankwise::core;
namespace engine = rankwise::engine;
namespace exchange = rankwise::exchange;
namespace wire = rankwise::wire;
namespace orders = rankwise::core::orders;
namespace reports = rankwise::core::reports;
using rankwise::rank_id;

constexpr rank_id server_rank{1};

/// One end of a wire between two ranks; `wait` is called where nothing has come in.
class wire_end final : public rankwise::transport::endpoint {
 public:
  explicit wire_end(rank_id rank) : rank_(rank) {}

  rank_id rank() const override { return rank_; }

  std::uint32_t n_ranks() const override { return 4; }

  const std::string& host() const override { return host_; }

  bool may_change_threads() const override { return false; }

  void send(rank_id /*to*/, wire::bytes frame) override {
    other->frames.push_back(std::move(frame));
  }

  bool try_receive(rank_id& from, wire::bytes& frame) override {
    if (frames.empty() && wait) wait();
    if (frames.empty()) return false;
    from = other->rank_;
    frame = std::move(frames.front());
    frames.pop_front();
    return true;
  }

  bool all_sent() override { return true; }

  void expect(rank_id rank, bool expected) override {
    expected_changes.emplace_back(static_cast<int>(rank), expected);
  }

  std::vector<std::pair<int, bool>> expected_changes;
  wire_end* other = nullptr;
  std::deque<wire::bytes> frames;  // that have come in
  std::function<void()> wait;

 private:
  rank_id rank_;
  std::string host_ = "here";
};

std::vector<std::string>& told() {
  static std::vector<std::string> all;
  return all;
}

/// Called once, in the middle of telling a task that its result counts.
std::function<void()>& while_telling() {
  static std::function<void()> one;
  return one;
}

/// Each task asks to be told; `told` has what it was told, with the number of the run.
class told_call final : public engine::remote_call {
 public:
  static std::unique_ptr<engine::remote_call> make(std::span<const std::byte> /*members*/) {
    return std::make_unique<told_call>();
  }

  void run(engine::chunk_scope& scope, std::span<const std::byte> /*inputs*/) override {
    static int n_runs = 0;
    if (told().empty()) n_runs = 0;
    const core::item_range items = scope.items();
    for (std::uint64_t index = items.first; index != items.end(); ++index) {
      const std::string name = "run " + std::to_string(++n_runs);
      told().push_back(name);
      scope.context().settle.add(index, [name](bool accepted) {
        told().push_back(name + (accepted ? " counts" : " does not count"));
        if (const auto hook = std::exchange(while_telling(), {})) hook();
      });
      scope.open_results();
      scope.done(1);
    }
  }
};

/// A task that runs until the next call begins; `told` has the seeds that it sees before and after.
class random_call final : public engine::remote_call {
 public:
  static std::unique_ptr<engine::remote_call> make(std::span<const std::byte> /*members*/) {
    return std::make_unique<random_call>();
  }

  void run(engine::chunk_scope& scope, std::span<const std::byte> /*inputs*/) override {
    const std::uint64_t before = scope.context().seed;
    scope.open_results();
    scope.done(1);
    while (!scope.interrupted()) scope.checkpoint();
    told().push_back(std::to_string(before) + " " + std::to_string(scope.context().seed));
  }
};

/// What a server does where the root, hearing `done` for the nth time, says what stands in
/// `answers[n]`; then the job is over. Returns what the server said.
class scripted_root {
 public:
  struct sent_order {
    core::incarnation_number incarnation = 0;
    core::any_order order;
    std::vector<std::uint32_t> lost = {};  // ranks, with a heartbeat
  };

  struct heard_report {
    core::incarnation_number incarnation = 0;
    core::any_report report;
  };

  explicit scripted_root(std::vector<std::vector<sent_order>> answers,
                         std::uint64_t task = engine::registration<told_call>::name_hash())
      : answers_(std::move(answers)), task_(task) {
    end_.other = &server_end_;
    server_end_.other = &end_;
    server_end_.wait = [this] { go_on(); };
  }

  /// Which ranks the server takes for lost (false) or back, in that order.
  const std::vector<std::pair<int, bool>>& expected_changes() const {
    return server_end_.expected_changes;
  }

  std::vector<heard_report> serve() {
    told().clear();
    engine::worker_rank server(server_end_);
    server.serve();
    hear();
    return heard_;
  }

  void say(const sent_order& sent) {
    std::visit(
        [&](const auto& order) {
          wire::bytes& payload = outbox_.begin(sent.incarnation, order);
          if constexpr (requires(orders::begin_call begun) { begun = order; }) {
            wire::append_value(payload, std::uint32_t{0});  // other calls
            wire::append_value(payload, engine::call_header{task_, order.call, {}, {}});
          }
          wire::append(payload, sent.lost.data(), sent.lost.size() * sizeof(std::uint32_t));
          outbox_.end();
        },
        sent.order);
    outbox_.send();
  }

 private:
  void go_on() {
    hear();
    std::size_t n_done = 0;
    for (const heard_report& heard : heard_)
      n_done += std::holds_alternative<reports::done>(heard.report) ? 1 : 0;
    if (next_ < answers_.size() && n_done >= next_) {
      for (const sent_order& answer : answers_[next_]) say(answer);
      ++next_;
    } else if (next_ == answers_.size() && !std::exchange(is_over_, true)) {
      say({0, orders::shutdown{}});
    }
  }

  void hear() {
    rank_id from{};
    wire::bytes frame;
    while (end_.try_receive(from, frame)) {
      exchange::frame_reader reader(frame, n_frames_++);
      core::any_report report;
      std::span<const std::byte> payload;
      while (reader.next(report, payload)) heard_.push_back({reader.incarnation(), report});
    }
  }

  std::vector<std::vector<sent_order>> answers_;
  std::uint64_t task_;
  std::size_t next_ = 0;
  bool is_over_ = false;
  wire_end end_{rankwise::root_rank};
  wire_end server_end_{server_rank};
  exchange::outbox outbox_{end_, server_rank};
  std::uint32_t n_frames_ = 0;
  std::vector<heard_report> heard_;
};

orders::begin_call call(std::uint32_t number) {
  return {number};
}

orders::grant grant(std::uint32_t call, std::uint64_t chunk) {
  return {call, false, chunk, {8, 1}};
}

orders::settle settle(std::uint32_t call, std::uint64_t chunk, bool accepted) {
  return {call, accepted, chunk, {8, 1}};
}

std::vector<core::incarnation_number> incarnations_that_settled(
    const std::vector<scripted_root::heard_report>& all) {
  std::vector<core::incarnation_number> settled;
  for (const auto& heard : all) {
    CHECK_FALSE(std::holds_alternative<reports::unsettled>(heard.report));
    if (std::holds_alternative<reports::settled>(heard.report))
      settled.push_back(heard.incarnation);
  }
  return settled;
}

}  // namespace

TEST_CASE("a result that counts is told to its task") {
  scripted_root root({{{0, call(1)}, {0, grant(1, 1)}}, {{0, settle(1, 1, true)}}});
  CHECK(incarnations_that_settled(root.serve()) == std::vector<core::incarnation_number>{0});
  CHECK(told() == std::vector<std::string>{"run 1", "run 1 counts"});
}

TEST_CASE("what a rank had left before it was given up is not taken for what it does since") {
  // The item is handed to it again before the root has dropped the report of its life before.
  scripted_root root({{{0, call(1)}, {0, grant(1, 1)}},
                      {{1, grant(1, 2)}},
                      {{0, settle(1, 1, false)}, {1, settle(1, 2, true)}}});
  CHECK(incarnations_that_settled(root.serve()) == std::vector<core::incarnation_number>{1});
  CHECK(told() ==
        std::vector<std::string>{"run 1", "run 1 does not count", "run 2", "run 2 counts"});
}

TEST_CASE("what the root has taken back is not told as what counts") {
  // Both wait for a rank that was frozen: that its result counts, and that it was given up since.
  scripted_root root(
      {{{0, call(1)}, {0, grant(1, 1)}}, {{0, settle(1, 1, true)}, {1, orders::heartbeat{}}}});
  CHECK(incarnations_that_settled(root.serve()).empty());
  CHECK(told() == std::vector<std::string>{"run 1", "run 1 does not count"});
}

TEST_CASE("a rank that is given up while it tells a task tells no other one that it counts") {
  // It is frozen in the middle: the other order is here already, that it was given up comes then.
  scripted_root root({{{0, call(1)}, {0, grant(1, 1)}, {0, grant(1, 2)}},
                      {},
                      {{0, settle(1, 1, true)}, {0, settle(1, 2, true)}}});
  while_telling() = [&] {
    root.say({1, orders::heartbeat{}});
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  };
  CHECK(incarnations_that_settled(root.serve()).size() == 1);
  CHECK(told() ==
        std::vector<std::string>{"run 1", "run 2", "run 1 counts", "run 2 does not count"});
}

TEST_CASE("a rank that runs an item twice is told of each result by itself") {
  // It is handed the item once more, since another rank that had it as well was lost.
  scripted_root root({{{0, call(1)}, {0, grant(1, 1)}, {0, grant(1, 2)}},
                      {},
                      {{0, settle(1, 1, true)}, {0, settle(1, 2, false)}}});
  CHECK(incarnations_that_settled(root.serve()) == std::vector<core::incarnation_number>{0});
  CHECK(told() ==
        std::vector<std::string>{"run 1", "run 2", "run 1 counts", "run 2 does not count"});
}

TEST_CASE("what a call has left is not taken for an item of the next call") {
  // As the slower of two ranks, it reports when the call is over.
  scripted_root root({{{0, call(1)}, {0, grant(1, 1)}},
                      {{0, call(2)}, {0, grant(2, 1)}},
                      {{0, settle(1, 1, false)}, {0, settle(2, 1, true)}}});
  CHECK(incarnations_that_settled(root.serve()) == std::vector<core::incarnation_number>{0});
  CHECK(told() ==
        std::vector<std::string>{"run 1", "run 1 does not count", "run 2", "run 2 counts"});
}

TEST_CASE("the random numbers of a task that still runs are not those of the next call") {
  scripted_root root({{{0, call(1)}, {0, grant(1, 1)}}, {{0, call(2)}}},
                     engine::registration<random_call>::name_hash());
  root.serve();
  CHECK(told() == std::vector<std::string>{"1 1"});
}

TEST_CASE("a rank knows from the root who is lost, and who is back") {
  const orders::heartbeat alive;
  scripted_root root(
      {{{0, alive, {2, 3}}, {0, alive, {2, 3}}, {0, alive, {1, 3}}, {0, alive, {}}}});
  root.serve();
  CHECK(root.expected_changes() ==
        std::vector<std::pair<int, bool>>{{2, false}, {3, false}, {2, true}, {3, true}});
}

TEST_CASE("a rank that can't be lost is refused") {
  scripted_root root({{{0, orders::heartbeat{}, {4}}}});
  CHECK_THROWS_AS(root.serve(), engine::cannot_go_on);
}
