// SPDX-License-Identifier: MIT
#include <rankwise/wire/codec.hpp>

#include "catch.hpp"

#include <boost/serialization/access.hpp>
#include <boost/serialization/split_free.hpp>

#include <algorithm>
#include <array>
#include <bitset>
#include <chrono>
#include <compare>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <forward_list>
#include <limits>
#include <list>
#include <map>
#include <new>
#include <optional>
#include <random>
#include <set>
#include <span>
#include <string>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

namespace wire = rankwise::wire;

namespace samples {

enum class colour : std::uint8_t { red, green };

struct point {
  double x = 0;
  std::int16_t y = 0;
  bool operator==(const point&) const = default;
};

struct nothing {
  bool operator==(const nothing&) const = default;
};

// NOLINTNEXTLINE: clang-tidy blames it for what the compiler makes of operator== and the arrays
struct line {
  std::string name;
  std::vector<point> points;
  std::optional<std::pair<int, std::string>> label;
  std::array<std::string, 2> ends;
  int weights[3] = {};
  std::string words[2];
  colour ink = colour::red;
  bool operator==(const line&) const = default;
};

struct tree {
  int value = 0;
  std::vector<tree> children;
  bool operator==(const tree&) const = default;
};

class hidden {
 public:
  hidden() = default;

  explicit hidden(std::string text, int number) : text_(std::move(text)), number_(number) {}

  bool operator==(const hidden&) const = default;

 private:
  friend class boost::serialization::access;

  template <class Archive>
  void serialize(Archive& archive, unsigned /*version*/) {
    archive& text_& number_;
  }

  std::string text_;
  int number_ = 0;
};

// A type whose author knows better than its bytes.
struct owner {
  int place = 0;
  const int* anywhere = nullptr;
  bool operator==(const owner&) const = default;
};

template <class Archive>
void serialize(Archive& archive, owner& value, unsigned /*version*/) {
  archive& value.place;
}

struct silent {
  template <class Archive>
  void serialize(Archive& /*archive*/, unsigned /*version*/) {}

  bool operator==(const silent&) const { return true; }

  std::string forgotten;
};

struct no_default {
  explicit no_default(int from) : value(from) {}

  int value;
  bool operator==(const no_default&) const = default;
};

}  // namespace samples

namespace {

template <class T>
wire::bytes encode(const T& value) {
  wire::bytes out;
  wire::encoder<T>(out).put(value);
  return out;
}

// The value comes back, nothing is left over, and no shorter message passes for it.
template <class T>
void check_round_trip(const T& value) {
  const wire::bytes message = encode(value);
  REQUIRE(!message.empty());
  wire::decoder<T> whole(message);
  const bool same =
      whole.get() == value;  // not inside the CHECK: it would compile a printer for each type
  CHECK(same);
  CHECK(whole.exhausted());
  for (std::size_t kept = 0; kept < message.size(); ++kept) {
    // A copy of its own, so that a sanitizer sees a read past the end.
    const std::vector<std::byte> cut(message.begin(),
                                     message.begin() + static_cast<std::ptrdiff_t>(kept));
    wire::decoder<T> decoder(cut);
    CHECK_THROWS_AS(decoder.get(), wire::decode_error);
  }
}

/// Made in memory that was full of `rest` before.
template <class T, class... Parts>
std::string bytes_after(unsigned char rest, Parts... parts) {
  alignas(T) std::array<unsigned char, sizeof(T)> place;
  place.fill(rest);
  const T* const made = new (place.data()) T{parts...};
  const wire::bytes one = encode(*made);
  wire::bytes all;
  wire::encoder<T>(all).put_all(std::span<const T>(made, 1));
  CHECK(std::equal(one.begin(), one.end(), all.begin(), all.end()));
  return {reinterpret_cast<const char*>(one.data()), one.size()};
}

}  // namespace

TEST_CASE("equal values are equal bytes, whatever was in memory before") {
  struct padded {
    char first;
    double second;
    short third;
  };

  using pair = std::pair<std::int16_t, std::int64_t>;

  struct full {
    std::int32_t first;
    float second;
  };

  STATIC_REQUIRE(wire::padded<padded>);
  STATIC_REQUIRE(wire::padded<pair>);
  using pairs = std::array<pair, 2>;
  STATIC_REQUIRE(wire::padded<pairs>);
  STATIC_REQUIRE(wire::padded<long double>);
  STATIC_REQUIRE(!wire::padded<full>);
  STATIC_REQUIRE(!wire::padded<std::array<double, 3>>);
#ifndef __clang__
  CHECK(bytes_after<padded>(0, 'a', 1.5, short{3}) == bytes_after<padded>(255, 'a', 1.5, short{3}));
  CHECK(bytes_after<pair>(0, std::int16_t{1}, 2) == bytes_after<pair>(255, std::int16_t{1}, 2));
  CHECK(bytes_after<pairs>(0, pair{1, 2}, pair{3, 4}) ==
        bytes_after<pairs>(255, pair{1, 2}, pair{3, 4}));
  CHECK(bytes_after<long double>(0, 1.5L) == bytes_after<long double>(255, 1.5L));
#endif
  CHECK(bytes_after<full>(0, 1, 2.0F) == bytes_after<full>(255, 1, 2.0F));
}

TEST_CASE("values of every kind come back, and cut messages are refused") {
  using namespace std::string_literals;
  check_round_trip(42);
  check_round_trip(true);
  check_round_trip(-1.5L);
  check_round_trip(samples::colour::green);
  check_round_trip(std::byte{7});
  check_round_trip(samples::point{2.5, -3});
  check_round_trip(samples::nothing{});
  check_round_trip(samples::silent{});
  check_round_trip(samples::no_default(9));
  check_round_trip(std::complex<double>(1, -1));
  check_round_trip(std::array{1, 2, 3});
  check_round_trip(std::pair{1, 2.0});
  check_round_trip(std::pair{"key"s, 2.0});
  check_round_trip(""s);
  check_round_trip("with a \0 inside"s);
  check_round_trip(L"wide"s);
  check_round_trip(std::vector<double>{});
  check_round_trip(std::vector<double>{1, 2, 3});
  check_round_trip(std::vector<char>{'x'});
  check_round_trip(std::vector<samples::point>{{1, 2}, {3, 4}});
  check_round_trip(std::vector{true, false, true});
  check_round_trip(std::vector{""s, "a"s, std::string(300, 'b')});
  check_round_trip(std::vector<std::vector<int>>{{}, {1}, {2, 3}});
  check_round_trip(std::vector<samples::silent>(3));
  check_round_trip(std::array<std::string, 0>{});
  check_round_trip(std::array<std::string, 2>{"one", "two"});
  check_round_trip(std::tuple<>{});
  check_round_trip(std::tuple{1, "two"s, std::vector{3.0}});
  check_round_trip(std::optional<int>{});
  check_round_trip(std::optional{5});
  check_round_trip(std::optional{std::optional<std::string>{}});
  check_round_trip(std::variant<std::monostate, int, std::string>{});
  check_round_trip(std::variant<std::monostate, int, std::string>{"text"});
  check_round_trip(std::variant<std::monostate, int, std::string>{3});
  check_round_trip(std::map<std::string, std::vector<int>>{{"a", {1}}, {"b", {}}});
  check_round_trip(std::map<int, std::map<int, std::string>>{{1, {{2, "x"}}}});
  check_round_trip(std::multimap<int, int>{{1, 1}, {1, 2}});
  check_round_trip(std::set<std::string>{"x", "y"});
  check_round_trip(std::unordered_map<std::string, int>{{"a", 1}, {"b", 2}});
  check_round_trip(std::unordered_set<int>{1, 2, 3});
  check_round_trip(std::list<std::string>{"a", "b"});
  check_round_trip(std::deque<int>{1, 2});
  check_round_trip(std::forward_list<int>{1, 2});
  check_round_trip(std::chrono::nanoseconds(17));
  check_round_trip(std::chrono::sys_days(std::chrono::year(2024) / 2 / 29));
  check_round_trip(std::filesystem::path("/a/b.txt"));
  check_round_trip(samples::line{
      "l", {{1, 2}}, std::pair{1, "x"s}, {"p", "q"}, {4, 5, 6}, {"w", ""}, samples::colour::green});
  check_round_trip(samples::tree{1, {{2, {}}, {3, {{4, {}}}}}});
  check_round_trip(samples::hidden("text", 5));
  check_round_trip(std::vector<samples::owner>{{1, nullptr}, {2, nullptr}});
}

TEST_CASE("equal unordered containers are equal bytes, whatever was in them before") {
  std::unordered_map<std::string, int> one;
  std::unordered_map<std::string, int> other;
  other.reserve(1000);
  for (int i = 0; i < 100; ++i) one[std::to_string(i)] = i;
  for (int i = 99; i >= 0; --i) other[std::to_string(i)] = i;
  REQUIRE(one == other);
  const bool same = std::ranges::equal(encode(one), encode(other));
  CHECK(same);
}

TEST_CASE("raw values and sequences are their bytes, with nothing around them but a length") {
  CHECK(encode(samples::point{}).size() == sizeof(samples::point));
  CHECK(encode(std::vector<std::uint16_t>{1, 2, 3}).size() == 8 + 6);
  CHECK(encode(std::string("abc")).size() == 8 + 3);
  const std::vector<std::uint16_t> values{1, 2, 3};
  const wire::bytes message = encode(values);
  const std::span<const std::byte> view = wire::raw_view(values);
  CHECK(std::equal(view.begin(), view.end(), message.begin() + 8, message.end()));
}

TEST_CASE("one encoder writes many values behind what the buffer held") {
  wire::bytes out(3, std::byte{9});
  wire::encoder<std::string> encoder(out);
  encoder.put("one");
  const std::vector<std::string> more{"two", "three"};
  encoder.put_all(more);
  CHECK(out[2] == std::byte{9});

  // Odd places: nothing here may count on alignment.
  wire::decoder<std::string> decoder{std::span(out).subspan(3)};
  CHECK(decoder.get() == "one");
  std::vector<std::string> read(2);
  decoder.get_all(read);
  CHECK(read == more);
  CHECK(decoder.exhausted());

  wire::bytes raw(1);
  const std::vector<double> numbers{1, 2, 3};
  wire::encoder<double>(raw).put_all(numbers);
  CHECK(raw.size() == 1 + 3 * sizeof(double));
  std::vector<double> back(3);
  wire::decoder<double> number_decoder{std::span(raw).subspan(1)};
  number_decoder.get_all(back);
  CHECK(back == numbers);
  std::vector<double> one_too_many(1);
  CHECK_THROWS_AS(number_decoder.get_all(one_too_many), wire::decode_error);

  wire::bytes shifted(1);
  wire::encoder<std::vector<double>>(shifted).put(numbers);
  CHECK(wire::decoder<std::vector<double>>(std::span(shifted).subspan(1)).get() == numbers);
}

TEST_CASE("two values made at one address are two values") {
  wire::bytes out;
  wire::encoder<samples::hidden> encoder(out);
  samples::hidden reused("first", 1);
  encoder.put(reused);
  reused = samples::hidden("second", 2);
  encoder.put(reused);
  wire::decoder<samples::hidden> decoder(out);
  CHECK(decoder.get() == samples::hidden("first", 1));
  CHECK(decoder.get() == samples::hidden("second", 2));
}

namespace {

template <class T>
std::string refusal_of(const wire::bytes& message) {
  try {
    (void)wire::decoder<T>(message).get();
  } catch (const wire::decode_error& error) {
    return error.what();
  }
  return "accepted";
}

}  // namespace

TEST_CASE("an announced length that the bytes can't back takes no memory") {
  for (const std::uint64_t length : {std::uint64_t{4},
                                     std::uint64_t{5} << 30U,
                                     std::numeric_limits<std::uint64_t>::max(),
                                     std::uint64_t{1} << 61U}) {
    wire::bytes message = encode(length);
    message.resize(message.size() + 3, std::byte{0});
    const std::string expected = "message with an impossible length: " + std::to_string(length) +
                                 " elements announced at byte 8, 3 bytes left";
    CHECK(refusal_of<std::string>(message) == expected);
    CHECK(refusal_of<std::vector<double>>(message) == expected);
    CHECK(refusal_of<std::vector<std::string>>(message) == expected);
    CHECK(refusal_of<std::map<int, std::string>>(message) == expected);
    CHECK(refusal_of<std::unordered_map<int, int>>(message) == expected);
    CHECK(refusal_of<std::vector<bool>>(message) == expected);
    CHECK(refusal_of<std::list<samples::tree>>(message) == expected);
  }
}

TEST_CASE("what can't be a value is named") {
  CHECK(refusal_of<std::uint32_t>(wire::bytes(3)) ==
        "message cut short: 4 more bytes expected at byte 0, 3 left");
  CHECK(refusal_of<bool>(encode(std::uint8_t{2})) == "message with an impossible bool: 2");
  CHECK(refusal_of<std::optional<int>>(encode(std::uint8_t{9})) ==
        "message with an impossible bool: 9");
  CHECK(refusal_of<std::variant<int, std::string>>(encode(std::uint32_t{2})) ==
        "message with an impossible variant: alternative 2 of 2");
  CHECK(refusal_of<std::bitset<2>>(encode(std::string("xy")))
            .starts_with("message that can't be decoded: "));
}

TEST_CASE("a large sequence does not double the buffer") {
  constexpr std::size_t large = std::size_t{8} << 20U;
  wire::bytes out(100);
  wire::encoder<std::string>(out).put(std::string(large, 'x'));
  const std::byte* const place = out.data();
  wire::encoder<int>(out).put(1);  // what follows finds room
  CHECK(out.data() == place);
  CHECK(out.capacity() < large + large / 4);
}

namespace {

using random_value =
    std::variant<std::monostate,
                 int,
                 std::string,
                 std::vector<samples::line>,
                 std::map<std::string, std::optional<double>>,
                 std::tuple<samples::hidden, std::vector<bool>, std::vector<std::uint16_t>>>;

class generator {
 public:
  explicit generator(std::uint32_t seed) : engine_(seed) {}

  std::size_t up_to(std::size_t most) {
    return std::uniform_int_distribution<std::size_t>(0, most)(engine_);
  }

  std::string text() {
    std::string made(up_to(up_to(40)), ' ');
    for (char& letter : made) letter = static_cast<char>(up_to(255));
    return made;
  }

  samples::line line() {
    samples::line made;
    made.name = text();
    made.points.resize(up_to(4), {static_cast<double>(up_to(100)), 1});
    if (up_to(1) == 1) made.label = std::pair{static_cast<int>(up_to(9)), text()};
    made.ends = {text(), text()};
    made.words[1] = text();
    made.weights[2] = static_cast<int>(up_to(100));
    return made;
  }

  random_value value() {
    switch (up_to(5)) {
      case 0:
        return std::monostate{};
      case 1:
        return static_cast<int>(up_to(1000));
      case 2:
        return text();
      case 3: {
        std::vector<samples::line> made(up_to(3));
        for (samples::line& one : made) one = line();
        return made;
      }
      case 4: {
        std::map<std::string, std::optional<double>> made;
        for (std::size_t i = up_to(5); i > 0; --i)
          made[text()] = up_to(1) == 1 ? std::optional(0.5) : std::nullopt;
        return made;
      }
      default:
        return std::tuple{samples::hidden(text(), 3),
                          std::vector<bool>(up_to(9), true),
                          std::vector<std::uint16_t>(up_to(9), 7)};
    }
  }

 private:
  std::mt19937 engine_;
};

}  // namespace

TEST_CASE("random values come back; cut or altered messages give a value or decode_error") {
  const auto seed = GENERATE(range(1U, 401U));
  CAPTURE(seed);
  generator random(seed);
  std::vector<random_value> values(1 + random.up_to(4));
  for (random_value& value : values) value = random.value();

  wire::bytes message;
  wire::encoder<random_value> encoder(message);
  encoder.put_all(values);
  std::vector<random_value> back(values.size());
  wire::decoder<random_value> decoder(message);
  decoder.get_all(back);
  const bool same = back == values;
  REQUIRE(same);
  REQUIRE(decoder.exhausted());

  const auto attempt = [&](const std::vector<std::byte>& damaged) {
    try {
      wire::decoder<random_value>(damaged).get_all(back);
      return true;
    } catch (const wire::decode_error&) {
      return false;
    }
  };
  std::vector<std::byte> damaged(message.begin(), message.end());
  damaged.resize(random.up_to(damaged.size() - 1));
  REQUIRE_FALSE(attempt(damaged));

  for (int trial = 0; trial < 20; ++trial) {
    damaged.assign(message.begin(), message.end());
    damaged[random.up_to(damaged.size() - 1)] = static_cast<std::byte>(random.up_to(255));
    REQUIRE_NOTHROW(attempt(damaged));
  }
}
