// SPDX-License-Identifier: MIT
#pragma once

#include <poll.h>
#include <string_view>
#include <unistd.h>

namespace rankwise::observe {

/// Writes `text`, of at most PIPE_BUF bytes, where that does not wait. Returns whether it was
/// written. For signal handlers as well.
inline bool write_now(int descriptor, std::string_view text) {
  pollfd room{descriptor, POLLOUT, 0};
  if (::poll(&room, 1, 0) != 1 || (room.revents & POLLOUT) == 0) return false;
  return ::write(descriptor, text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

}  // namespace rankwise::observe
