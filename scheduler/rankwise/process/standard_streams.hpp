// SPDX-License-Identifier: MIT
#pragma once

#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <optional>
#include <poll.h>
#include <string>
#include <system_error>
#include <unistd.h>

namespace rankwise::observe {

/// Opens what of standard input, output and error is closed, so that no file that is opened later
/// takes its place. Reading from there and writing to it fail as before.
inline void open_closed_streams() {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    // The lowest descriptor that is free is this one.
    if (::fcntl(fd, F_GETFD) < 0)
      static_cast<void>(::open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY));
  }
}

/// Brings what stands in the buffers of stdio to its place: of all its streams, or of standard
/// output alone while a thread waits for standard input, since that would be waited for as well.
/// Returns whether it was all.
inline bool flush_streams() {
  std::fflush(stdout);
  if (::ftrylockfile(stdin) != 0) return false;
  std::fflush(nullptr);
  ::funlockfile(stdin);
  return true;
}

/// Why what was printed can't be written.
struct output_failure {
  int error = 0;  ///< as errno; 0 where that is not known any more

  /// Nobody reads it any more, as behind `| head`: that is no fault.
  bool is_unread() const { return error == EPIPE; }

  std::string text() const {
    return "standard output can't be written" +
           (error == 0 ? "" : ": " + std::generic_category().message(error));
  }

  /// What a program ends with that fails for nothing else.
  int status() const {
    constexpr int killed_by_sigpipe = 141;
    constexpr int bad_configuration = 2;
    return is_unread() ? killed_by_sigpipe : bad_configuration;
  }
};

/// Brings what was printed to its place, and says whether that has failed, now or before.
inline std::optional<output_failure> finish_output() {
  const bool has_failed = std::ferror(stdout) != 0;
  errno = 0;
  if (std::fflush(stdout) != 0) return output_failure{errno};
  if (has_failed) {
    pollfd place{STDOUT_FILENO, 0, 0};
    const bool is_unread = ::poll(&place, 1, 0) > 0 && (place.revents & POLLERR) != 0;
    return output_failure{is_unread ? EPIPE : 0};
  }
  // Some file systems tell only who closes the file what became of it. stdout itself stays open.
  const int copy = ::dup(STDOUT_FILENO);
  if (copy >= 0 && ::close(copy) != 0 && errno != EINTR) return output_failure{errno};
  return std::nullopt;
}

}  // namespace rankwise::observe
