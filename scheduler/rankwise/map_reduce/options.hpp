// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/files/spill_file.hpp>
#include <rankwise/readers/detail/record_limit.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace boost::program_options {
class options_description;
}

namespace rankwise {

/// How a rank combines what its mappers emit, before it goes to the rank that owns the key.
enum class combiner_kind : std::uint8_t {
  linear,  ///< in tables with linear probing
  cuckoo,  ///< in bucketised cuckoo tables
  zynq,    ///< in two tables of 2,048 short keys and 32-bit sums, as the accelerator of the paper
  none     ///< not at all
};

/// The names that users know them by, in the order of `combiner_kind`.
inline constexpr std::array<std::string_view, 4> combiner_names{"linear", "cuckoo", "zynq", "none"};

/// How a map_reduce uses a rank's memory.
struct map_reduce_options {
  std::uint64_t memory_bytes = 0;  ///< bytes for tables and records on each rank; 0: no limit
  std::string spill_directory =
      combine::spill_file::default_directory();  ///< directory for what does not fit
  combiner_kind combiner = combiner_kind::linear;

  /// The limit to give to readers: a longer record can't be a key, and a reader can say where it
  /// stands.
  record_limit longest_record() const {
    return {memory_bytes == 0 ? SIZE_MAX : static_cast<std::size_t>(memory_bytes / 4)};
  }
};

/// The least that `map_reduce_options::memory_bytes` can be.
inline constexpr std::uint64_t memory_bytes_at_least = std::uint64_t{8} << 20U;

/// The options of a program that uses map_reduce; they go to `how`.
boost::program_options::options_description map_reduce_program_options(map_reduce_options& how);

}  // namespace rankwise

#ifndef RANKWISE_COMPILED
#include <rankwise/map_reduce/options_inline.hpp>
#endif
