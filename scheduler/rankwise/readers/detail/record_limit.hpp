// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/readers/byte_source.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

namespace rankwise {

/// How long a record may be. A longer one is a config_error that names the file and the byte at
/// which the record begins, and takes no more memory than one block over the limit.
struct record_limit {
  std::size_t bytes = std::numeric_limits<std::size_t>::max();
};

namespace detail {

[[noreturn]] inline void refuse_record(std::string_view name,
                                       std::uint64_t offset,
                                       std::string_view kind,
                                       record_limit limit) {
  std::string text("a ");
  text.append(kind).append(" of more than ").append(std::to_string(limit.bytes));
  throw input_error(name, offset, text.append(" bytes, the most that is accepted"));
}

}  // namespace detail
}  // namespace rankwise
