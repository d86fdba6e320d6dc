// SPDX-License-Identifier: MIT
#include <rankwise/wire/codec.hpp>

#include "catch.hpp"

#include <boost/serialization/is_bitwise_serializable.hpp>

#include <array>
#include <bitset>
#include <chrono>
#include <complex>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

namespace wire = rankwise::wire;

namespace kinds {

struct none {};

struct flat {
  int a;
  double b[2];
  std::array<char, 3> c;
  std::complex<float> d;
  unsigned e : 3;
};

struct sixteen {
  char a, b, c, d, e, f, g, h, i, j, k, l, m, n, o;
  std::string p;
};

struct seventeen {
  char a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p;
  std::string q;
};

struct base {
  int a;
};

struct derived : base {
  int b;
};

struct derived_from_text : base {
  std::string b;
};

struct pointing {
  int a;
  const char* b;
};

struct outer {
  pointing inside[2];
};

struct fixed {
  const int a = 1;
};

struct referring {
  int& a;
};

struct closed {
  explicit closed(int);
  std::string text;
};

struct with_member {
  template <class Archive>
  void serialize(Archive& /*archive*/, unsigned /*version*/) {}

  int* trusted;
};

struct with_member_finally final {
  template <class Archive>
  void serialize(Archive& /*archive*/, unsigned /*version*/) {}

  int* trusted;
};

struct with_free {
  int* trusted;
};

template <class Archive>
void serialize(Archive& /*archive*/, with_free& /*value*/, unsigned /*version*/) {}

struct declared_bitwise {
  int a;

  template <class Archive>
  void serialize(Archive& /*archive*/, unsigned /*version*/) {}
};

struct tree {
  std::vector<tree> children;
  std::map<std::string, tree> named;
};

struct bad_tree {
  std::vector<bad_tree> children;
  std::string_view name;
};

union either {
  int a;
  float b;
};

}  // namespace kinds

BOOST_IS_BITWISE_SERIALIZABLE(kinds::declared_bitwise)

namespace {

template <class... Types>
using list = wire::type_list<Types...>;

}  // namespace

TEST_CASE("the fields of an aggregate are found with their types") {
  STATIC_REQUIRE(std::is_same_v<wire::field_types<kinds::none>, list<>>);
  STATIC_REQUIRE(std::is_same_v<wire::field_types<kinds::pointing>, list<int, const char*>>);
  STATIC_REQUIRE(
      std::is_same_v<wire::field_types<kinds::flat>,
                     list<int, double[2], std::array<char, 3>, std::complex<float>, unsigned>>);
  STATIC_REQUIRE(wire::walkable<kinds::sixteen>);
  STATIC_REQUIRE(!wire::walkable<kinds::seventeen>);
  STATIC_REQUIRE(!wire::walkable<kinds::derived>);
  STATIC_REQUIRE(!wire::walkable<kinds::referring>);

  kinds::sixteen value{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, "16"};
  const int sum = wire::visit_fields(value, [](const auto&... field) {
    const auto number = [](const auto& one) {
      if constexpr (std::is_same_v<std::remove_cvref_t<decltype(one)>, std::string>) {
        return std::stoi(one);
      } else {
        return static_cast<int>(one);
      }
    };
    return (number(field) + ...);
  });
  CHECK(sum == 136);
}

TEST_CASE("what goes as its bytes") {
  STATIC_REQUIRE(wire::raw<int>);
  STATIC_REQUIRE(wire::raw<kinds::flat>);
  STATIC_REQUIRE(wire::raw<kinds::either>);
  STATIC_REQUIRE(wire::raw<kinds::derived>);
  STATIC_REQUIRE(wire::raw<kinds::declared_bitwise>);
  STATIC_REQUIRE(wire::raw<std::pair<int, std::array<double, 2>>>);
  STATIC_REQUIRE(wire::raw<std::chrono::system_clock::time_point>);
  STATIC_REQUIRE(!wire::raw<std::string>);
  STATIC_REQUIRE(!wire::raw<std::optional<int>>);
  STATIC_REQUIRE(!wire::raw<std::pair<int, std::string>>);
  STATIC_REQUIRE(!wire::raw<kinds::pointing>);
  STATIC_REQUIRE(!wire::raw<kinds::with_member>);
  STATIC_REQUIRE(wire::raw_sequence<std::string>);
  STATIC_REQUIRE(wire::raw_sequence<std::vector<kinds::flat>>);
  STATIC_REQUIRE(!wire::raw_sequence<std::vector<bool>>);
  STATIC_REQUIRE(!wire::raw_sequence<std::vector<std::string>>);
  STATIC_REQUIRE(!wire::raw_sequence<std::string_view>);
}

TEST_CASE("what can travel") {
  STATIC_REQUIRE(wire::sendable<int>);
  STATIC_REQUIRE(wire::sendable<const std::string>);
  STATIC_REQUIRE(wire::sendable<kinds::none>);
  STATIC_REQUIRE(wire::sendable<kinds::sixteen>);
  STATIC_REQUIRE(wire::sendable<kinds::tree>);
  STATIC_REQUIRE(wire::sendable<kinds::with_member>);
  STATIC_REQUIRE(wire::sendable<kinds::with_member_finally>);
  STATIC_REQUIRE(wire::sendable<kinds::with_free>);
  STATIC_REQUIRE(wire::sendable<std::vector<kinds::with_free>>);
  STATIC_REQUIRE(
      wire::sendable<
          std::map<std::string, std::variant<std::monostate, std::tuple<int, std::string>>>>);
  STATIC_REQUIRE(wire::sendable<std::bitset<9>>);
}

TEST_CASE("what is refused, and why, however deep it lies") {
  using wire::refusal;
  using wire::why_refused;
  STATIC_REQUIRE(why_refused<int*> == refusal::points_elsewhere);
  STATIC_REQUIRE(why_refused<int&> == refusal::points_elsewhere);
  STATIC_REQUIRE(why_refused<int (*)(int)> == refusal::points_elsewhere);
  STATIC_REQUIRE(why_refused<int kinds::flat::*> == refusal::points_elsewhere);
  STATIC_REQUIRE(why_refused<std::string_view> == refusal::points_elsewhere);
  STATIC_REQUIRE(why_refused<std::span<int, 3>> == refusal::points_elsewhere);
  STATIC_REQUIRE(why_refused<std::unique_ptr<int>> == refusal::points_elsewhere);
  STATIC_REQUIRE(why_refused<std::shared_ptr<int>> == refusal::points_elsewhere);
  STATIC_REQUIRE(why_refused<std::function<void()>> == refusal::hides_a_callable);
  STATIC_REQUIRE(why_refused<std::vector<std::span<int>>> == refusal::points_elsewhere);
  STATIC_REQUIRE(why_refused<std::pair<int, const char*>> == refusal::points_elsewhere);
  STATIC_REQUIRE(why_refused<std::tuple<int, std::reference_wrapper<int>>> ==
                 refusal::points_elsewhere);
  STATIC_REQUIRE(why_refused<std::tuple<int&>> == refusal::points_elsewhere);
  STATIC_REQUIRE(why_refused<std::optional<int*>> == refusal::points_elsewhere);
  STATIC_REQUIRE(why_refused<std::variant<int, std::string_view>> == refusal::points_elsewhere);
  STATIC_REQUIRE(why_refused<std::map<int, std::vector<int*>>> == refusal::points_elsewhere);
  STATIC_REQUIRE(why_refused<std::array<int*, 2>> == refusal::points_elsewhere);
  STATIC_REQUIRE(why_refused<kinds::outer> == refusal::points_elsewhere);
  STATIC_REQUIRE(why_refused<kinds::bad_tree> == refusal::points_elsewhere);
  STATIC_REQUIRE(why_refused<std::vector<kinds::bad_tree>> == refusal::points_elsewhere);
  STATIC_REQUIRE(why_refused<kinds::fixed> == refusal::not_assignable);
  STATIC_REQUIRE(why_refused<kinds::referring> == refusal::not_assignable);
  STATIC_REQUIRE(why_refused<kinds::closed> == refusal::no_serialize);
  STATIC_REQUIRE(why_refused<kinds::seventeen> == refusal::too_many_members);
  STATIC_REQUIRE(why_refused<kinds::derived_from_text> == refusal::has_a_base);
  STATIC_REQUIRE(why_refused<std::vector<kinds::closed>> == refusal::no_serialize);
}
