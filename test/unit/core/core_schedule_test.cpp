// SPDX-License-Identifier: MIT
#include <rankwise/core/schedule.hpp>

#include "catch.hpp"

#include <cstdint>
#include <vector>

using rankwise::schedule_kind;
using rankwise::core::schedule_view;
namespace schedule = rankwise::core::schedule;

namespace {

/// The chunks that `n_ranks` ranks get when they ask in turn.
std::vector<std::uint64_t> chunks(schedule_kind kind, schedule_view view) {
  std::vector<std::uint64_t> sizes;
  std::vector<std::uint64_t> granted(view.n_ranks);
  view.remaining = view.n_items;
  for (std::uint32_t asked = 0; view.remaining != 0 && asked < 10'000; ++asked) {
    view.row = asked % view.n_ranks;
    view.rank_granted = granted[view.row];
    const std::uint64_t size = schedule::next_chunk(kind, view);
    if (size == 0) continue;
    granted[view.row] += size;
    view.remaining -= size;
    sizes.push_back(size);
  }
  return sizes;
}

}  // namespace

TEST_CASE("static gives each rank one block, equal up to one item") {
  CHECK(chunks(schedule_kind::static_blocks, {.n_items = 10, .n_ranks = 4}) ==
        std::vector<std::uint64_t>{3, 3, 2, 2});
  CHECK(chunks(schedule_kind::static_blocks, {.n_items = 2, .n_ranks = 4}) ==
        std::vector<std::uint64_t>{1, 1});
  CHECK(chunks(schedule_kind::static_blocks, {.n_items = 10, .n_ranks = 2, .chunk = 2}) ==
        std::vector<std::uint64_t>{2, 2, 2, 2, 1, 1});
}

TEST_CASE("self gives one item, or the chunk that was asked for") {
  CHECK(chunks(schedule_kind::self, {.n_items = 3, .n_ranks = 2}) ==
        std::vector<std::uint64_t>{1, 1, 1});
  CHECK(chunks(schedule_kind::self, {.n_items = 7, .n_ranks = 2, .chunk = 3}) ==
        std::vector<std::uint64_t>{3, 3, 1});
}

TEST_CASE("guided gives the rest over the number of ranks") {
  // Polychronopoulos and Kuck 1987, table I: 100 iterations on 5 processors.
  CHECK(chunks(schedule_kind::guided, {.n_items = 100, .n_ranks = 5}) ==
        std::vector<std::uint64_t>{20, 16, 13, 11, 8, 7, 5, 4, 4, 3, 2, 2, 1, 1, 1, 1, 1});
}

TEST_CASE("factoring gives batches that halve what remains") {
  // Hummel, Schonberg and Flynn 1992: 100 iterations on 4 processors start with 13 each.
  const std::vector<std::uint64_t> sizes =
      chunks(schedule_kind::factoring, {.n_items = 100, .n_ranks = 4});
  REQUIRE(sizes.size() >= 8);
  CHECK(std::vector(sizes.begin(), sizes.begin() + 8) ==
        std::vector<std::uint64_t>{13, 13, 13, 13, 7, 7, 7, 7});
}

TEST_CASE("adaptive follows measured time and share") {
  schedule_view view{
      .n_items = 1'000'000, .remaining = 900'000, .n_ranks = 2, .rank_done = 100'000, .share = 0.5};
  SECTION("one item while nothing is known") {
    CHECK(schedule::next_chunk(schedule_kind::adaptive, view) == 1);
  }
  SECTION("50 ms at most") {
    view.item_seconds = 1e-6;
    CHECK(schedule::next_chunk(schedule_kind::adaptive, view) == 50'000);
  }
  SECTION("a third of the share of what remains") {
    view.item_seconds = 1e-9;
    CHECK(schedule::next_chunk(schedule_kind::adaptive, view) == 150'000);
    view.share = 0.2;
    CHECK(schedule::next_chunk(schedule_kind::adaptive, view) == 60'000);
  }
  SECTION("no more than 16 times what the rank has done") {
    view.item_seconds = 1e-9;
    view.rank_done = 10;
    CHECK(schedule::next_chunk(schedule_kind::adaptive, view) == 160);
  }
  SECTION("at least what is worth a message, at most what is left") {
    view.item_seconds = 1e-6;
    view.remaining = 60;
    CHECK(schedule::next_chunk(schedule_kind::adaptive, view) == 50);
    view.remaining = 30;
    CHECK(schedule::next_chunk(schedule_kind::adaptive, view) == 30);
  }
  SECTION("single long tasks") {
    view.item_seconds = 0.2;
    CHECK(schedule::next_chunk(schedule_kind::adaptive, view) == 1);
  }
}
