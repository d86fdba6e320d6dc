// SPDX-License-Identifier: MIT
// Messages go into frames and come out of them again.
#include <rankwise/core/message.hpp>
#include <rankwise/exchange/channels.hpp>
#include <rankwise/exchange/frame_layout.hpp>
#include <rankwise/exchange/frame_reader.hpp>
#include <rankwise/exchange/links.hpp>
#include <rankwise/exchange/outbox.hpp>
#include <rankwise/exchange/rank_objects.hpp>
#include <rankwise/rank.hpp>
#include <rankwise/transport/endpoint.hpp>
#include <rankwise/wire/buffer.hpp>
#include <rankwise/wire/frame.hpp>

#include "catch.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>
#include <vector>

using namespace std::chrono_literals;
namespace core = rankwise::core;
namespace exchange = rankwise::exchange;
namespace orders = rankwise::core::orders;
namespace reports = rankwise::core::reports;
namespace wire = rankwise::wire;

namespace {

/// Keeps the frames that are sent.
class frame_list final : public rankwise::transport::endpoint {
 public:
  rankwise::rank_id rank() const override { return rankwise::root_rank; }

  std::uint32_t n_ranks() const override { return 2; }

  const std::string& host() const override { return host_; }

  bool may_change_threads() const override { return true; }

  void send(rankwise::rank_id /*to*/, wire::bytes frame) override {
    if (is_broken) throw std::runtime_error("the network is broken");
    frames.push_back(std::move(frame));
  }

  bool try_receive(rankwise::rank_id& /*from*/, wire::bytes& /*frame*/) override { return false; }

  bool all_sent() override { return true; }

  std::vector<wire::bytes> frames;
  bool is_broken = false;

 private:
  std::string host_ = "here";
};

/// `headroom` bytes, then `n` bytes of content.
wire::bytes buffer_of(std::size_t headroom, std::size_t n) {
  wire::bytes buffer(headroom + n);
  std::fill(buffer.begin() + static_cast<std::ptrdiff_t>(headroom), buffer.end(), std::byte{7});
  return buffer;
}

bool is_content(std::span<const std::byte> bytes, std::size_t n) {
  return bytes.size() == n &&
         std::all_of(bytes.begin(), bytes.end(), [](std::byte one) { return one == std::byte{7}; });
}

}  // namespace

TEST_CASE("messages of a kind and an incarnation share a frame") {
  frame_list sent;
  exchange::outbox box(sent, rankwise::to_rank(1));
  box.add(0, orders::grant{1, true, 2, {3, 4}}, std::as_bytes(std::span("ab", 2)));
  box.add(0, orders::cancel{1});
  SECTION("and are read as they were written") {
    box.send();
    REQUIRE(sent.frames.size() == 1);
    exchange::frame_reader reader(sent.frames[0], 0);
    CHECK(reader.kind() == exchange::frame_kind::calls);
    core::any_order order;
    std::span<const std::byte> payload;
    REQUIRE(reader.next(order, payload));
    const auto& grant = std::get<orders::grant>(order);
    CHECK(grant.call == 1);
    CHECK(grant.again);
    CHECK(grant.chunk == 2);
    CHECK(grant.items == core::item_range{3, 4});
    CHECK(payload.size() == 2);
    REQUIRE(reader.next(order, payload));
    CHECK(std::get<orders::cancel>(order).call == 1);
    CHECK(payload.empty());
    CHECK_FALSE(reader.next(order, payload));
  }
  SECTION("another incarnation has another frame") {
    box.add(1, orders::cancel{1});
    box.send();
    CHECK(sent.frames.size() == 2);
  }
  SECTION("so have channel messages") {
    wire::bytes content = buffer_of(exchange::channel_headroom, 5);
    box.add_to_channel(8, 9, content);
    box.send();
    REQUIRE(sent.frames.size() == 2);
    exchange::frame_reader reader(sent.frames[1], 1);
    CHECK(reader.kind() == exchange::frame_kind::channels);
    exchange::channel_header header;
    std::span<const std::byte> read;
    REQUIRE(reader.next(header, read));
    CHECK(header.channel == 8);
    CHECK(header.subject == 9);
    CHECK(is_content(read, 5));
  }
}

TEST_CASE("a payload of any size arrives whole, behind a report of any size") {
  const std::size_t n = GENERATE(0U, 1U, 100U, 200'000U);
  frame_list sent;
  exchange::outbox box(sent, rankwise::to_rank(1));
  wire::bytes results = buffer_of(exchange::report_headroom, n);
  const std::byte* const place = results.data();
  box.add_buffer(0, reports::done{1, false, 2, {3, 4}, 5ms}, results);
  wire::bytes text = buffer_of(exchange::report_headroom, n);
  box.add_buffer(0, reports::unsettled{1, 6}, text);
  wire::bytes nothing;
  box.add_buffer(0, reports::settled{1, 7}, nothing);
  box.send();
  std::vector<core::any_report> all;
  std::uint32_t due = 0;
  for (const wire::bytes& frame : sent.frames) {
    exchange::frame_reader reader(frame, due++);
    core::any_report report;
    std::span<const std::byte> payload;
    while (reader.next(report, payload)) {
      CHECK(is_content(payload, std::holds_alternative<reports::settled>(report) ? 0 : n));
      all.push_back(report);
    }
  }
  REQUIRE(all.size() == 3);
  CHECK(std::get<reports::done>(all[0]).elapsed == 5ms);
  CHECK(std::get<reports::unsettled>(all[1]).item == 6);
  CHECK(std::get<reports::settled>(all[2]).item == 7);
  if (n > 100'000) CHECK(sent.frames[0].data() == place);  // not copied
}

TEST_CASE("what its sender may not send is refused") {
  frame_list sent;
  exchange::outbox box(sent, rankwise::to_rank(1));
  box.add(0, orders::shutdown{});
  box.send();
  exchange::frame_reader reader(sent.frames[0], 0);
  core::any_report report;
  std::span<const std::byte> payload;
  CHECK_THROWS_AS(reader.next(report, payload), wire::decode_error);
  SECTION("a frame of an unknown kind too") {
    wire::bytes frame = sent.frames[0];
    frame[offsetof(wire::frame_header, kind)] = std::byte{9};
    CHECK_THROWS_AS(exchange::frame_reader(frame, 0), wire::decode_error);
  }
}

TEST_CASE("messages of channels are none of calls") {
  frame_list sent;
  exchange::outbox box(sent, rankwise::rank_id{1});
  CHECK_FALSE(box.has_calls());
  wire::bytes content(exchange::channel_headroom);
  box.add_to_channel(1, 2, content);
  CHECK_FALSE(box.has_calls());
  box.add(0, reports::heartbeat{});
  CHECK(box.has_calls());
  box.send();
  CHECK_FALSE(box.has_calls());
}

TEST_CASE("an object of a rank goes before another is made under its number") {
  struct noted final : exchange::rank_object {
    noted(std::string name, std::string& story) : name_(std::move(name)), story_(&story) {
      *story_ += "+" + name_;
    }

    noted(const noted&) = delete;
    noted& operator=(const noted&) = delete;
    noted(noted&&) = delete;
    noted& operator=(noted&&) = delete;

    ~noted() override { *story_ += "-" + name_; }

    std::string name_;
    std::string* story_;
  };

  std::string story;
  exchange::rank_objects kept;
  kept.add(7, [&] { return std::make_unique<noted>("a", story); });
  kept.add(7, [&] { return std::make_unique<noted>("b", story); });
  CHECK(story == "+a-a+b");
}

TEST_CASE("what is queued is sent, also behind messages that wait") {
  frame_list sent;
  exchange::links links(sent);
  wire::bytes content = exchange::channels::new_message();
  links.outbox_to(rankwise::to_rank(1)).add(0, reports::heartbeat{});
  links.queue_to(rankwise::to_rank(1)).add_to_channel(1, 2, content);
  links.send_all();
  CHECK(sent.frames.size() == 2);
  CHECK(links.outbox_to(rankwise::to_rank(1)).n_messages() == 0);
}

TEST_CASE("an outbox whose frame could not be sent is empty") {
  frame_list network;
  exchange::outbox box(network, rankwise::rank_id{1});
  network.is_broken = true;
  box.add(0, reports::departed{});
  CHECK_THROWS_AS(box.send(), std::runtime_error);
  CHECK(box.n_messages() == 0);
  network.is_broken = false;
  box.send();
  CHECK(network.frames.empty());
  box.add(1, reports::departed{});
  box.send();
  CHECK(network.frames.size() == 1);
}
