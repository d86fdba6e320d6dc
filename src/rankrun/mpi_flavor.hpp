// SPDX-License-Identifier: MIT
#pragma once

#include "text.hpp"

#include <fmt/format.h>

#include <string>
#include <string_view>

namespace rankwise::launcher {

/// The kinds of `mpirun` that take different options.
enum class mpi_flavor {
  open_mpi_4,  ///< up to 4.x: ORTE
  open_mpi_5,  ///< from 5.0: PRRTE
  mpich        ///< Hydra
};

/// Tells the flavor from what `mpirun --version` prints.
///
/// Local: pure. `mpirun` is the path, for the message.
/// Throws:  config_error for a text that is none of the three.
inline mpi_flavor recognise_mpi(std::string_view version_text, const std::string& mpirun) {
  // Called as mpirun.openmpi, version 4 says OpenRTE.
  for (const std::string_view name : {"(Open MPI) ", "(OpenRTE) "}) {
    const std::size_t mark = version_text.find(name);
    if (mark == std::string_view::npos) continue;
    const std::string_view version = version_text.substr(mark + name.size());
    if (const auto major = parse_count(version.substr(0, version.find('.')))) {
      return *major >= 5 ? mpi_flavor::open_mpi_5 : mpi_flavor::open_mpi_4;
    }
  }
  if (version_text.find("HYDRA build details") != std::string_view::npos) return mpi_flavor::mpich;
  const std::string_view trimmed = trim(version_text);
  throw config_error(
      fmt::format(R"({} --version: found "{}", accepted: Open MPI's or MPICH's mpirun)",
                  mpirun,
                  trimmed.substr(0, trimmed.find('\n'))));
}

}  // namespace rankwise::launcher
