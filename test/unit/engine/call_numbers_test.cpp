// SPDX-License-Identifier: MIT
#include <rankwise/engine/root/call_numbers.hpp>

#include "catch.hpp"

#include <cstdint>
#include <set>
#include <string>

using rankwise::engine::call_numbers;

TEST_CASE("calls without a name are counted, and those with one do not change that") {
  call_numbers all;
  CHECK(all.next() == 0);
  all.next("a", false);
  CHECK(all.next() == 1);
}

TEST_CASE("the number of a call with a name depends on the name and on those of that name") {
  call_numbers one;
  call_numbers other;
  const std::uint32_t first = one.next("a", true);
  const std::uint32_t second = one.next("a", true);
  other.next();
  other.next("b", true);
  CHECK(other.next("a", true) == first);
  CHECK(other.next("a", true) == second);
  CHECK(std::set<std::uint32_t>{first, second, one.next("b", true), one.next("", true)}.size() ==
        4);
}

TEST_CASE("journaled calls whose numbers are the same by chance are refused") {
  call_numbers all;
  const auto use_many = [&all](bool is_journaled) {
    for (int i = 0; i < 1'000'000; ++i) all.next(std::to_string(i), is_journaled);
  };
  use_many(false);
  CHECK_THROWS_WITH(use_many(true), Catch::Contains("have the same number by chance"));
}
