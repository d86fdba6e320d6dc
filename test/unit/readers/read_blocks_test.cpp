// SPDX-License-Identifier: MIT
#include <rankwise/readers/for_each_block.hpp>

#include "catch.hpp"
#include "readers/read_support.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

namespace {

using read_tests::for_each_split;
using read_tests::generator;

struct layout {
  std::size_t record_bytes = 1;
  std::size_t header_bytes = 0;
};

// What all ranges give out, one after the other.
std::string read_records(std::string_view file,
                         layout how,
                         std::size_t split_bytes,
                         std::size_t read_bytes) {
  std::string all;
  for_each_split(file, split_bytes, read_bytes, [&](rankwise::input& part) {
    rankwise::for_each_block(
        part, how.record_bytes, how.header_bytes, [&](std::span<const unsigned char> bytes) {
          CHECK(!bytes.empty());
          CHECK(bytes.size() % how.record_bytes == 0);
          all.append(bytes.begin(), bytes.end());
        });
  });
  return all;
}

}  // namespace

TEST_CASE("records are given out once, whatever the splits and the blocks") {
  const auto seed = GENERATE(range(1U, 301U));
  generator random(seed);
  const layout how{random.between(1, 40), random.up_to(1) * random.up_to(60)};
  const std::string file = random.text(how.header_bytes + random.up_to(60) * how.record_bytes, "");
  const std::size_t split_bytes = random.between(1, 300);
  const std::size_t read_bytes = random.between(1, 100);
  CAPTURE(seed, how.record_bytes, how.header_bytes, file.size(), split_bytes, read_bytes);
  const bool same =
      read_records(file, how, split_bytes, read_bytes) == file.substr(how.header_bytes);
  CHECK(same);
}

TEST_CASE("an incomplete record at the end is refused, with its place") {
  const auto seed = GENERATE(range(1U, 101U));
  generator random(seed);
  const layout how{random.between(2, 40), random.up_to(60)};
  const std::size_t n_left = random.between(1, how.record_bytes - 1);
  const std::size_t whole = how.header_bytes + random.up_to(60) * how.record_bytes;
  const std::string file = random.text(whole + n_left, "");
  const std::string message = read_tests::error_of(
      [&] { read_records(file, how, random.between(1, 300), random.between(1, 100)); });
  CHECK(message == "some/file: byte " + std::to_string(whole) + ": an incomplete record: " +
                       std::to_string(n_left) + " bytes of " + std::to_string(how.record_bytes));
}

TEST_CASE("a file that ends in its header is refused") {
  for (const std::size_t split_bytes : {std::size_t{1}, std::size_t{10}}) {
    CHECK(read_tests::error_of([&] {
            read_records("12345", {2, 6}, split_bytes, 2);
          }) == "some/file: byte 5: the end of the file, in its header of 6 bytes");
  }
  CHECK(read_tests::error_of([] {
          read_records("", {2, 6}, 1, 2);
        }) == "some/file: byte 0: the end of the file, in its header of 6 bytes");
  CHECK(read_records("123456", {2, 6}, 1, 2).empty());
}

TEST_CASE("records that are larger than a block, or no divisor of it") {
  const std::string file = generator(5).text(std::size_t{3} << 20U, "");
  for (const std::size_t record_bytes : {std::size_t{3}, std::size_t{1} << 20U}) {
    const bool same = read_records(file, {record_bytes, 0}, 1'000'000, 300'000) == file;
    CHECK(same);
  }
  rankwise::input whole = rankwise::input::of_text("abc");
  CHECK_THROWS_AS(rankwise::for_each_block(whole, 0, 0, [](std::span<const unsigned char>) {}),
                  std::invalid_argument);
}
