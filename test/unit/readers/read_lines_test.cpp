// SPDX-License-Identifier: MIT
#include <rankwise/readers/detail/memory_source.hpp>
#include <rankwise/readers/for_each_line.hpp>

#include "catch.hpp"
#include "readers/read_support.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace {

using read_tests::for_each_split;
using read_tests::generator;
using lines = std::vector<std::string>;

lines lines_of(const std::string& text) {
  lines found;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) found.push_back(line);
  return found;
}

lines read_lines(std::string_view text, std::size_t split_bytes, std::size_t read_bytes) {
  lines found;
  for_each_split(text, split_bytes, read_bytes, [&](rankwise::input& part) {
    rankwise::for_each_line(part, [&](std::string_view line) { found.emplace_back(line); });
  });
  return found;
}

}  // namespace

TEST_CASE("lines are found once, whatever the splits and the blocks") {
  const auto seed = GENERATE(range(1U, 401U));
  generator random(seed);
  const std::string text = random.mixed_text(2000);
  const std::size_t split_bytes = random.between(1, 300);
  const std::size_t read_bytes = random.between(1, random.between(1, 400));
  CAPTURE(seed, text.size(), split_bytes, read_bytes);
  const bool same = read_lines(text, split_bytes, read_bytes) == lines_of(text);
  CHECK(same);
}

TEST_CASE("lines are found once in small texts, cut everywhere") {
  const std::string text =
      GENERATE(as<std::string>{}, "", "\n", "\n\n", "a", "a\n", "\na", "a\n\nb", "ab\ncd\n\n");
  for (std::size_t split_bytes = 1; split_bytes <= text.size() + 1; ++split_bytes) {
    for (std::size_t read_bytes = 1; read_bytes <= text.size() + 1; ++read_bytes) {
      CAPTURE(text, split_bytes, read_bytes);
      CHECK(read_lines(text, split_bytes, read_bytes) == lines_of(text));
    }
  }
}

TEST_CASE("a line of many blocks is read once, by the split in which it begins") {
  const std::string line(std::size_t{5} << 20U, 'x');
  const std::string text = "one\n" + line + "\ntwo";
  lines found;
  std::uint64_t n_bytes_read = 0;
  for_each_split(text, 300'000, 100'000, [&](rankwise::input& part) {
    rankwise::for_each_line(part, [&](std::string_view one) { found.emplace_back(one); });
    n_bytes_read += static_cast<read_tests::trickle&>(part.source()).n_bytes_read();
  });
  const bool same = found == lines{"one", line, "two"};
  CHECK(same);
  CHECK(n_bytes_read < 2 * text.size() + 1'000'000);
}

TEST_CASE("a line over the limit is refused, with its place") {
  const std::string text = "ab\n\nabcdef\nabc";
  const std::size_t split_bytes = GENERATE(std::size_t{1}, std::size_t{5}, std::size_t{100});
  const std::size_t read_bytes = GENERATE(std::size_t{1}, std::size_t{3}, std::size_t{100});
  const auto read = [&](std::size_t limit) {
    return read_tests::error_of([&] {
      for_each_split(text, split_bytes, read_bytes, [&](rankwise::input& part) {
        rankwise::for_each_line(part, [](std::string_view) {}, {limit});
      });
    });
  };
  CHECK(read(6) == "none");
  CHECK(read(5) == "some/file: byte 4: a line of more than 5 bytes, the most that is accepted");
  CHECK(read(1) == "some/file: byte 0: a line of more than 1 bytes, the most that is accepted");
}

TEST_CASE("a source that has become shorter than the split holds no line there") {
  const std::string text = GENERATE(as<std::string>{}, "", "abc", "abcdefgh", "ab\nd", "abcd\nf\n");
  lines found;
  rankwise::input part(std::make_unique<rankwise::memory_source>("text", text), 4, 100);
  rankwise::for_each_line(part, [&](std::string_view one) { found.emplace_back(one); });
  CHECK(found == (text == "abcd\nf\n" ? lines{"f"} : lines{}));
}
