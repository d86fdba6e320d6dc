// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/entry.hpp>
#include <rankwise/error.hpp>
#include <rankwise/map_reduce/distributed.hpp>
#include <rankwise/options.hpp>
#include <rankwise/pool.hpp>
#include <rankwise/program/option_values.hpp>

#include <boost/program_options/options_description.hpp>
#include <boost/program_options/value_semantic.hpp>
#include <fmt/core.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <system_error>

namespace rankwise {

/// The order of the entries of a result.
enum class entry_order : std::uint8_t { value, key };

/// Which entries of a result are put out, and where.
struct output_options {
  using order_names = std::array<std::string_view, 2>;

  std::uint64_t top = 0;  ///< the number of entries, from the first on; 0: all
  entry_order by = entry_order::value;
  std::string directory;  ///< a file for each rank there; empty or "-": all to standard output

  bool has_directory() const { return !directory.empty() && directory != "-"; }
};

/// The options --top, --by and --out; they go to `how`. `names` are what the program calls a value
/// and a key, and must live as long as the options.
inline boost::program_options::options_description output_program_options(
    output_options& how, const output_options::order_names& names) {
  namespace po = boost::program_options;
  po::options_description group("Options of the output");
  group.add_options()("top", whole_number(how.top, 1), "show only the first N (default: all)")(
      "by",
      one_of(how.by, names),
      fmt::format("order: {} (the largest first), {} (default: {})",
                  names[0],
                  names[1],
                  names[static_cast<std::size_t>(how.by)])
          .c_str())(
      "out",
      nonempty_text(how.directory, "DIR"),
      "write one file a rank there, each in order (default: -, all to standard output)");
  return group;
}

/// Lets every rank check that it can write to the directory, so that a job does not find out at its
/// end.
///
/// Throws: config_error for options that do not go together; task_error if a file can't be made or
/// is there already.
inline void check_output(const pool& ranks, const output_options& how) {
  if (!how.has_directory()) return;
  if (how.top != 0) throw config_error("--top and --out: accepted: one of them");
  options quiet = ranks.options();
  quiet.quiet = true;
  ranks.with(quiet).on_each_rank(combine::check_part{how.directory});
}

/// Writes the entries of `result` where the options say. `format(entry, text)`, a task, appends the
/// line of one entry to `text`.
///
/// Throws: system_error if standard output can't be written; what `distributed::write` throws.
template <class Key, class Value, class Format>
void output(const distributed<Key, Value>& result,
            const output_options& how,
            const Format& format) {
  const auto in_order = [&]<class Order>(Order order) {
    // Not left to stdout's own buffer: under mpirun that is a line.
    constexpr std::size_t written_at_once = std::size_t{64} << 10U;
    std::string text;
    const auto write = [&text] {
      const bool is_good = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
      if (!is_good || std::fflush(stdout) != 0)
        throw std::system_error(errno, std::generic_category(), "standard output");
      text.clear();
    };
    const auto print = [&](const entry<Key, Value>& one) {
      format(one, text);
      if (text.size() >= written_at_once) write();
    };
    if (how.has_directory()) {
      result.write(how.directory, format, order);
    } else if (how.top != 0) {
      for (const entry<Key, Value>& one : result.top_k(how.top, order)) print(one);
    } else {
      result.sorted(order, print);
    }
    write();
  };
  if (how.by == entry_order::value) {
    in_order(by_value{});
  } else {
    in_order(by_key{});
  }
}

}  // namespace rankwise
