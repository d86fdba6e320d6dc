// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <sys/types.h>

namespace rankwise::launcher {

/// Removes what an Open MPI mpirun of this user keeps in files on this machine while its job runs:
/// its session folder `ompi.HOST.UID/pid.PID` in `temporary`, the folder above if that was the last
/// one, and the memory that its ranks share, `vader_segment.HOST.UID.JOB.RANK` in `shared_memory`.
/// An mpirun that ends by itself has removed them; one that was killed has not. Nothing is said of
/// what can't be removed. The names are those of Open MPI 4.
///
/// `mpirun`: its process, which has ended, and so have all ranks on this machine.
void remove_session_files(pid_t mpirun,
                          const std::filesystem::path& temporary,
                          const std::filesystem::path& shared_memory = "/dev/shm");

/// The directory in which Open MPI makes session folders: $TMPDIR, $TEMP or $TMP, the first that is
/// set, or /tmp.
std::filesystem::path session_directory();

}  // namespace rankwise::launcher
