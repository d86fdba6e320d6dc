// SPDX-License-Identifier: MIT
#include <rankwise/readers/for_each_letters.hpp>
#include <rankwise/readers/for_each_word.hpp>

#include "catch.hpp"
#include "readers/read_support.hpp"

#include <cctype>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using read_tests::for_each_split;
using read_tests::generator;
using words = std::vector<std::string>;

// Byte by byte, in the C locale.
words words_of(std::string_view text) {
  words found;
  std::string word;
  for (const char byte : text) {
    if (std::isspace(static_cast<unsigned char>(byte)) == 0) {
      word += byte;
    } else if (!word.empty()) {
      found.push_back(std::exchange(word, {}));
    }
  }
  if (!word.empty()) found.push_back(word);
  return found;
}

words letters_of(std::string_view text) {
  std::string spaced;
  for (const char byte : text) {
    const bool is_letter = std::isalpha(static_cast<unsigned char>(byte)) != 0;
    spaced += is_letter ? static_cast<char>(std::tolower(static_cast<unsigned char>(byte))) : ' ';
  }
  return words_of(spaced);
}

// Takes words, and touches all bytes that a token promises.
struct collector {
  words found;
  unsigned sum = 0;

  auto use() {
    return [this](rankwise::token word) {
      found.emplace_back(word);
      for (std::size_t i = 0; i < rankwise::token::readable_bytes; ++i)
        sum += static_cast<unsigned char>(word.data()[i]);
    };
  }
};

words read_words(std::string_view text, std::size_t split_bytes, std::size_t read_bytes) {
  collector all;
  for_each_split(text, split_bytes, read_bytes, [&](rankwise::input& part) {
    rankwise::for_each_word(part, all.use());
  });
  return all.found;
}

words read_letters(std::string_view text, std::size_t split_bytes, std::size_t read_bytes) {
  collector all;
  for_each_split(text, split_bytes, read_bytes, [&](rankwise::input& part) {
    rankwise::for_each_letters(part, all.use());
  });
  return all.found;
}

}  // namespace

TEST_CASE("words are found once, whatever the splits and the blocks") {
  const auto seed = GENERATE(range(1U, 401U));
  generator random(seed);
  const std::string text = random.mixed_text(2000);
  const std::size_t split_bytes = random.between(1, 300);
  const std::size_t read_bytes = random.between(1, random.between(1, 400));
  CAPTURE(seed, text.size(), split_bytes, read_bytes);
  const bool same_words = read_words(text, split_bytes, read_bytes) == words_of(text);
  CHECK(same_words);
  const bool same_letters = read_letters(text, split_bytes, read_bytes) == letters_of(text);
  CHECK(same_letters);
}

TEST_CASE("words are found once in small texts, cut everywhere") {
  const std::string text = GENERATE(as<std::string>{},
                                    "",
                                    " ",
                                    "\n\n",
                                    "a",
                                    "ab",
                                    " Ab",
                                    "ab ",
                                    "ab cd",
                                    "  ab\tcd\r\n",
                                    std::string("a\0b \0 c", 7));
  for (std::size_t split_bytes = 1; split_bytes <= text.size() + 1; ++split_bytes) {
    for (std::size_t read_bytes = 1; read_bytes <= text.size() + 1; ++read_bytes) {
      CAPTURE(text, split_bytes, read_bytes);
      CHECK(read_words(text, split_bytes, read_bytes) == words_of(text));
      CHECK(read_letters(text, split_bytes, read_bytes) == letters_of(text));
    }
  }
}

TEST_CASE("words are found in a file of many blocks") {
  generator random(7);
  std::string text;
  while (text.size() < 1'500'000) text += random.mixed_text(20'000);
  const read_tests::temporary_file file(text);
  const words expected = words_of(text);
  const words expected_letters = letters_of(text);
  for (const std::size_t split_bytes :
       {std::size_t{2'000'000}, std::size_t{262'144}, std::size_t{77'777}}) {
    collector by_blanks;
    collector by_letters;
    for (std::size_t first = 0; first < text.size(); first += split_bytes) {
      rankwise::split part;
      part.path = file.path();
      part.first = first;
      part.last = std::min(first + split_bytes, text.size());
      rankwise::input one = rankwise::input::open(part);
      rankwise::for_each_word(one, by_blanks.use());
      rankwise::input other = rankwise::input::open(part);
      rankwise::for_each_letters(other, by_letters.use());
    }
    const bool same_words = by_blanks.found == expected;
    CHECK(same_words);
    const bool same_letters = by_letters.found == expected_letters;
    CHECK(same_letters);
  }
}

TEST_CASE("a word of many blocks is read once, by the split in which it begins") {
  constexpr std::size_t large = std::size_t{5} << 20U;
  const std::string word = generator(3).text(large, "abcdefgh");
  const std::string text = "one " + word + " two";
  constexpr std::size_t split_bytes = 300'000;
  constexpr std::size_t read_bytes = 100'000;
  collector all;
  std::uint64_t n_bytes_read = 0;
  for_each_split(text, split_bytes, read_bytes, [&](rankwise::input& part) {
    rankwise::for_each_letters(part, all.use());
    const std::uint64_t n_here = static_cast<read_tests::trickle&>(part.source()).n_bytes_read();
    if (part.first() != 0) CHECK(n_here <= part.last() - part.first() + 1 + 4096);
    n_bytes_read += n_here;
  });
  const bool same = all.found == words{"one", word, "two"};
  CHECK(same);
  CHECK(n_bytes_read < 2 * text.size() + 1'000'000);
}

TEST_CASE("a word over the limit is refused, with its place") {
  const std::string text = "ab  abcdef\n" + std::string(5000, 'x') + " abc";
  const std::size_t split_bytes = GENERATE(std::size_t{1}, std::size_t{8}, std::size_t{100'000});
  const std::size_t read_bytes = GENERATE(std::size_t{1}, std::size_t{3}, std::size_t{100'000});
  words found;
  const auto read = [&](std::size_t limit) {
    found.clear();
    return read_tests::error_of([&] {
      for_each_split(text, split_bytes, read_bytes, [&](rankwise::input& part) {
        rankwise::for_each_word(
            part, [&](rankwise::token word) { found.emplace_back(word); }, {limit});
      });
    });
  };
  CHECK(read(5000) == "none");
  CHECK(found == words_of(text));
  CHECK(read(4999) ==
        "some/file: byte 11: a word of more than 4999 bytes, the most that is accepted");
  CHECK(found == words{"ab", "abcdef"});
  CHECK(read(5) == "some/file: byte 4: a word of more than 5 bytes, the most that is accepted");
  CHECK(found == words{"ab"});
}

TEST_CASE("what a user of words throws comes through") {
  rankwise::input text = rankwise::input::of_text("one two");
  CHECK_THROWS_AS(
      rankwise::for_each_word(text, [](rankwise::token) { throw std::out_of_range("no"); }),
      std::out_of_range);
}
