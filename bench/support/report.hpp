// SPDX-License-Identifier: MIT
#pragma once

#include "support/machine.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bench {

/// The middle of `values`, or the mean of the two in the middle; `values` is not empty.
inline double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

/// Something else that was measured beside the samples of a row: one number, or one for each
/// repeat.
struct figure {
  std::string name;
  std::vector<double> values;
};

/// One line of JSON, one row of the table: what was run, and what each repeat of it gave.
struct row {
  std::string name{};
  std::string unit{};
  std::uint64_t n = 0;  ///< items of one repeat
  std::vector<double> samples{};
  std::uint64_t checksum = 0;
  std::vector<figure> figures{};
  std::string note{};  ///< for the table
};

/// Prints each row as a JSON line when it is added, and all as a table at the end; then what is
/// asked of them.
class report {
 public:
  report(std::string workload, int n_ranks)
      : workload_(std::move(workload)),
        n_ranks_(n_ranks),
        oversubscribed_(n_ranks > static_cast<int>(n_cores())) {}

  void add(row measured) {
    std::string line = head(measured.name);
    const auto [least, most] =
        std::minmax_element(measured.samples.begin(), measured.samples.end());
    line += fmt::format(
        R"(,"n":{},"repeats":{},"unit":{},"min":{:.6g},"median":{:.6g},"max":{:.6g},"checksum":"{:016x}")",
        measured.n,
        measured.samples.size(),
        quoted(measured.unit),
        *least,
        median(measured.samples),
        *most,
        measured.checksum);
    line += fmt::format(R"(,"samples":[{:.6g}])", fmt::join(measured.samples, ","));
    for (const figure& also : measured.figures) {
      const bool one = also.values.size() == 1;
      line += fmt::format(",{}:{}{:.6g}{}",
                          quoted(also.name),
                          one ? "" : "[",
                          fmt::join(also.values, ","),
                          one ? "" : "]");
    }
    print(line + "}");
    show(std::move(measured));
  }

  /// A row of the table alone: its JSON line was printed by whoever measured it.
  void show(row measured) { rows_.push_back(std::move(measured)); }

  /// A row that could not be run here, and why.
  void leave_out(const std::string& name, const std::string& why) {
    print(head(name) + fmt::format(R"(,"left_out":{}}})", quoted(why)));
    rows_.push_back({.name = name, .note = why});
  }

  void ask_at_least(const std::string& what, double bound, double measured) {
    ask(what, "at least", bound, measured, measured >= bound);
  }

  void ask_at_most(const std::string& what, double bound, double measured) {
    ask(what, "at most", bound, measured, measured <= bound);
  }

  void print_table() const {
    std::size_t width = 10;
    for (const row& one : rows_) width = std::max(width, one.name.size());
    fmt::print("\n{}: {} {} on {} cores of {}{}\n",
               workload_,
               n_ranks_,
               n_ranks_ == 1 ? "process" : "ranks",
               n_cores(),
               host_name(),
               oversubscribed_ ? ", oversubscribed: no speed-up can be read from this" : "");
    fmt::print(
        "{:<{}} {:>9} {:>11} {:>11} {:>11}  {}\n", "", width, "n", "min", "median", "max", "unit");
    for (const row& one : rows_) {
      if (one.samples.empty()) {
        fmt::print("{:<{}} {}\n", one.name, width, one.note);
        continue;
      }
      const auto [least, most] = std::minmax_element(one.samples.begin(), one.samples.end());
      fmt::print("{:<{}} {:>9} {:>11.5g} {:>11.5g} {:>11.5g}  {}{}{}\n",
                 one.name,
                 width,
                 one.n == 0 ? std::string() : std::to_string(one.n),
                 *least,
                 median(one.samples),
                 *most,
                 one.unit,
                 one.note.empty() ? "" : "; ",
                 one.note);
    }
    for (const std::string& line : answers_) fmt::print("{}\n", line);
    std::fflush(stdout);
  }

 private:
  static std::string quoted(std::string_view text) {
    std::string result = "\"";
    for (const char letter : text) {
      if (letter == '"' || letter == '\\') result += '\\';
      result += letter;
    }
    return result + '"';
  }

  static void print(const std::string& line) {
    fmt::print("{}\n", line);
    std::fflush(stdout);
  }

  std::string head(const std::string& name) const {
    return fmt::format(
        R"({{"workload":{},"row":{},"git":{},"host":{},"cores":{},"mpi":{},"compiler":{},"ranks":{},"oversubscribed":{})",
        quoted(workload_),
        quoted(name),
        quoted(git_id()),
        quoted(host_name()),
        n_cores(),
        quoted(mpi_version()),
        quoted(compiler()),
        n_ranks_,
        oversubscribed_);
  }

  void ask(const std::string& what, const char* relation, double bound, double measured, bool met) {
    print(head(what) + fmt::format(R"(,"asked":"{} {:.6g}","measured":{:.6g},"met":{}}})",
                                   relation,
                                   bound,
                                   measured,
                                   met));
    answers_.push_back(fmt::format("{}: {:.4g}, asked: {} {:.6g}: {}",
                                   what,
                                   measured,
                                   relation,
                                   bound,
                                   met ? "met" : "MISSED"));
  }

  std::string workload_;
  int n_ranks_;
  bool oversubscribed_;
  std::vector<row> rows_;
  std::vector<std::string> answers_;
};

}  // namespace bench
