// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <unistd.h>

namespace rankwise {

/// Number of a process of the job, from 0 (the root) to the number of ranks less one.
enum class rank_id : std::int32_t {};

/// The rank whose process runs the body.
inline constexpr rank_id root_rank{0};

/// `rank` as an index into a table with a row for each rank.
constexpr std::size_t to_index(rank_id rank) {
  return static_cast<std::size_t>(rank);
}

/// The rank whose row in such a table is `index`.
constexpr rank_id to_rank(std::size_t index) {
  return static_cast<rank_id>(static_cast<std::int32_t>(index));
}

/// The name of this host, as `gethostname` gives it.
inline std::string this_host() {
  std::array<char, 256> name{};
  ::gethostname(name.data(), name.size() - 1);
  return name.data();
}

}  // namespace rankwise
