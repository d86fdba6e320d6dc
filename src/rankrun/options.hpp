// SPDX-License-Identifier: MIT
#pragma once

#include "text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rankwise::launcher {

/// What the command line says.
struct options {
  std::optional<std::string> hostfile;
  std::optional<std::string> hosts;   ///< the value of --host
  std::optional<int> n_ranks;         ///< none: one rank a slot
  std::optional<int> n_threads;       ///< of a task; none: as many as the program takes
  std::optional<std::string> mpirun;  ///< none: the first on the PATH that is not the shim
  std::optional<std::string> input;   ///< the value of --stdin: none, or the rank that gets it
  bool tag_output = false;
  bool oversubscribe = false;
  bool allow_run_as_root = false;
  bool no_recovery = false;
  int start_timeout_s = 30;  ///< ranks that have not joined by then are missing
  int restarts = 0;          ///< how often a job that could not go on is started again
  bool dry_run = false;
  bool verbose = false;
  bool help = false;
  bool version = false;
  std::vector<std::string> passed_on;  ///< options for the real mpirun, as it wants them
  std::vector<std::string> app;        ///< the program and its arguments

  /// The last option that was passed on without a value, when the program's name came right after
  /// it: that name may have been meant as its value.
  std::string suspect;
};

namespace detail {

/// The real mpirun's options that are followed by values: Open MPI 4 and 5, and Hydra.
struct option_with_values {
  std::string_view name;
  int n_values;
};

constexpr std::array options_with_values{
    option_with_values{"x", 1},
    option_with_values{"mca", 2},
    option_with_values{"gmca", 2},
    option_with_values{"omca", 2},
    option_with_values{"prtemca", 2},
    option_with_values{"pmixmca", 2},
    option_with_values{"am", 1},
    option_with_values{"tune", 1},
    option_with_values{"wd", 1},
    option_with_values{"wdir", 1},
    option_with_values{"path", 1},
    option_with_values{"prefix", 1},
    option_with_values{"map-by", 1},
    option_with_values{"rank-by", 1},
    option_with_values{"bind-to", 1},
    option_with_values{"N", 1},
    option_with_values{"npernode", 1},
    option_with_values{"ppn", 1},
    option_with_values{"ppr", 1},
    option_with_values{"rf", 1},
    option_with_values{"rankfile", 1},
    option_with_values{"cpu-set", 1},
    option_with_values{"cpu-list", 1},
    option_with_values{"output", 1},
    option_with_values{"output-filename", 1},
    option_with_values{"timeout", 1},
    option_with_values{"launch-agent", 1},
    option_with_values{"report-uri", 1},
    option_with_values{"xterm", 1},
    option_with_values{"env", 2},
    option_with_values{"envlist", 1},
    option_with_values{"genv", 2},
    option_with_values{"genvlist", 1},
    option_with_values{"launcher", 1},
    option_with_values{"launcher-exec", 1},
    option_with_values{"rmk", 1},
    option_with_values{"iface", 1},
    option_with_values{"prepend-pattern", 1},
    option_with_values{"outfile-pattern", 1},
    option_with_values{"errfile-pattern", 1},
};

inline int values_after(std::string_view name) {
  const auto* const known = std::find_if(options_with_values.begin(),
                                         options_with_values.end(),
                                         [&](const auto& option) { return option.name == name; });
  return known == options_with_values.end() ? 0 : known->n_values;
}

/// Walks over the words; MPI's long options may start with one dash or with two.
class option_reader {
 public:
  explicit option_reader(const std::vector<std::string>& words) : words_(words) {}

  options read() {
    while (next_ < words_.size()) {
      const std::string& word = words_[next_];
      if (word == "--") {
        ++next_;
        result_.suspect.clear();
        break;
      }
      if (word.size() < 2 || word.front() != '-') break;
      ++next_;
      read_option(word);
    }
    result_.app.assign(words_.begin() + static_cast<std::ptrdiff_t>(next_), words_.end());
    return std::move(result_);
  }

 private:
  void read_option(const std::string& word) {
    word_ = word.substr(0, word.find('='));
    attached_.reset();
    if (word_.size() < word.size()) attached_ = word.substr(word_.size() + 1);
    result_.suspect.clear();

    const std::string_view name = std::string_view(word_).substr(word_[1] == '-' ? 2 : 1);
    if (name == "f" || name == "hostfile" || name == "machinefile") {
      result_.hostfile = value("a host file");
    } else if (name == "H" || name == "host" || name == "hosts") {
      result_.hosts = value("names with slots, as in \"a:2,b:4\"");
    } else if (name == "n" || name == "np" || name == "c") {
      result_.n_ranks = count(accepted_count);
    } else if (name == "threads") {
      result_.n_threads = count(accepted_count);
    } else if (name == "start-timeout") {
      result_.start_timeout_s = count(accepted_seconds);
    } else if (name == "restarts") {
      result_.restarts = count(accepted_count);
    } else if (name == "stdin") {
      result_.input = value("none, or the rank that gets it");
    } else if (name == "mpirun") {
      result_.mpirun = value("the real mpirun");
    } else if (bool* const flag = flag_named(name)) {
      if (attached_) {
        throw config_error(fmt::format(R"({}: found "{}", accepted: no value)", word_, *attached_));
      }
      *flag = true;
    } else {
      pass_on(name);
    }
  }

  bool* flag_named(std::string_view name) {
    if (name == "tag-output") return &result_.tag_output;
    if (name == "oversubscribe") return &result_.oversubscribe;
    if (name == "allow-run-as-root") return &result_.allow_run_as_root;
    if (name == "no-recovery") return &result_.no_recovery;
    if (name == "dry-run") return &result_.dry_run;
    if (name == "v" || name == "verbose") return &result_.verbose;
    if (name == "h" || name == "help") return &result_.help;
    if (name == "V" || name == "version") return &result_.version;
    return nullptr;
  }

  void pass_on(std::string_view name) {
    result_.passed_on.push_back(word_);
    if (attached_) {
      result_.passed_on.push_back(*attached_);
      return;
    }
    const int n_values = values_after(name);
    for (int i = 0; i < n_values; ++i) result_.passed_on.push_back(value("a value"));
    if (n_values == 0) result_.suspect = word_;
  }

  std::string value(std::string_view accepted) {
    if (attached_) return *attached_;
    if (next_ == words_.size()) {
      throw config_error(fmt::format("{}: found nothing after it, accepted: {}", word_, accepted));
    }
    return words_[next_++];
  }

  int count(std::string_view accepted) {
    const std::string text = value(accepted);
    const std::optional<int> number = parse_count(text);
    if (!number)
      throw config_error(fmt::format(R"({}: found "{}", accepted: {})", word_, text, accepted));
    return *number;
  }

  static constexpr std::string_view accepted_seconds = "whole seconds from 1 to 1000000";
  static constexpr std::string_view accepted_count = "a whole number from 1 to 1000000";

  const std::vector<std::string>& words_;
  std::size_t next_ = 0;
  std::string word_;                     ///< the option being read, with its dashes
  std::optional<std::string> attached_;  ///< what follows its `=`
  options result_;
};

}  // namespace detail

/// Reads the command line, without the program's own name. The first word that is no option (or
/// comes after `--`) is the program; what rankrun does not know is passed on to the real mpirun,
/// and
/// `--option=value` as two words.
///
/// Local: pure.
/// Throws:  config_error for an option without its value, and for a count that is none.
inline options parse_options(const std::vector<std::string>& words) {
  return detail::option_reader(words).read();
}

}  // namespace rankwise::launcher
