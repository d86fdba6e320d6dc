// SPDX-License-Identifier: MIT
// What a search makes of reports that come in any order, twice, or not at all.
#include <rankwise/engine/call/find_call.hpp>

#include "catch.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <ranges>
#include <span>
#include <string>
#include <vector>

namespace {

using rankwise::core::item_range;
using result = std::optional<std::string>;
using inputs = std::ranges::iota_view<int, int>;

struct search_task {
  result operator()(int /*item*/) const { return std::nullopt; }
};

class search {
 public:
  explicit search(bool stops_at_failure = true) : call_(items_, {}, stops_at_failure) {}

  /// A report that has found `text` in the first of `items`; null: nothing.
  void take(item_range items, const char* text) {
    rankwise::wire::bytes bytes;
    rankwise::wire::append_value(bytes, std::uint64_t{text == nullptr ? 0U : 1U});
    if (text != nullptr) {
      rankwise::wire::append_value(bytes, items.first);
      rankwise::wire::encoder<result>(bytes).put(text);
    }
    call_.take(items, {bytes.data(), bytes.size()});
  }

  void take_and_count(item_range items, const char* text) {
    take(items, text);
    call_.on_counted(items);
  }

  void fail(std::uint64_t index) {
    call_.on_failed({index, 0, "", "", false});
    call_.failures().push_back({index, 1, "here", "bad luck", false});
  }

  /// "INDEX TEXT", or "nothing".
  std::string found() {
    const auto first = call_.release();
    return first ? std::to_string(first->first) + " " + *first->second : "nothing";
  }

  rankwise::engine::find_call<inputs, search_task, result>& operator*() { return call_; }

 private:
  inputs items_{0, 10};
  rankwise::engine::find_call<inputs, search_task, result> call_;
};

}  // namespace

TEST_CASE("a search is over when all before its first find is searched") {
  search subject;
  subject.take_and_count({6, 2}, "late");
  CHECK_FALSE((*subject).is_satisfied());
  subject.take_and_count({3, 1}, "early");
  subject.take_and_count({8, 1}, "behind");
  CHECK_FALSE((*subject).is_satisfied());
  subject.take_and_count({0, 3}, nullptr);
  CHECK((*subject).is_satisfied());
  CHECK(subject.found() == "3 early");
}

TEST_CASE("a find that was lost before it counted gives way to what its item gives then") {
  SECTION("another value") {
    search subject;
    subject.take({0, 1}, "of a rank that was lost");
    CHECK_FALSE((*subject).is_satisfied());
    subject.take_and_count({0, 1}, "again");
    CHECK((*subject).is_satisfied());
    CHECK(subject.found() == "0 again");
  }
  SECTION("nothing") {
    search subject;
    subject.take({0, 1}, "of a rank that was lost");
    subject.take_and_count({0, 4}, nullptr);
    CHECK_FALSE((*subject).is_satisfied());
    subject.take_and_count({4, 1}, "later");
    CHECK((*subject).is_satisfied());
    CHECK(subject.found() == "4 later");
  }
}

TEST_CASE("a find whose task refuses it is a failure") {
  search subject;
  subject.take({0, 1}, "refused");
  subject.fail(0);
  CHECK((*subject).is_satisfied());
  CHECK_THROWS_AS(subject.found(), rankwise::task_error);
}

TEST_CASE("a failure ends a search, unless it lies behind the find or all are collected") {
  search behind;
  behind.fail(5);
  behind.take_and_count({2, 1}, "found");
  behind.take_and_count({0, 2}, nullptr);
  CHECK((*behind).is_satisfied());
  CHECK(behind.found() == "2 found");

  search collecting(false);
  collecting.fail(0);
  CHECK_FALSE((*collecting).is_satisfied());
}

TEST_CASE("a search that finds nothing gives nothing") {
  search subject;
  subject.take_and_count({0, 10}, nullptr);
  CHECK_FALSE((*subject).is_satisfied());
  CHECK(subject.found() == "nothing");
}
