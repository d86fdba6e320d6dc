// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/map_reduce/combine/part_options.hpp>
#include <rankwise/map_reduce/options.hpp>
#include <rankwise/pool.hpp>
#include <rankwise/statistics.hpp>

#include <cstdint>
#include <memory>

namespace rankwise::combine {

/// A map_reduce under way.
struct map_reduce_run {
  pool own;                                     ///< whose calls are not shown
  std::shared_ptr<const std::uint64_t> number;  ///< under which each rank has its part
  part_options parts;
};

/// What comes before the parts are made, whatever their keys and values are. The user has called
/// the map_reduce by `name`; `can_front` says whether a `zynq_front` takes its values.
///
/// Throws: config_error for options that a map_reduce can't follow.
map_reduce_run begin_map_reduce(const char* name,
                                const pool& ranks,
                                const map_reduce_options& how,
                                bool can_front);

/// What comes after the last task: each key goes to its owner. Returns the figures of all ranks,
/// which are noted in the job's statistics.
map_reduce_statistics finish_map_reduce(const map_reduce_run& run);

/// The files that the ranks have written under `number` get their names.
void publish_parts(const pool& own, std::uint64_t number);

}  // namespace rankwise::combine

#ifndef RANKWISE_COMPILED
#include <rankwise/map_reduce/map_reduce_run_inline.hpp>
#endif
