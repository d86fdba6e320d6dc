// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace boost::program_options {
class options_description;
}

namespace rankwise {

class pool;

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
boost::program_options::options_description output_program_options(
    output_options& how, const output_options::order_names& names);

/// Lets every rank check that it can write to the directory, so that a job does not find out at its
/// end.
///
/// Throws: config_error for options that do not go together; task_error if a file can't be made or
/// is there already.
void check_output(const pool& ranks, const output_options& how);

namespace combine {

/// Writes `text` to standard output, at once.
///
/// Throws: system_error if it can't be written.
void write_to_standard_output(std::string_view text);

}  // namespace combine

}  // namespace rankwise

#ifndef RANKWISE_COMPILED
#include <rankwise/map_reduce/output_options_inline.hpp>
#endif
