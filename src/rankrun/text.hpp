// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/error.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace rankwise::launcher {

/// Ranks, slots and hosts are counted up to here: far above any cluster, far below any overflow.
constexpr int largest_count = 1'000'000;

/// ASCII alone, whatever the locale.
constexpr bool is_alphanumeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

inline std::string_view trim(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n";
  const std::size_t first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

/// The parts between the separators; one more than there are separators.
inline std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

/// The runs of characters that are not blank.
inline std::vector<std::string_view> split_words(std::string_view text) {
  std::vector<std::string_view> words;
  for (text = trim(text); !text.empty();) {
    const std::size_t end = std::min(text.find_first_of(" \t\r\n"), text.size());
    words.push_back(text.substr(0, end));
    text = trim(text.substr(end));
  }
  return words;
}

/// A whole number from 0 to `largest`, and nothing else in the text.
inline std::optional<int> parse_number(std::string_view text, int largest) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  if (value < 0 || value > largest) return std::nullopt;
  return value;
}

/// A whole number from 1 to `largest_count`, and nothing else in the text.
inline std::optional<int> parse_count(std::string_view text) {
  const auto number = parse_number(text, largest_count);
  return number == 0 ? std::nullopt : number;
}

/// The text without the mark by which some editors say that it is UTF-8.
constexpr std::string_view without_byte_order_mark(std::string_view text) {
  constexpr std::string_view mark = "\xef\xbb\xbf";
  return text.starts_with(mark) ? text.substr(mark.size()) : text;
}

/// Text that may come from anywhere, for a terminal: on one line, without control characters (of
/// ASCII, and U+0080 to U+009F in UTF-8).
inline std::string plain_text(std::string_view text) {
  std::string shown;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto code = static_cast<unsigned char>(text[at]);
    const auto next = static_cast<unsigned char>(at + 1 < text.size() ? text[at + 1] : ' ');
    const bool is_control = code == 0xc2 && next >= 0x80 && next < 0xa0;
    shown += is_control || code < 0x20 || code == 0x7f ? ' ' : text[at];
    if (is_control) ++at;
  }
  return shown;
}

/// The word as a POSIX shell reads it back.
inline std::string shell_quoted(std::string_view word) {
  constexpr std::string_view harmless = "-_./:,=+@%^";
  const bool is_plain = std::all_of(word.begin(), word.end(), [&](char c) {
    return is_alphanumeric(c) || harmless.find(c) != std::string_view::npos;
  });
  if (is_plain && !word.empty()) return std::string(word);
  std::string quoted = "'";
  for (const char c : word) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

}  // namespace rankwise::launcher
