// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/transport/mpi.hpp>

#include <atomic>
#include <cstdlib>

namespace rankwise::engine {

/// MPI for one run, where nobody else has initialised it. It is finalised when the process ends: it
/// can't be initialised twice, and another run may follow. An exit() in the middle of a run leaves
/// it as it is, since finalising would wait for the other ranks.
///
/// Collective over all processes of the job.
class mpi_session {
 public:
  mpi_session(int& argc, char**& argv) {
    static const auto* const environment =
        new boost::mpi::environment(argc, argv, boost::mpi::threading::serialized, false);
    [[maybe_unused]] static const int is_heard = std::atexit([] {
      if (!is_under_way()) delete environment;
    });
    is_under_way() = true;
  }

  mpi_session(const mpi_session&) = delete;
  mpi_session& operator=(const mpi_session&) = delete;
  mpi_session(mpi_session&&) = delete;
  mpi_session& operator=(mpi_session&&) = delete;

  ~mpi_session() { is_under_way() = false; }

 private:
  static std::atomic<bool>& is_under_way() {
    static constinit std::atomic<bool> under_way{false};
    return under_way;
  }
};

}  // namespace rankwise::engine
