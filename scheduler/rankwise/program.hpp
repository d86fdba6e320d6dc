// SPDX-License-Identifier: MIT
#pragma once

// What a program on the library needs for options of its own.

#include <rankwise/program/option_values.hpp>  // IWYU pragma: export
#include <rankwise/version.hpp>

#include <boost/program_options/options_description.hpp>

#include <cstddef>
#include <string>
#include <vector>

namespace rankwise {

/// What a program takes besides options: file names, as a rule.
struct operands {
  std::string name;                            ///< in the help, such as FILE...
  std::vector<std::string>* target = nullptr;  ///< null: the program takes options only
  std::size_t at_least = 0;                    ///< fewer are refused
};

/// A program that runs through `rankwise::run`: how it presents itself, and the options of its own.
struct program {
  std::string name;
  std::string version{rankwise::version};
  std::string summary;  ///< one line
  boost::program_options::options_description options;
  rankwise::operands operands = {};  ///< what it takes besides options
};

}  // namespace rankwise
