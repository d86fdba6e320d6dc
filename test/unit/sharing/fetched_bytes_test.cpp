// SPDX-License-Identifier: MIT
#include <rankwise/exchange/channels.hpp>
#include <rankwise/sharing/fetched_bytes.hpp>
#include <rankwise/sharing/segment.hpp>
#include <rankwise/sharing/share_wire.hpp>
#include <rankwise/task.hpp>
#include <rankwise/wire/buffer.hpp>

#include "catch.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <span>
#include <utility>
#include <vector>

using rankwise::rank_id;
using rankwise::root_rank;
using namespace rankwise::sharing;  // NOLINT: the test is all about it
namespace wire = rankwise::wire;
namespace exchange = rankwise::exchange;

namespace {

constexpr std::uint64_t number = 5;
constexpr std::size_t n_bytes = 8 * piece_bytes;

struct posted {
  rank_id to = root_rank;
  answer head;
};

/// The messages of one rank to others, which the test plays.
class played_channels final : public exchange::channels {
 public:
  std::deque<std::function<void()>> steps;             // one is done at each poll
  std::function<void(rank_id)> on_post = [](auto) {};  // is told to whom
  std::vector<posted> answers;                         // that were posted
  std::function<void()> on_end = [] {};                // no step is left

  std::uint32_t n_ranks() const override { return 4; }

  void post(rank_id to,
            std::uint64_t channel,
            std::uint64_t /*subject*/,
            wire::bytes content) override {
    if (channel != channel_of(number, rank_id{1})) return;  // a request
    wire::reader reader(std::span<const std::byte>(content).subspan(exchange::channel_headroom));
    answers.push_back({to, reader.take_value<answer>()});
    on_post(to);
  }

  void open(std::uint64_t channel, receiver take) override {
    receivers_[channel] = std::move(take);
  }

  void open_service(std::uint64_t channel, answerer take) override {
    answerers_[channel] = std::move(take);
  }

  void open_relay(std::uint64_t /*channel*/, relay /*take*/) override {}

  void close(std::uint64_t channel) override {
    receivers_.erase(channel);
    answerers_.erase(channel);
  }

  void send_posted() override {}

  bool poll() override {
    if (steps.empty()) {
      on_end();
      return false;
    }
    const auto step = std::move(steps.front());
    steps.pop_front();
    step();
    return true;
  }

  /// The root answers what rank 1 has asked it first.
  template <class... Rest>
  void root_says(const answer& head, const Rest&... rest) {
    exchange::channel_message message{root_rank, 1, {}, 0};
    wire::append_value(message.frame, head);
    (wire::append_value(message.frame, rest), ...);
    receivers_.at(channel_of(number, root_rank))(message);
  }

  /// What rank 1 answers rank 2 at once.
  answer_kind ask(const request& what) {
    exchange::channel_message message{rank_id{2}, 1, {}, 0};
    wire::append_value(message.frame, what);
    wire::bytes out;
    answerers_.at(channel_of(number, rank_id{1}))(message, out);
    return wire::reader(out).take_value<answer>().kind;
  }

 private:
  std::map<std::uint64_t, receiver> receivers_;
  std::map<std::uint64_t, answerer> answerers_;
};

request piece(std::uint64_t which) {
  return {request_kind::piece, 0, which};
}

}  // namespace

TEST_CASE("pieces that are asked for while earlier ones are being sent come behind them") {
  const segment memory(n_bytes, std::uint64_t{11});
  played_channels others;
  rankwise::engine::rank_context context;
  context.rank = rank_id{1};
  context.others = &others;
  fetched_bytes bytes(context, number, n_bytes, true);
  others.on_end = [&] { context.cancelled = true; };
  others.steps.emplace_back([&] {
    others.root_says({answer_kind::source, 0, source_is_near | others_are_near});
  });
  others.steps.emplace_back([&] {
    others.root_says({answer_kind::segment, 0, 0}, memory.place());
    for (std::uint64_t i = 0; i < 4; ++i) CHECK(others.ask(piece(i)) == answer_kind::waiting);
  });
  others.steps.emplace_back([&] { others.root_says({answer_kind::whole, 0, 11}); });
  std::uint64_t next = 4;
  others.on_post = [&](rank_id /*to*/) {
    if (next < 6) CHECK(others.ask(piece(next++)) == answer_kind::waiting);
  };
  CHECK(bytes.fetch());
  REQUIRE(others.answers.size() == 6);
  for (std::uint64_t i = 0; i < 6; ++i) {
    CHECK(others.answers[i].head.kind == answer_kind::piece);
    CHECK(others.answers[i].head.number == i);
  }
  CHECK(others.ask(piece(6)) == answer_kind::piece);
}

TEST_CASE("that a segment is whole says nothing of another one, nor of a rank's own copy") {
  const segment memory(n_bytes, std::uint64_t{11});
  for (const bool is_near : {false, true}) {
    played_channels others;
    rankwise::engine::rank_context context;
    context.rank = rank_id{1};
    context.others = &others;
    fetched_bytes bytes(context, number, n_bytes, true);
    others.on_end = [&] { context.cancelled = true; };
    const std::uint64_t flags = is_near ? source_is_near | others_are_near : none_near;
    others.steps.emplace_back([&] { others.root_says({answer_kind::source, 0, flags}); });
    if (is_near) {
      others.steps.emplace_back([&] {
        others.root_says({answer_kind::segment, 0, 0}, memory.place());
      });
    }
    others.steps.emplace_back([&] { others.root_says({answer_kind::whole, 0, 10}); });
    CHECK_FALSE(bytes.fetch());
  }
}
