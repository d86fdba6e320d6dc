// SPDX-License-Identifier: MIT
// Records as they travel, wait and lie on disk: round trips, cut ends, bytes that are no records.
#include <rankwise/error.hpp>
#include <rankwise/exchange/frame_layout.hpp>
#include <rankwise/files/spill_file.hpp>
#include <rankwise/map_reduce/combine/block_pool.hpp>
#include <rankwise/map_reduce/combine/memory_use.hpp>
#include <rankwise/map_reduce/combine/packed_key.hpp>
#include <rankwise/map_reduce/combine/packed_records.hpp>
#include <rankwise/map_reduce/combine/record_block.hpp>
#include <rankwise/map_reduce/combine/records.hpp>
#include <rankwise/map_reduce/combine/run_writer.hpp>
#include <rankwise/map_reduce/combine/value_codec.hpp>
#include <rankwise/map_reduce/combine/waiting_records.hpp>
#include <rankwise/random.hpp>
#include <rankwise/wire/buffer.hpp>

#include "catch.hpp"

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <unistd.h>
#include <utility>
#include <vector>

using Catch::Matchers::ContainsSubstring;
using rankwise::random_stream;
using rankwise::combine::extent;
using rankwise::combine::fits_inline;
using rankwise::combine::pack;
using rankwise::combine::packed_key;
using rankwise::combine::record_reader;
using rankwise::combine::record_slack;
using rankwise::combine::record_writer;
using rankwise::combine::run_writer;
using rankwise::combine::spill_file;

namespace {

template <class Value>
struct record {
  std::string key;
  Value value;

  bool operator==(const record&) const = default;
};

std::string random_text(random_stream& random, std::size_t n_bytes) {
  std::string text(n_bytes, '\0');
  for (char& byte : text) byte = static_cast<char>(random() % 256);
  return text;
}

template <std::integral Number>
void set_random(random_stream& random, Number& value) {
  value = static_cast<Number>((std::uint64_t{random()} << 32U | random()) >> random() % 64);
}

void set_random(random_stream& random, double& value) {
  value = static_cast<double>(random()) / 7;
}

void set_random(random_stream& random, std::string& value) {
  value = random_text(random, random() % 300);
}

template <class Part>
void set_random(random_stream& random, std::vector<Part>& value) {
  value.resize(random() % 5);
  for (Part& part : value) set_random(random, part);
}

template <class Value>
std::vector<record<Value>> random_records(std::uint64_t seed, std::size_t n) {
  random_stream random(seed, 0);
  std::vector<record<Value>> all;
  for (std::size_t i = 0; i < n; ++i) {
    const bool is_long = random() % 4 == 0;
    record<Value> one{random_text(random, random() % (is_long ? 300U : 20U)), Value{}};
    set_random(random, one.value);
    all.push_back(std::move(one));
  }
  return all;
}

template <class Writer, class Value>
void put(Writer& out, const record<Value>& one) {
  if (fits_inline(one.key.size())) {
    out.put(pack(one.key), one.value);
  } else {
    out.put(std::string_view(one.key), one.value);
  }
}

template <class Value>
record<Value> next_of(record_reader<Value>& reader) {
  record<Value> one;
  packed_key key;
  std::string_view text;
  reader.next(key, text, one.value);
  one.key = key.is_empty() ? std::string(text) : std::string(key.text());
  return one;
}

/// What can be read of `records`, which stand in memory of their own that ends with the slack: a
/// sanitizer sees a step too far.
template <class Value>
std::vector<record<Value>> read_all(std::span<const std::byte> records, bool& is_whole) {
  const auto copy = std::make_unique<std::byte[]>(records.size() + record_slack);
  if (!records.empty()) std::memcpy(copy.get(), records.data(), records.size());
  record_reader<Value> reader({copy.get(), records.size()});
  std::vector<record<Value>> all;
  is_whole = true;
  try {
    while (!reader.at_end()) all.push_back(next_of(reader));
    if (reader.remaining() != 0) FAIL("bytes are left at the end");
  } catch (const rankwise::wire::decode_error&) {
    is_whole = false;
  }
  return all;
}

template <class Value>
bool is_front_of(const std::vector<record<Value>>& some, const std::vector<record<Value>>& all) {
  return some.size() <= all.size() && std::equal(some.begin(), some.end(), all.begin());
}

}  // namespace

TEMPLATE_TEST_CASE("records come back as they were, wherever they are cut",
                   "",
                   std::uint64_t,
                   std::int32_t,
                   std::uint8_t,
                   double,
                   std::string,
                   std::vector<double>,
                   std::vector<std::string>) {
  const auto seed = GENERATE(range(1U, 6U));
  CAPTURE(seed);
  const auto expected = random_records<TestType>(seed, 25);
  record_writer<TestType> out;
  if (seed % 2 == 0) out.reserve(1000);
  for (const auto& one : expected) put(out, one);
  const std::size_t n_bytes = out.size();
  const rankwise::wire::bytes released = out.release();
  CHECK(out.size() == 0);
  REQUIRE(released.size() == n_bytes + record_slack);

  bool is_whole = false;
  CHECK(read_all<TestType>(std::span(released).first(n_bytes), is_whole) == expected);
  CHECK(is_whole);
  std::size_t n_borders = 0;
  for (std::size_t n = 0; n < n_bytes; ++n) {
    const auto some = read_all<TestType>(std::span(released).first(n), is_whole);
    if (!is_front_of(some, expected)) FAIL("other records, cut at " << n);
    n_borders += is_whole ? 1 : 0;
  }
  CHECK(n_borders == expected.size());  // it is whole at the begin of each record only
}

TEMPLATE_TEST_CASE("bytes that are no records are refused or read, and that is all",
                   "",
                   std::uint64_t,
                   std::uint16_t,
                   double,
                   std::string,
                   std::vector<double>,
                   std::vector<std::string>) {
  const auto seed = GENERATE(range(1U, 21U));
  CAPTURE(seed);
  random_stream random(seed, 0);
  bool is_whole = false;
  for (int i = 0; i < 200; ++i) {
    rankwise::wire::bytes noise(random() % 100);
    for (std::byte& byte : noise) {
      // Much that could be the length of a key.
      const std::uint32_t one = random();
      byte = static_cast<std::byte>(one % 3 == 0 ? 255 : one % 3 == 1 ? one / 3 % 20 : one / 3);
    }
    read_all<TestType>(noise, is_whole);
  }
  // One byte of a good buffer is another.
  record_writer<TestType> out;
  for (const auto& one : random_records<TestType>(seed, 10)) put(out, one);
  for (std::size_t i = 0; i < out.size(); ++i) {
    rankwise::wire::bytes wrong = out.bytes();
    wrong[i] ^= static_cast<std::byte>(1U + random() % 255U);
    read_all<TestType>(wrong, is_whole);
  }
}

TEST_CASE("numbers take as many bytes as they need") {
  using codec = rankwise::combine::value_codec<std::uint64_t>;
  std::byte place[rankwise::combine::detail::varint_bytes + 1];
  for (unsigned bits = 0; bits <= 64; ++bits) {
    const std::uint64_t most = bits == 64 ? UINT64_MAX : (std::uint64_t{1} << bits) - 1;
    const std::byte* const end = codec::put(place, most);
    CHECK(static_cast<unsigned>(end - place) == std::max(1U, (bits + 6) / 7));
    std::uint64_t value = 0;
    CHECK(codec::get(place, end, value) == end);
    CHECK(value == most);
    CHECK_THROWS_AS(codec::get(place, end - 1, value), rankwise::wire::decode_error);
  }
  for (std::byte& byte : place) byte = std::byte{0xff};  // a number that does not end
  std::uint64_t value = 0;
  CHECK_THROWS_AS(codec::get(place, place + sizeof place, value), rankwise::wire::decode_error);
}

TEST_CASE("only what a slot can hold as its bytes is a value of slots") {
  using rankwise::combine::slot_value;

  struct alignas(32) wide {
    double all[4];
  };

  struct large {
    double all[9];
  };

  STATIC_REQUIRE(slot_value<std::uint64_t>);
  STATIC_REQUIRE(slot_value<std::pair<int, double>> ==
                 std::is_trivially_copyable_v<std::pair<int, double>>);
  STATIC_REQUIRE_FALSE(slot_value<std::string>);
  STATIC_REQUIRE_FALSE(slot_value<wide>);  // tables have the alignment that malloc gives
  STATIC_REQUIRE_FALSE(slot_value<large>);
}

TEST_CASE("blocks of a pool do not overlap, and come again") {
  const bool keeps_blocks = GENERATE(true, false);
  constexpr std::size_t block_bytes = 60'000;  // four to a piece
  rankwise::combine::block_pool pool(block_bytes, keeps_blocks);
  for (int round = 0; round < 3; ++round) {
    std::vector<std::byte*> taken;
    for (unsigned i = 0; i < 10; ++i) {
      taken.push_back(pool.take());
      std::memset(taken.back(), static_cast<int>(i), block_bytes);
    }
    std::size_t n_wrong = 0;
    for (unsigned i = 0; i < taken.size(); ++i) {
      for (std::size_t at = 0; at < block_bytes; ++at)
        n_wrong += taken[i][at] == std::byte(i) ? 0 : 1;
    }
    CHECK(n_wrong == 0);
    for (std::byte* const one : taken) pool.give_back(one);
    if (!keeps_blocks) continue;
    std::byte* const again = pool.take();
    CHECK(again == taken.back());
    pool.give_back(again);
  }
}

TEST_CASE("records wait in blocks, until all of a segment are taken") {
  using rankwise::combine::memory_use;
  using rankwise::combine::record_block;
  const bool keeps_blocks = GENERATE(true, false);
  memory_use memory;
  constexpr std::size_t block_bytes = 512;
  rankwise::combine::waiting_records<double> waiting(3, block_bytes, keeps_blocks, memory);
  std::size_t n_blocks = 0;
  const auto read = [&](std::size_t index) {
    n_blocks = 0;
    std::vector<record<double>> found;
    waiting.for_each_block(index, [&](std::span<const std::byte> records) {
      ++n_blocks;
      bool is_whole = false;
      for (auto& one : read_all<double>(records, is_whole)) found.push_back(std::move(one));
      CHECK(is_whole);
    });
    return found;
  };
  CHECK(memory.bytes == 0);
  CHECK(waiting.is_empty(1));
  CHECK(read(1).empty());
  CHECK_FALSE(waiting.put(1, pack("a"), 1));  // no memory yet
  waiting.begin_block(1);
  CHECK(memory.bytes == block_bytes);
  const auto some = random_records<double>(1, 1000);
  std::vector<record<double>> expected;
  for (const auto& one : some) {
    if (!fits_inline(one.key.size())) continue;
    if (!waiting.put(1, pack(one.key), one.value)) {
      if (memory.bytes == 3 * block_bytes) break;
      waiting.begin_block(1);
      REQUIRE(waiting.put(1, pack(one.key), one.value));
    }
    expected.push_back(one);
  }
  CHECK(expected.size() > 30);
  // What comes from elsewhere: nothing, what a block has room for, and more than that.
  waiting.keep(1, record_block::copy_of({}));
  CHECK(memory.bytes == 4 * block_bytes);
  for (const std::size_t n : {5U, 100U}) {
    rankwise::combine::record_writer<double> out;
    for (std::size_t i = 0; i < n; ++i) {
      expected.push_back({std::to_string(i), static_cast<double>(i)});
      out.put(pack(expected.back().key), expected.back().value);
    }
    waiting.keep(1, record_block::copy_of(out.bytes()));
  }
  CHECK(memory.bytes > 6 * block_bytes);
  CHECK(waiting.bytes(1) == memory.bytes);
  CHECK(waiting.bytes(0) == 0);
  CHECK_FALSE(waiting.is_empty(1));
  const auto found = read(1);
  CHECK(n_blocks == 6);
  CHECK(std::is_permutation(found.begin(), found.end(), expected.begin(), expected.end()));
  CHECK_FALSE(waiting.put(1, pack("a"), 1));  // its block was ended
  waiting.begin_block(1);
  CHECK(waiting.put(1, pack("a"), 1));
  waiting.begin_block(2);
  CHECK(waiting.put(2, pack("b"), 2));
  waiting.drop(1);
  CHECK(memory.bytes == block_bytes);
  CHECK(waiting.is_empty(1));
  CHECK(read(1).empty());
  CHECK_FALSE(waiting.put(1, pack("a"), 1));
  CHECK(read(2) == std::vector<record<double>>{{"b", 2}});
  waiting.drop(2);
  CHECK(memory.bytes == 0);
  CHECK(memory.most_bytes > 6 * block_bytes);
}

TEST_CASE("packed records give back each key and value, and blocks that can be sent") {
  rankwise::combine::record_packer<std::uint64_t> packer;
  CHECK(packer.release().n_keys() == 0);
  for (const std::uint64_t n_keys : {1U, 1'000U, 30'000U}) {
    for (std::uint64_t i = 0; i < 5'000; ++i) packer.put(pack("left" + std::to_string(i)), i);
    packer.begin();
    for (std::uint64_t i = 0; i < n_keys; ++i) packer.put(pack(std::to_string(i)), i << (i % 60U));
    auto packed = packer.release();
    CHECK(packed.n_keys() == n_keys);
    std::uint64_t n = 0;
    std::uint64_t n_wrong = 0;
    packed.for_each([&](const rankwise::combine::packed_key& key, std::uint64_t value) {
      n_wrong += key == pack(std::to_string(n)) && value == n << (n % 60U) ? 0 : 1;
      ++n;
    });
    CHECK(n == n_keys);
    CHECK(n_wrong == 0);
    const std::size_t n_bytes = packed.bytes();
    std::size_t n_found = 0;
    for (rankwise::combine::record_block& block : packed.release()) {
      n_found += block.bytes();
      const std::size_t n_records = block.records().size();
      CHECK(block.release().size() ==
            rankwise::exchange::channel_headroom + n_records + record_slack);
    }
    CHECK(n_found == n_bytes);
    CHECK(packed.bytes() == 0);
    CHECK(packed.n_keys() == 0);
  }
}

TEMPLATE_TEST_CASE("runs on disk hold what was put, in order",
                   "",
                   std::uint64_t,
                   std::vector<std::string>) {
  const auto seed = GENERATE(range(1U, 4U));
  CAPTURE(seed);
  const auto expected = random_records<TestType>(seed, 8000);
  spill_file file(std::filesystem::temp_directory_path());
  CHECK(file.size() == 0);
  run_writer<TestType> one(file);
  run_writer<TestType> other(file);
  for (std::size_t i = 0; i < expected.size(); ++i) put(i % 3 == 0 ? other : one, expected[i]);
  std::vector<std::vector<record<TestType>>> found(2);
  std::uint64_t n_bytes = 0;
  for (std::size_t i = 0; i < 2; ++i) {
    const std::vector<extent> runs = (i == 0 ? one : other).release();
    CHECK(runs.size() > 1);
    for (const extent& run : runs) {
      rankwise::wire::bytes records(run.n_bytes);
      file.read(run.offset, records);
      n_bytes += run.n_bytes;
      bool is_whole = false;
      for (auto& found_one : read_all<TestType>(records, is_whole))
        found[i].push_back(std::move(found_one));
      CHECK(is_whole);
    }
  }
  CHECK(file.size() == n_bytes);
  CHECK(one.release().empty());
  std::vector<std::vector<record<TestType>>> put_there(2);
  for (std::size_t i = 0; i < expected.size(); ++i)
    put_there[i % 3 == 0 ? 1 : 0].push_back(expected[i]);
  CHECK(found == put_there);
}

TEST_CASE("a spill file has no name, ends where it is cut, and names the directory that fails") {
  namespace fs = std::filesystem;
  const fs::path directory =
      fs::temp_directory_path() / (std::to_string(::getpid()) + " rankwise spill test");
  fs::remove_all(directory);
  fs::create_directory(directory);
  {
    spill_file file(directory);
    file.check();
    const std::string text = "some bytes";
    const auto bytes = std::as_bytes(std::span(text));
    const extent first = file.write(bytes);
    const extent second = file.write(bytes);
    CHECK(second.offset == first.offset + first.n_bytes);
    CHECK(fs::is_empty(directory));
    CHECK(fs::file_size(file.path()) == 2 * text.size());
    file.cut(first.n_bytes);
    CHECK(file.size() == text.size());
    CHECK(fs::file_size(file.path()) == text.size());
    file.cut(1000);
    CHECK(file.size() == text.size());
    const extent third = file.write(bytes);
    std::string found(text.size(), ' ');
    file.read(third.offset, std::as_writable_bytes(std::span(found)));
    CHECK(found == text);
    CHECK_THROWS_WITH(file.read(third.offset + 1, std::as_writable_bytes(std::span(found))),
                      ContainsSubstring("rankwise spill test': reading 1 bytes at 20 failed: the "
                                        "file ends there; --spill-dir names another directory"));
  }
  fs::remove_all(directory);
  spill_file nowhere(directory);
  CHECK_THROWS_AS(nowhere.check(), rankwise::config_error);
  CHECK_THROWS_WITH(nowhere.write({}),
                    ContainsSubstring("rankwise spill test': no file can be made there: No such"));
}
