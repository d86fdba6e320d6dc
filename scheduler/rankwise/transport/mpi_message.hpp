// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/error.hpp>

#include <mpi.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace rankwise::transport {

/// Throws an `mpi_error` if `code` is not success.
inline void check_mpi(int code, const char* call) {
  if (code == MPI_SUCCESS) return;
  std::array<char, MPI_MAX_ERROR_STRING> text{};
  int length = 0;
  MPI_Error_string(code, text.data(), &length);
  throw mpi_error(call, code, std::string(text.data(), static_cast<std::size_t>(length)));
}

/// What a message of MPI is. A small frame is one message. A large one is announced by a message
/// with its size in 64 bits, and follows in parts.
enum class mpi_tag : int {
  frame = 1,  ///< a small frame or an announcement, then a `message_trailer`
  part = 2    ///< some of the bytes of a large frame, in order
};

/// The end of each message of tag `frame`. MPI may let a message wait that came before another one
/// has: their numbers tell in which order they were sent.
struct message_trailer {
  std::uint32_t number = 0;           ///< of the frame, among those of its sender to its receiver
  std::uint32_t is_announcement = 0;  ///< 1: of a large frame
};

/// The most bytes in a message of tag `frame`, its trailer included: few enough that any MPI sends
/// them without asking the receiver, as it is set up.
inline constexpr std::size_t longest_message = 4000;

/// The requests of one frame: one, but for large frames.
class request_set {
 public:
  void add(MPI_Request request) {
    if (first_ == MPI_REQUEST_NULL) {
      first_ = request;
    } else {
      others_.push_back(request);
    }
  }

  /// True when all are complete.
  bool test() {
    int done = 1;
    if (first_ != MPI_REQUEST_NULL)
      check_mpi(MPI_Test(&first_, &done, MPI_STATUS_IGNORE), "MPI_Test");
    if (done != 0 && !others_.empty()) {
      const int n = static_cast<int>(others_.size());
      check_mpi(MPI_Testall(n, others_.data(), &done, MPI_STATUSES_IGNORE), "MPI_Testall");
    }
    return done != 0;
  }

 private:
  MPI_Request first_ = MPI_REQUEST_NULL;
  std::vector<MPI_Request> others_;
};

}  // namespace rankwise::transport
