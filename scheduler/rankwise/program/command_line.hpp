// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/error.hpp>
#include <rankwise/options.hpp>
#include <rankwise/process/launcher.hpp>
#include <rankwise/program.hpp>
#include <rankwise/program/option_values.hpp>
#include <rankwise/program/program_options.hpp>
#include <rankwise/text/joined.hpp>

#include <boost/any.hpp>
#include <boost/program_options/cmdline.hpp>
#include <boost/program_options/errors.hpp>
#include <boost/program_options/options_description.hpp>
#include <boost/program_options/parsers.hpp>
#include <boost/program_options/value_semantic.hpp>
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>
#include <functional>
#include <map>
#include <numeric>
#include <sstream>
#include <string>
#include <string_view>
#include <unistd.h>
#include <utility>
#include <vector>

namespace rankwise {

/// What a program was started with.
struct arguments {
  std::vector<std::string> words;  ///< of the command line, without the program's name
  std::map<std::string, std::string, std::less<>> environment;

  /// As `main` got them, and this process's environment, with what rankrun had put there.
  static arguments of_process(int argc, const char* const* argv);
};

/// What a program does after its command line has been read.
struct command_line_answer {
  enum class step { go_on, print_and_exit };
  step next = step::go_on;
  std::string text;  ///< the help or the version, where that was asked for
};

namespace detail {

/// Insertions, deletions and replacements that make `one` of `other`. Source: Levenshtein's
/// distance, by rows.
inline std::size_t edit_distance(std::string_view one, std::string_view other) {
  std::vector<std::size_t> row(other.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < one.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < other.size(); ++j) {
      const std::size_t replaced = diagonal + (one[i] == other[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

/// The name that `word` was probably meant to be; empty where none is near.
inline std::string nearest_name(std::string_view word, const std::vector<std::string>& names) {
  std::string nearest;
  std::size_t least = std::max<std::size_t>(2, word.size() / 3) + 1;
  for (const std::string& name : names) {
    const bool abbreviated = word.size() >= 2 && name.starts_with(word);
    const std::size_t distance = abbreviated ? 1 : edit_distance(word, name);
    if (distance >= least || distance >= word.size()) continue;
    least = distance;
    nearest = name;
  }
  return nearest;
}

inline std::string with_suggestion(std::string text,
                                   std::string_view prefix,
                                   const std::string& nearest) {
  if (!nearest.empty()) text += fmt::format("; did you mean {}{}?", prefix, nearest);
  return text + (nearest.empty() ? "; see --help" : " See --help");
}

inline std::vector<std::string> long_names(
    const boost::program_options::options_description& description) {
  std::vector<std::string> names;
  for (const auto& option : description.options()) names.push_back(option->long_name());
  return names;
}

/// ON_ERROR, for RANKWISE_ON_ERROR, of on-error.
inline std::string variable_name(std::string_view option) {
  std::string name;
  for (const char letter : option) {
    name +=
        letter == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(letter)));
  }
  return name;
}

/// Hands `words` to the option, which stores or refuses them; `name` is how the user called it.
inline void set_option(const boost::program_options::option_description& option,
                       const std::string& name,
                       const std::vector<std::string>& words,
                       boost::any& value) {
  try {
    option.semantic()->parse(value, words, false);  // as they are: a file name need not be UTF-8
    option.semantic()->notify(value);
  } catch (const bad_value& error) {
    throw config_error(name + ": " + error.what());
  } catch (const boost::program_options::error&) {
    // A type of the program's own, which knows no more than that the text did not fit.
    throw config_error(
        fmt::format("{}: found \"{}\", which can't be read; see --help", name, joined(words, " ")));
  }
}

/// Throws: config_error where there are too few.
inline void require_operands(const operands& takes) {
  if (takes.target == nullptr || takes.target->size() >= takes.at_least) return;
  const std::size_t found = takes.target->size();
  throw config_error(fmt::format("{}: found {}, accepted: {}{}; see --help",
                                 takes.name,
                                 found == 0 ? "nothing" : std::to_string(found),
                                 takes.at_least == 1 ? "one" : std::to_string(takes.at_least),
                                 takes.name.ends_with("...") ? " or more" : ""));
}

inline std::string as_typed(std::string_view key) {
  return (key.starts_with('-') ? "" : "--") + std::string(key);
}

inline std::vector<boost::program_options::option> split_words(
    const std::vector<std::string>& words,
    const boost::program_options::options_description& known) {
  namespace po = boost::program_options;
  namespace style = po::command_line_style;
  try {
    // No guessing: a script that says --se today would mean something else after the next release.
    return po::command_line_parser(words)
        .options(known)
        .style(style::unix_style & ~style::allow_guessing)
        .allow_unregistered()
        .run()
        .options;
  } catch (const po::invalid_command_line_syntax& error) {
    const std::string name = as_typed(error.get_option_name());
    const bool takes_none = error.kind() == po::invalid_syntax::extra_parameter;
    throw config_error(name + (takes_none ? ": takes no value; see --help"
                                          : ": its value is missing; see --help"));
  } catch (const po::error& error) {
    throw config_error(std::string(error.what()) + "; see --help");
  }
}

}  // namespace detail

/// Sets in `how` what the RANKWISE_* variables say: RANKWISE_ON_ERROR for --on-error, and so on; a
/// switch takes 1 or 0. An empty variable counts as none. Other programs' variables
/// (RANKWISE_TERMINAL, _SSH, _PASSPHRASE, _LAUNCHER, _TEST_*) are left alone.
///
/// Throws: config_error, naming the variable, for a bad value and for a RANKWISE_* variable that
/// there is not.
inline void parse_environment(const std::map<std::string, std::string, std::less<>>& environment,
                              options& how) {
  static constexpr std::array<std::string_view, 4> of_others{
      "TERMINAL", "SSH", "PASSPHRASE", "LAUNCHER"};
  const auto group = program_options(how);
  const std::string_view prefix = "RANKWISE_";
  std::map<std::string, const boost::program_options::option_description*, std::less<>> known;
  for (const auto& option : group.options()) {
    if (option->long_name() != "help" && option->long_name() != "version")
      known[detail::variable_name(option->long_name())] = option.get();
  }
  for (auto at = environment.lower_bound(prefix);
       at != environment.end() && at->first.starts_with(prefix);
       ++at) {
    const auto& [variable, text] = *at;
    const std::string_view name = std::string_view(variable).substr(prefix.size());
    if (name.starts_with("TEST_") ||
        std::find(of_others.begin(), of_others.end(), name) != of_others.end())
      continue;
    const auto found = known.find(name);
    if (found == known.end()) {
      std::vector<std::string> names;
      names.reserve(known.size());
      for (const auto& [one, option] : known) names.push_back(one);
      throw config_error(detail::with_suggestion(
          "unknown variable " + variable, prefix, detail::nearest_name(name, names)));
    }
    if (text.empty()) continue;
    const bool is_switch = found->second->semantic()->max_tokens() == 0;
    if (is_switch && text != "0" && text != "1")
      throw config_error(variable + ": " + bad_value(text, "0, 1").what());
    boost::any value;
    detail::set_option(*found->second, variable, {text}, value);
  }
}

/// Reads a command line: the options of `program`, which go where their values say, and the
/// scheduler's, which go to `how` and win over the environment's.
///
/// Throws: config_error, naming the option or variable, what was found and what is accepted; also
/// for an option given twice, an argument that is no option's where the program takes none, and an
/// abbreviated name.
inline command_line_answer parse_command_line(const arguments& given,
                                              options& how,
                                              const program& program) {
  namespace po = boost::program_options;
  options chosen = how;
  const auto describe = [&program](options& target) {
    po::options_description all;
    all.add(program.options).add(program_options(target));
    return all;
  };
  const auto asked_about = describe(chosen);
  const std::vector<po::option> words = detail::split_words(given.words, asked_about);
  const auto has = [&words](std::string_view name) {
    return std::any_of(words.begin(), words.end(), [name](const po::option& word) {
      return word.string_key == name;
    });
  };
  if (has("help")) {
    std::ostringstream text;
    text << program.name << " " << program.version << ": " << program.summary
         << "\n\nUsage: " << program.name << " [options]"
         << (program.operands.target == nullptr ? "" : " " + program.operands.name) << "\n"
         << asked_about;
    return {command_line_answer::step::print_and_exit, text.str()};
  }
  if (has("version"))
    return {command_line_answer::step::print_and_exit, program.name + " " + program.version + "\n"};

  parse_environment(given.environment, chosen);
  const auto known = describe(chosen);
  std::map<std::string, boost::any> values;
  const auto add_given = [&chosen](const std::string& name, const std::vector<std::string>& texts) {
    std::string& text = chosen.given[name];
    text += (text.empty() || texts.empty() ? "" : " ") + joined(texts, " ");
  };
  for (const po::option& word : words) {
    if (word.position_key != -1 && program.operands.target != nullptr) {
      program.operands.target->insert(
          program.operands.target->end(), word.value.begin(), word.value.end());
      add_given(program.operands.name, word.value);
      continue;
    }
    if (word.position_key != -1) {
      throw config_error(
          fmt::format("found \"{}\", accepted: options only; see --help", joined(word.value, " ")));
    }
    const std::string name = detail::as_typed(word.string_key);
    if (word.unregistered) {
      throw config_error(detail::with_suggestion(
          "unknown option " + name,
          "--",
          detail::nearest_name(word.string_key, detail::long_names(known))));
    }
    const po::option_description& option = known.find(word.string_key, false);
    boost::any& value = values[option.long_name()];
    if (!value.empty() && !option.semantic()->is_composing())
      throw config_error(name + ": given twice");
    detail::set_option(option, name, word.value, value);
    if (program.options.find_nothrow(option.long_name(), false) != nullptr)
      add_given("--" + option.long_name(), word.value);
  }
  for (const auto& option : known.options()) {
    boost::any value;
    if (values.contains(option->long_name())) continue;
    if (option->semantic()->is_required())
      throw config_error("--" + option->long_name() + ": missing; see --help");
    if (option->semantic()->apply_default(value)) option->semantic()->notify(value);
  }
  detail::require_operands(program.operands);
  how = chosen;
  return {};
}

inline arguments arguments::of_process(int argc, const char* const* argv) {
  arguments all;
  if (argc > 1) all.words.assign(argv + 1, argv + argc);
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const std::size_t equals = text.find('=');
    if (equals != std::string_view::npos)
      all.environment.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  const auto& taken = launch_environment::of_process().taken();
  all.environment.insert(taken.begin(), taken.end());
  return all;
}

}  // namespace rankwise
