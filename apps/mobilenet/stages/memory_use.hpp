// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/rankwise.hpp>

#include <cstdint>
#include <fstream>
#include <malloc.h>
#include <string>
#include <vector>

namespace mobilenet {

/// The memory of this process, in bytes: its own, and its share of what it has in common with
/// others (PSS). 0 where the kernel does not say. Source: proc(5), smaps_rollup.
inline std::uint64_t memory_of_process() {
  constexpr std::uint64_t bytes_a_kilobyte = 1024;
  std::ifstream file("/proc/self/smaps_rollup");
  std::string word;
  while (file >> word) {
    std::uint64_t kilobytes = 0;
    if (word == "Pss:" && file >> kilobytes) return kilobytes * bytes_a_kilobyte;
  }
  return 0;
}

/// Has memory that is free go back to the system soon: without this a process that has once had a
/// large model keeps as much from then on. Source: mallopt(3); setting a threshold keeps it from
/// growing with what has been freed.
inline void keep_memory_small() {
  constexpr int large_bytes = 4 << 20;
  constexpr int spare_bytes = 1 << 20;
  ::mallopt(M_MMAP_THRESHOLD, large_bytes);
  ::mallopt(M_TRIM_THRESHOLD, spare_bytes);
  ::mallopt(M_ARENA_MAX, 1);  // one store of free memory for all threads
}

/// Gives memory that is free back now: what was needed to hand out a model is no longer.
inline void give_memory_back() {
  ::malloc_trim(0);
}

namespace detail {

inline std::uint64_t memory_here(std::uint32_t /*rank*/) {
  return memory_of_process();
}

}  // namespace detail

/// The same of each rank.
inline std::vector<std::uint64_t> memory_of_ranks(const rankwise::pool& pool) {
  rankwise::options all = pool.options();
  all.root_works = true;
  all.quiet = true;
  return pool.with(all).on_each_rank(rankwise::fn<detail::memory_here>);
}

}  // namespace mobilenet
