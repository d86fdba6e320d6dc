// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <unistd.h>

namespace rankwise::combine {

/// Who takes part in a shuffle: rows 0 to n_rows - 1 are the ranks from `first_rank` on.
struct shuffle_group {
  std::uint32_t first_rank = 0;
  std::uint32_t n_rows = 1;
  std::uint32_t row = 0;  ///< of this rank
};

/// How the parts of a map_reduce are set up; alike on all ranks, but for `group.row`.
struct part_options {
  std::uint64_t channel = 0;
  std::uint64_t hash_seed = 0;
  std::uint64_t memory_bytes = 0;  ///< for tables and records; 0: no limit
  std::string spill_directory;
  bool combine_here = true;  ///< false: each record goes to its owner as it is emitted
  bool zynq = false;         ///< and sums pass a `zynq_front` before
  std::uint64_t cache_bytes = std::uint64_t{8} << 20U;  ///< tables that take more are slow
  std::uint64_t look_every = std::uint64_t{1} << 18U;   ///< emissions, at how many keys are new
  std::uint64_t patient_bytes = some_of_the_memory();   ///< with less, merging may wait longer
  shuffle_group group;

  /// A sixteenth of this machine's memory, at most 512 MiB.
  static std::uint64_t some_of_the_memory() {
    const long pages = ::sysconf(_SC_PHYS_PAGES);
    const long page_bytes = ::sysconf(_SC_PAGESIZE);
    if (pages <= 0 || page_bytes <= 0) return 0;
    return std::min(
        std::uint64_t{512} << 20U,
        static_cast<std::uint64_t>(pages) * static_cast<std::uint64_t>(page_bytes) / 16);
  }
};

}  // namespace rankwise::combine
