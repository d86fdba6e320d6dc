// SPDX-License-Identifier: MIT
// Packed keys, hashes, tables and fronts, against std::unordered_map.
#include <rankwise/map_reduce/combine/cuckoo_table.hpp>
#include <rankwise/map_reduce/combine/front_cache.hpp>
#include <rankwise/map_reduce/combine/key_codec.hpp>
#include <rankwise/map_reduce/combine/key_hash.hpp>
#include <rankwise/map_reduce/combine/linear_table.hpp>
#include <rankwise/map_reduce/combine/packed_key.hpp>
#include <rankwise/map_reduce/combine/segment.hpp>
#include <rankwise/map_reduce/combine/zynq_front.hpp>
#include <rankwise/random.hpp>

#include "catch.hpp"

#include <algorithm>
#include <array>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

using rankwise::random_stream;
using rankwise::combine::cuckoo_table;
using rankwise::combine::fits_inline;
using rankwise::combine::key_hash;
using rankwise::combine::linear_table;
using rankwise::combine::pack;
using rankwise::combine::pack_readable;
using rankwise::combine::packed_key;
using rankwise::combine::slot;

namespace {

/// One of `n_keys` keys: of every length from 0 to 40, with NULs inside and at the end.
std::string key_of(std::uint64_t seed, std::uint32_t number) {
  random_stream random(seed, number);
  std::string key(number % 41, '\0');
  for (char& byte : key) byte = random() % 3 == 0 ? '\0' : static_cast<char>(random() % 256);
  return key;
}

std::uint64_t hash_of(const key_hash& hash, const std::string& key) {
  return fits_inline(key.size()) ? hash(pack(key)) : hash(std::string_view(key));
}

template <class Table>
auto& find_or_add(Table& table, const key_hash& hash, const std::string& key, bool& is_new) {
  return fits_inline(key.size())
             ? table.find_or_add(pack(key), hash_of(hash, key), is_new)
             : table.find_or_add(std::string_view(key), hash_of(hash, key), is_new);
}

template <class Table>
std::unordered_map<std::string, std::uint64_t> contents_of(const Table& table) {
  std::unordered_map<std::string, std::uint64_t> all;
  table.for_each([&](const auto& held) {
    const bool is_first = all.emplace(table.text(held.key), held.value).second;
    CHECK(is_first);
  });
  return all;
}

/// Keys of one segment, as a part hands them to its table.
std::vector<packed_key> keys_of_segment(const key_hash& hash, unsigned bits, std::size_t n) {
  std::vector<packed_key> keys;
  for (std::uint64_t i = 0; keys.size() != n; ++i) {
    const packed_key key{i, std::uint64_t{8} << 56U};
    if (bits == 0 || hash(key) >> (64U - bits) == 3) keys.push_back(key);
  }
  return keys;
}

/// How far from their places the keys come to stand on average, in a table of 2^15 slots that is
/// filled to six tenths.
double mean_displacement(const key_hash& hash,
                         const std::function<std::size_t(std::uint64_t)>& place,
                         const std::function<packed_key(std::uint64_t)>& key) {
  constexpr std::size_t n_slots = std::size_t{1} << 15U;
  constexpr std::size_t n_keys = n_slots * 6 / 10;
  std::vector<char> taken(n_slots, 0);
  std::uint64_t moved = 0;
  for (std::uint64_t i = 0; i < n_keys; ++i) {
    std::size_t at = place(hash(key(i))) % n_slots;
    for (; taken[at] != 0; at = (at + 1) % n_slots) ++moved;
    taken[at] = 1;
  }
  return static_cast<double>(moved) / n_keys;
}

}  // namespace

TEST_CASE("a key of 1 to 15 bytes packs the same both ways, and gives its bytes back") {
  const auto seed = GENERATE(range(1U, 51U));
  CAPTURE(seed);
  random_stream random(seed, 0);
  for (std::size_t n_bytes = 1; n_bytes <= packed_key::inline_bytes; ++n_bytes) {
    std::array<char, 16> readable{};
    for (char& byte : readable) byte = static_cast<char>(random() % 4);
    const std::string text(readable.data(), n_bytes);  // of its own memory, and no byte more
    const packed_key key = pack(text);
    CHECK(key == pack_readable(readable.data(), n_bytes));
    CHECK(key.size() == n_bytes);
    CHECK(key.text() == text);
    CHECK_FALSE(key.is_empty());
    CHECK_FALSE(key.is_long());
    if (n_bytes < packed_key::inline_bytes) {
      CHECK_FALSE(key == pack(text + '\0'));
    }
  }
  CHECK_FALSE(fits_inline(0));
  CHECK(fits_inline(15));
  CHECK_FALSE(fits_inline(16));
}

TEST_CASE("integers and bins pack as their bytes") {
  using rankwise::combine::key_codec;
  CHECK(key_codec<std::int16_t>::decode(key_codec<std::int16_t>::pack(-2).text()) == -2);
  CHECK(key_codec<bool>::decode(key_codec<bool>::pack(true).text()));
  CHECK(key_codec<std::uint64_t>::decode(key_codec<std::uint64_t>::pack(UINT64_MAX).text()) ==
        UINT64_MAX);
  using bin = rankwise::bin<70'000>;
  CHECK(key_codec<bin>::decode(key_codec<bin>::pack({69'999}).text()) == bin{69'999});
  CHECK(key_codec<std::string>::decode("") == "");
}

TEST_CASE(
    "numbers with a point, and unordered containers, are found wherever they stand in a key") {
  namespace detail = rankwise::combine::detail;

  struct plain {
    int number;
    std::string name;
    std::vector<std::pair<char, bool>> list;
  };

  struct deep {
    std::uint8_t first;
    std::map<std::string, std::vector<std::optional<std::pair<int, double>>>> all;
  };

  struct around {
    plain one;
    std::array<std::set<std::unordered_set<int>>, 2> sets;
  };

  struct tree {
    int number;
    std::vector<tree> below;
  };

  STATIC_REQUIRE_FALSE(detail::holds<detail::is_floating, plain>());
  STATIC_REQUIRE_FALSE(detail::holds<detail::is_hashed, plain>());
  STATIC_REQUIRE_FALSE(detail::holds<detail::is_floating, tree>());
  STATIC_REQUIRE(detail::holds<detail::is_floating, float>());
  STATIC_REQUIRE(detail::holds<detail::is_floating, deep>());
  STATIC_REQUIRE(detail::holds<detail::is_floating, std::tuple<int, std::complex<float>>>());
  STATIC_REQUIRE(detail::holds<detail::is_floating, std::variant<int, std::vector<long double>>>());
  STATIC_REQUIRE(detail::holds<detail::is_hashed, around>());
}

TEMPLATE_TEST_CASE("a table that is reset holds nothing, and has room",
                   "",
                   linear_table<std::uint64_t>,
                   cuckoo_table<std::uint64_t>) {
  const key_hash hash(5);
  TestType table(hash, 0);
  for (const std::uint32_t n_keys : {0U, 1U, 3'000U, 2'900U, 20U, 10'000U}) {
    CAPTURE(n_keys, TestType::name);
    table.reset(n_keys);
    CHECK(table.size() == 0);
    CHECK(contents_of(table).empty());
    const std::size_t bytes = table.bytes();
    for (std::uint32_t i = 0; i < n_keys; ++i) {
      bool is_new = false;
      find_or_add(table, hash, std::to_string(i), is_new) = i;
      if (!is_new) FAIL("not new: " << i);
    }
    CHECK(table.bytes() == bytes);
    const auto found = contents_of(table);
    CHECK(found.size() == n_keys);
    for (const auto& [key, value] : found)
      if (key != std::to_string(value)) FAIL(key);
  }
}

TEMPLATE_TEST_CASE("a table holds what a map holds",
                   "",
                   linear_table<std::uint64_t>,
                   cuckoo_table<std::uint64_t>) {
  const auto seed = GENERATE(range(1U, 13U));
  CAPTURE(seed, TestType::name);
  const key_hash hash(seed);
  TestType table(hash, 0);
  std::unordered_map<std::string, std::uint64_t> expected;
  random_stream random(seed, 1);
  const std::uint32_t n_keys = 1U << (seed % 13U);
  std::size_t bytes = 0;
  for (std::uint32_t i = 0; i < 3 * n_keys + 50; ++i) {
    const std::string key = key_of(seed, random() % n_keys);
    bool is_new = false;
    std::uint64_t& value = find_or_add(table, hash, key, is_new);
    const auto [place, was_new] = expected.emplace(key, 0);
    if (is_new != was_new) FAIL("new or not: " << i);
    value = is_new ? i : value + i;
    place->second += i;
    if (table.bytes() < bytes) FAIL("less memory than before: " << i);
    bytes = table.bytes();
  }
  CHECK(table.size() == expected.size());
  CHECK(contents_of(table) == expected);
}

TEMPLATE_TEST_CASE("an empty table holds nothing and takes nothing",
                   "",
                   linear_table<std::uint32_t>,
                   cuckoo_table<std::uint32_t>) {
  TestType table(key_hash(1), 10);
  CHECK(table.size() == 0);
  CHECK(table.bytes() == 0);
  CHECK(contents_of(table).empty());
  table.prefetch(7);
}

TEMPLATE_TEST_CASE("the keys of one segment fill its table as well as any",
                   "",
                   linear_table<std::uint64_t>,
                   cuckoo_table<std::uint64_t>) {
  const auto seed = GENERATE(range(1U, 5U));
  const unsigned bits = GENERATE(0U, 4U, 6U);
  CAPTURE(seed, bits, TestType::name);
  const key_hash hash(seed);
  const std::vector<packed_key> keys = keys_of_segment(hash, bits, 20'000);
  TestType table(hash, bits);
  double fullest = 0;
  std::size_t bytes = 0;
  for (const packed_key key : keys) {
    const auto load = static_cast<double>(table.size() * sizeof(slot<std::uint64_t>));
    bool is_new = false;
    table.find_or_add(key, hash(key), is_new) = key.low;
    if (!is_new) FAIL("there already: " << key.low);
    if (table.bytes() != bytes && table.size() > 1'000)
      fullest = std::max(fullest, load / static_cast<double>(bytes));
    bytes = table.bytes();
  }
  // When the table grew: three quarters, and what moving keys to their second places allows.
  CHECK(fullest > (TestType::name == "linear" ? 0.74 : 0.82));
  CHECK(fullest < (TestType::name == "linear" ? 0.76 : 0.95));
  std::uint64_t n_found = 0;
  for (const packed_key key : keys) {
    bool is_new = false;
    n_found += table.find_or_add(key, hash(key), is_new) == key.low && !is_new ? 1 : 0;
  }
  CHECK(n_found == keys.size());
  CHECK(table.size() == keys.size());
}

TEST_CASE("a walk over a table goes through all hashes evenly") {
  // Where it went up through them, another table that grows as it takes the keys would hold them
  // all in its first slots, and search through them for each.
  const key_hash hash(5);
  linear_table<std::uint32_t> table(hash, 0);
  const std::size_t n_keys = 40'000;
  for (const packed_key key : keys_of_segment(hash, 2, n_keys)) {
    bool is_new = false;
    table.find_or_add(key, hash(key), is_new) = 0;
  }
  std::array<std::size_t, 8> n_by_hash{};
  std::size_t n_seen = 0;
  table.for_each([&](const auto& held) {
    if (n_seen++ < n_keys / 16) ++n_by_hash[(hash(held.key) << 2U) >> 61U];
  });
  CHECK(n_seen == n_keys);
  for (const std::size_t n : n_by_hash) {
    CHECK(n > n_keys / 16 / 8 * 3 / 4);
    CHECK(n < n_keys / 16 / 8 * 5 / 4);
  }
}

TEST_CASE("keys in a row are spread as well as random ones, whatever the seed") {
  // Linear probing moves a key by 0.75 slots on average here; a hash that keeps the keys' order
  // somewhere moves it by hundreds under some seeds.
  const auto kind = GENERATE(range(0, 4));
  const auto key = [kind](std::uint64_t i) -> packed_key {
    if (kind == 0) return {i, std::uint64_t{4} << 56U};
    if (kind == 1) return {i << 16U, std::uint64_t{8} << 56U};
    if (kind == 2) return {0x6c6c6c6c6c6c6c6cU, i << 24U | std::uint64_t{15} << 56U};
    return pack("w" + std::to_string(i));
  };
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    CAPTURE(seed, kind);
    const key_hash hash(seed);
    CHECK(mean_displacement(
              hash, [](std::uint64_t h) { return h >> 49U; }, key) < 1);
    CHECK(mean_displacement(
              hash, [](std::uint64_t h) { return h << 10U >> 49U; }, key) < 1);
    CHECK(mean_displacement(
              hash, [](std::uint64_t h) { return h; }, key) < 1);
  }
}

TEST_CASE("hashes depend on every byte, on the seed and on the level") {
  const std::string text = "a text of more than thirty-two bytes";
  const key_hash hash(1);
  CHECK(hash(std::string_view(text)) == key_hash(1, 0)(std::string_view(text)));
  CHECK(hash(std::string_view(text)) != key_hash(2)(std::string_view(text)));
  CHECK(hash(std::string_view(text)) != key_hash(1, 1)(std::string_view(text)));
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string other = text;
    other[i] ^= 1;
    CHECK(hash(std::string_view(text)) != hash(std::string_view(other)));
    other = text.substr(0, i);
    CHECK(hash(std::string_view(text)) != hash(std::string_view(other)));
  }
  // All ranks must compute the same, on whatever machine and by whatever compiler.
  CHECK(key_hash(7)(pack("abc")) == 0x0dbe18ba4f01514fU);
  CHECK(key_hash(7)(std::string_view()) == 0x219da526a955924eU);
  CHECK(key_hash(7)(std::string_view(text)) == 0x7cf81c620c07441aU);
  CHECK(key_hash(7, 3)(pack("abc")) == 0x4e25b0441ba06d56U);
}

TEST_CASE("a front cache loses nothing and passes on what was used longest ago") {
  const auto seed = GENERATE(range(1U, 9U));
  CAPTURE(seed);
  rankwise::combine::front_cache<std::uint64_t> cache;
  const key_hash hash(seed);
  std::unordered_map<std::string, std::uint64_t> expected;
  std::unordered_map<std::string, std::uint64_t> passed;
  std::uint64_t n_passed = 0;
  const auto pass_on = [&](packed_key key, std::uint64_t value) {
    passed[std::string(key.text())] += value;
    ++n_passed;
  };
  random_stream random(seed, 0);
  const std::uint32_t n_keys = seed % 2 == 0 ? 100'000 : 5'000;
  const std::uint32_t n_added = 100'000;
  for (std::uint32_t i = 0; i < n_added; ++i) {
    // Half of all is one key, whatever else comes by.
    const std::string text = i % 2 == 0 ? "hot" : std::to_string(random() % n_keys);
    const packed_key key = pack(text);
    cache.prefetch(hash(key));
    rankwise::combine::slot<std::uint64_t> pushed_out;
    if (cache.add(key, hash(key), i, std::plus<>{}, pushed_out))
      pass_on(pushed_out.key, pushed_out.value);
    expected[text] += i;
  }
  CHECK(n_passed < n_added / 2);
  const std::uint64_t n_hot = passed.contains("hot") ? 1 : 0;
  CHECK(n_hot == 0);
  cache.drain(pass_on);
  CHECK(passed == expected);
  cache.drain([](packed_key, std::uint64_t) { FAIL("drained twice"); });
}

TEMPLATE_TEST_CASE("a zynq front loses nothing: long keys, large values and carries go on",
                   "",
                   std::uint32_t,
                   std::uint64_t) {
  const auto seed = GENERATE(range(1U, 9U));
  CAPTURE(seed);
  rankwise::combine::zynq_front front;
  const key_hash hash(seed);
  std::unordered_map<std::string, TestType> expected;
  std::unordered_map<std::string, TestType> passed;
  std::uint64_t n_passed = 0;
  const auto pass_on = [&](packed_key key, TestType value) {
    passed[std::string(key.text())] += value;
    ++n_passed;
  };
  random_stream random(seed, 0);
  const std::uint32_t n_keys = 1000U << (seed % 5U);
  std::uint64_t n_must_pass = 0;
  for (int i = 0; i < 50'000; ++i) {
    const std::uint32_t number = random() % n_keys;
    std::string text = std::to_string(number);
    if (number % 17 == 0) text += " and more";  // longer than 8 bytes
    TestType value = number % 5 == 0 ? random() : 1;
    if (number % 19 == 0) value = static_cast<TestType>(std::uint64_t{value} << 17U);
    const packed_key key = pack(text);
    n_must_pass += text.size() > 8 || value > UINT32_MAX ? 1 : 0;
    front.add(key, hash(key), value, pass_on);
    expected[text] += value;
  }
  CHECK(n_passed >= n_must_pass);
  if (n_keys <= 1000) {
    CHECK(n_passed < 20'000);  // 1,000 keys in 4,096 places: most stay
  }
  front.drain(pass_on);
  CHECK(passed == expected);
  front.drain([](packed_key, std::uint64_t) { FAIL("drained twice"); });
}

TEST_CASE("a segment's memory is what its table and its values take, and is given back") {
  rankwise::combine::memory_use memory;
  const key_hash hash(3);
  {
    using longer = decltype([](std::string left, std::string right) {
      return left.size() < right.size() ? right : left;
    });
    rankwise::combine::segment<std::string, longer, linear_table> texts(hash, 0, memory);
    for (int i = 0; i < 1'000; ++i)
      texts.add(pack("hot"), hash(pack("hot")), std::string(100, 'x'), longer{});
    CHECK(memory.bytes == texts.bytes());
    CHECK(texts.bytes() < 2'000);  // one value, and not the thousand that it was made of
    texts.add(pack("hot"), hash(pack("hot")), std::string(5'000, 'x'), longer{});
    CHECK(texts.bytes() > 5'000);
    CHECK(texts.bytes() < 7'000);
    auto moved = std::move(texts);
    CHECK(memory.bytes == moved.bytes());
    moved.clear();
    CHECK(memory.bytes == 0);
    moved.add(std::string_view(), hash(std::string_view()), "again", longer{});
    CHECK(memory.bytes != 0);
  }
  CHECK(memory.bytes == 0);
  CHECK(memory.most_bytes > 5'000);
  {
    struct append {
      using list = std::vector<std::string>;

      list operator()(list left, const list& right) const {
        left.insert(left.end(), right.begin(), right.end());
        return left;
      }
    };

    rankwise::combine::segment<std::vector<std::string>, append, linear_table> lists(
        hash, 0, memory);
    for (int i = 0; i < 1'000; ++i)
      lists.add(pack("hot"), hash(pack("hot")), {std::string(100, 'x')}, append{});
    CHECK(lists.bytes() > 100'000);  // also what the list's texts hold
    CHECK(lists.bytes() < 200'000);
  }
  CHECK(memory.bytes == 0);
}
