// SPDX-License-Identifier: MIT
#include <rankwise/random.hpp>
#include <rankwise/text/json.hpp>

#include "catch.hpp"

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>

using namespace std::string_literals;
using rankwise::json_text;
using rankwise::random_stream;

namespace {

/// A character in UTF-8, as RFC 3629 has it.
std::string utf8(std::uint32_t code_point) {
  const auto byte = [](std::uint32_t value) { return static_cast<char>(value); };
  if (code_point < 0x80U) return {byte(code_point)};
  if (code_point < 0x800U)
    return {byte(0xc0U | code_point >> 6U), byte(0x80U | (code_point & 63U))};
  if (code_point < 0x10000U) {
    return {byte(0xe0U | code_point >> 12U),
            byte(0x80U | (code_point >> 6U & 63U)),
            byte(0x80U | (code_point & 63U))};
  }
  return {byte(0xf0U | code_point >> 18U),
          byte(0x80U | (code_point >> 12U & 63U)),
          byte(0x80U | (code_point >> 6U & 63U)),
          byte(0x80U | (code_point & 63U))};
}

bool is_surrogate(std::uint32_t code_point) {
  return code_point >= 0xd800U && code_point < 0xe000U;
}

/// What a reader of JSON makes of a string, with Python's "surrogateescape" after it; "?" where it
/// refuses it.
std::string text_of(std::string_view json) {
  if (json.size() < 2 || json.front() != '"' || json.back() != '"') return "?";
  json = json.substr(1, json.size() - 2);
  std::string text;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const auto byte = static_cast<unsigned char>(json[i]);
    if (byte < 0x20U || byte == '"') return "?";
    if (byte != '\\') {
      text += json[i];
      continue;
    }
    if (++i == json.size()) return "?";
    if (json[i] == '"' || json[i] == '\\') {
      text += json[i];
      continue;
    }
    if (json[i] != 'u' || i + 4 >= json.size()) return "?";
    const auto code =
        static_cast<std::uint32_t>(std::stoul(std::string(json.substr(i + 1, 4)), nullptr, 16));
    i += 4;
    if (is_surrogate(code)) {
      if (code < 0xdc80U || code > 0xdcffU) return "?";
      text += static_cast<char>(code - 0xdc00U);
    } else {
      text += utf8(code);
    }
  }
  return text;
}

/// Whether `text` goes into the quotes as it is.
bool is_kept(const std::string& text) {
  return json_text(text) == '"' + text + '"';
}

}  // namespace

TEST_CASE("text becomes a string of JSON") {
  CHECK(json_text("") == R"("")");
  CHECK(json_text("word") == R"("word")");
  CHECK(json_text(R"(say "a\b")") == R"("say \"a\\b\"")");
  CHECK(json_text("a\nb\tc\0d\x1f"s) == R"("a\u000ab\u0009c\u0000d\u001f")");
  CHECK(json_text("\x7f") == "\"\x7f\"");
  CHECK(json_text("gr\xc3\xbc\xc3\x9f\x65") == "\"gr\xc3\xbc\xc3\x9f\x65\"");
  CHECK(json_text("\xff") == R"("\udcff")");
  CHECK(json_text("a\xc3") == R"("a\udcc3")");                    // cut short
  CHECK(json_text("\xc3(") == R"("\udcc3(")");                    // goes on wrong
  CHECK(json_text("\xc0\xaf") == R"("\udcc0\udcaf")");            // longer than it need be
  CHECK(json_text("\xed\xa0\x80") == R"("\udced\udca0\udc80")");  // half a surrogate pair
  CHECK(json_text("\xf4\x90\x80\x80") == R"("\udcf4\udc90\udc80\udc80")");  // past the last one
}

TEST_CASE("every character of Unicode is one, and nothing else is") {
  std::uint64_t n_wrong = 0;
  std::set<std::string> of_two;
  std::set<std::string> of_three;
  for (std::uint32_t code_point = 0x20; code_point <= 0x10ffffU; ++code_point) {
    if (is_surrogate(code_point) || code_point == '"' || code_point == '\\') continue;
    const std::string character = utf8(code_point);
    n_wrong += is_kept(character) ? 0 : 1;
    if (character.size() == 2) of_two.insert(character);
    if (character.size() == 3) of_three.insert(character);
  }
  CHECK(n_wrong == 0);
  for (std::uint32_t two = 0x8000; two <= 0xffffU; ++two) {
    const std::string bytes{static_cast<char>(two >> 8U), static_cast<char>(two)};
    n_wrong += rankwise::detail::utf8_length(bytes) == (of_two.contains(bytes) ? 2U : 0U) ? 0 : 1;
    for (const char third : {'\x7f', '\x80', '\xbf', '\xc0'}) {
      if (two < 0xe000U) continue;
      const std::string more = bytes + third;
      const std::size_t expected = of_three.contains(more) ? 3 : 0;
      n_wrong += rankwise::detail::utf8_length(more) == expected ? 0 : 1;
    }
  }
  CHECK(n_wrong == 0);
}

TEST_CASE("what was quoted comes back byte by byte") {
  const auto seed = GENERATE(range(1U, 201U));
  CAPTURE(seed);
  random_stream random(seed, 0);
  std::string text;
  for (std::uint32_t n = random() % 200; n != 0; --n) {
    // All bytes; and those that begin and go on in UTF-8, so that these meet.
    const std::uint32_t byte = random();
    const bool is_in_sequence = random() % 2 == 0;
    text += static_cast<char>(is_in_sequence ? 0x80U + byte % 0x80U : byte);
    if (byte % 7 == 0) text += utf8(random() % 0xd800U);
  }
  CHECK(text_of(json_text(text)) == text);
}
