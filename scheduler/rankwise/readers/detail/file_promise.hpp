// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>

namespace rankwise {

/// What was seen of a file when a job began. Its bytes are read only as long as that holds.
struct file_promise {
  std::uint64_t n_bytes = 0;                    ///< at least
  std::optional<std::int64_t> changed_ns = {};  ///< time of the last change, since 1970; and then
                                                ///< exactly `n_bytes`
};

}  // namespace rankwise
