// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/build_mode.hpp>
#include <rankwise/engine/access.hpp>
#include <rankwise/error.hpp>
#include <rankwise/map_reduce/combine/part_file.hpp>
#include <rankwise/map_reduce/output_options.hpp>
#include <rankwise/options.hpp>
#include <rankwise/pool.hpp>
#include <rankwise/program/option_values.hpp>

#include <boost/program_options/options_description.hpp>
#include <boost/program_options/value_semantic.hpp>
#include <fmt/core.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <system_error>

namespace rankwise {
namespace combine {

/// A task that finds out whether this rank can write its file of a result.
struct check_part {
  std::string directory = {};

  void operator()(std::uint32_t row) const { part_file(part_path(directory, row)); }
};

RANKWISE_INLINE void write_to_standard_output(std::string_view text) {
  const bool is_good = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
  if (!is_good || std::fflush(stdout) != 0)
    throw std::system_error(errno, std::generic_category(), "standard output");
}

}  // namespace combine

RANKWISE_INLINE boost::program_options::options_description output_program_options(
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

RANKWISE_INLINE void check_output(const pool& ranks, const output_options& how) {
  if (!how.has_directory()) return;
  if (how.top != 0) throw config_error("--top and --out: accepted: one of them");
  options quiet = ranks.options();
  quiet.quiet = true;
  access::within_call(ranks, access::number_call(ranks), quiet)
      .on_each_rank(combine::check_part{how.directory});
}

}  // namespace rankwise
