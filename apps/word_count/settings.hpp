// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/map_reduce.hpp>
#include <rankwise/output.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace word_count {

/// What the command line asks for.
struct settings {
  std::vector<std::string> files;
  bool letters = false;  ///< words are runs of letters; else runs of bytes that are not white space
  std::uint64_t min_length = 1;
  rankwise::map_reduce_options limits;
  rankwise::output_options out;
};

}  // namespace word_count
