// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/build_mode.hpp>
#include <rankwise/map_reduce/options.hpp>
#include <rankwise/program/option_values.hpp>
#include <rankwise/text/joined.hpp>

#include <boost/program_options/options_description.hpp>
#include <fmt/core.h>

#include <cstddef>

namespace rankwise {

RANKWISE_INLINE boost::program_options::options_description map_reduce_program_options(
    map_reduce_options& how) {
  boost::program_options::options_description group("Options of map_reduce");
  group.add_options()(
      "memory",
      byte_count(how.memory_bytes, memory_bytes_at_least),
      "bytes for tables and records on each rank, such as 256M; at least 8M (default: no limit)")(
      "spill-dir",
      nonempty_text(how.spill_directory, "DIR"),
      fmt::format("where records go that --memory has no room for (default: {})",
                  how.spill_directory)
          .c_str())("combiner",
                    one_of(how.combiner, combiner_names),
                    fmt::format("how a rank combines before it sends: {} (default: {})",
                                joined(combiner_names, ", "),
                                combiner_names[static_cast<std::size_t>(how.combiner)])
                        .c_str());
  return group;
}

}  // namespace rankwise
