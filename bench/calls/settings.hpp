// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/options.hpp>

#include "support/report.hpp"

#include <boost/mpi/communicator.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace bench {

/// How much of everything is measured, and what mpi4py.futures has reached; 0 of that: it is not
/// installed.
struct call_settings {
  std::uint32_t repeats = 5;
  std::uint64_t n_round_trips = 10'000;
  std::uint32_t n_idle_calls = 10;
  std::uint32_t idle_seconds = 10;
  std::uint64_t n_maps = 10'000;
  std::uint64_t n_futures = 1'000'000;
  std::uint64_t n_streamed = 10'000'000;
  std::uint32_t n_lines = 100;
  std::uint64_t n_long = 20'000;
  std::uint64_t n_fair = 2'000;
  std::string only{};
  std::uint64_t mpi4py_submit_us = 0;
  std::uint64_t mpi4py_idle_us = 0;
  std::uint64_t mpi4py_map_us = 0;
  std::uint64_t mpi4py_futures = 0;  ///< a second
};

/// Where a measurement runs. `out` is null on all ranks but the root.
struct call_bench {
  const boost::mpi::communicator& world;
  const rankwise::options& how;
  const call_settings& given;
  report* out;

  /// The other ranks work, the root does not.
  rankwise::options others_work() const {
    rankwise::options changed = how;
    changed.root_works = false;
    return changed;
  }

  /// A row that the other program has measured, by the median.
  void show_mpi4py(const std::string& name, const std::string& unit, std::uint64_t median) const {
    const std::string row_name = name + ": mpi4py.futures";
    if (median == 0) {
      out->leave_out(row_name, "not installed: python3-mpi4py (scripts/setup --bench)");
    } else {
      out->show({.name = row_name,
                 .unit = unit,
                 .samples = {static_cast<double>(median)},
                 .note = "median; all of it in its own line of JSON"});
    }
  }
};

/// The value of which so many of `values`, 0.95 for instance, are no larger ones.
inline double quantile(std::vector<double> values, double share) {
  std::sort(values.begin(), values.end());
  const auto place = static_cast<std::size_t>(share * static_cast<double>(values.size()));
  return values[std::min(place, values.size() - 1)];
}

}  // namespace bench
