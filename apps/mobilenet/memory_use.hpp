// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/rankwise.hpp>

#include <cstdint>
#include <fstream>
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
