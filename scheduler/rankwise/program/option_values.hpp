// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/error.hpp>
#include <rankwise/text/joined.hpp>
#include <rankwise/text/parse_number.hpp>

#include <boost/program_options/value_semantic.hpp>
#include <fmt/core.h>

#include <charconv>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>

namespace rankwise {

/// The value of an option can't be used. `parse_command_line` puts the option's or the variable's
/// name before the text.
class bad_value : public config_error {
 public:
  bad_value(std::string_view found, std::string_view accepted)
      : config_error(fmt::format("found \"{}\", accepted: {}", found, accepted)) {}
};

/// A whole number read from text, nothing else around it.
///
/// Throws: bad_value if it is none, or not from `at_least` to `at_most`. (Boost's own conversion
/// turns -3 into 18446744073709551613.)
template <std::integral T>
T parse_whole_number(std::string_view text,
                     T at_least = 0,
                     T at_most = std::numeric_limits<T>::max()) {
  T number = 0;
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, number);
  if (error == std::errc() && stopped == end && number >= at_least && number <= at_most)
    return number;
  const bool too_large = error == std::errc::result_out_of_range && !text.starts_with('-');
  const bool bounded = at_most != std::numeric_limits<T>::max() || too_large;
  throw bad_value(text,
                  bounded ? fmt::format("a whole number from {} to {}", at_least, at_most)
                          : fmt::format("a whole number of at least {}", at_least));
}

/// The value of an option that is a whole number from `at_least` to `at_most`; goes to `target`,
/// which keeps what it has where the option is not given.
///
///     group.add_options()("count", rankwise::whole_number(count, 1U), "how many keys");
template <std::integral T>
boost::program_options::typed_value<std::string>* whole_number(
    T& target,
    std::type_identity_t<T> at_least = 0,
    std::type_identity_t<T> at_most = std::numeric_limits<T>::max()) {
  return boost::program_options::value<std::string>()->value_name("N")->notifier(
      [&target, at_least, at_most](const std::string& text) {
        target = parse_whole_number<T>(text, at_least, at_most);
      });
}

/// The value of an option that is some text, not empty; goes to `target`. `name` stands for it in
/// the help: FILE, DIR.
inline boost::program_options::typed_value<std::string>* nonempty_text(std::string& target,
                                                                       const char* name) {
  return boost::program_options::value<std::string>()->value_name(name)->notifier(
      [&target, name](const std::string& given) {
        if (given.empty()) throw bad_value(given, name);
        target = given;
      });
}

/// The value of an option that is a number of seconds, more than 0 and at most a year; goes to
/// `target`.
inline boost::program_options::typed_value<std::string>* seconds(double& target) {
  return boost::program_options::value<std::string>()->value_name("S")->notifier(
      [&target](const std::string& text) {
        constexpr double year = 365.0 * 24 * 3600;
        const std::optional<double> number = parse_number(text);
        if (!number || !(*number > 0 && *number <= year))
          throw bad_value(text, "a number of seconds, more than 0 and at most a year");
        target = *number;
      });
}

/// A number of bytes read from text: a whole number, and K, M, G or T behind it for powers of 1024.
///
/// Throws: bad_value if it is none, or less than `at_least`.
inline std::uint64_t parse_byte_count(std::string_view text, std::uint64_t at_least) {
  constexpr std::string_view units = "KMGT";
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, number);
  std::string_view unit(stopped, static_cast<std::size_t>(end - stopped));
  unsigned shift = 0;
  if (unit.size() == 1 && units.find(unit.front()) != std::string_view::npos) {
    shift = 10 * static_cast<unsigned>(units.find(unit.front()) + 1);
    unit = {};
  }
  if (error == std::errc() && unit.empty() && number << shift >> shift == number &&
      number << shift >= at_least) {
    return number << shift;
  }
  throw bad_value(
      text, fmt::format("a number of bytes of at least {}, such as 512K, 256M or 2G", at_least));
}

/// The value of an option that is a number of bytes of at least `at_least`; goes to `target`.
inline boost::program_options::typed_value<std::string>* byte_count(std::uint64_t& target,
                                                                    std::uint64_t at_least) {
  return boost::program_options::value<std::string>()->value_name("SIZE")->notifier(
      [&target, at_least](const std::string& text) { target = parse_byte_count(text, at_least); });
}

/// The value of an option that is one of `names`, which are in the order of the enumeration;
/// `names` must live as long as the option.
template <class Enum>
  requires std::is_enum_v<Enum> boost::program_options::typed_value<std::string>

*one_of(Enum& target, std::span<const std::string_view> names) {
  return boost::program_options::value<std::string>()->value_name("NAME")->notifier(
      [&target, names](const std::string& text) {
        for (std::size_t i = 0; i < names.size(); ++i) {
          if (names[i] != text) continue;
          target = static_cast<Enum>(i);
          return;
        }
        throw bad_value(text, joined(names, ", "));
      });
}

}  // namespace rankwise
