// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/readers/byte_source.hpp>
#include <rankwise/readers/detail/text_window.hpp>
#include <rankwise/readers/input.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>

namespace rankwise {

/// Calls `use(bytes)`, with many whole records of `record_bytes` bytes at once, until all that
/// begin in the input's range have been seen. Record k begins at header_bytes + k * record_bytes.
///
/// Local: reads the source from the range's first record to the end of its last one; the range that
/// begins with byte 0 reads the header too.
/// Throws:  config_error, naming the file and the byte, if the source can't be read, or ends in
///          the middle of the header or of a record; std::invalid_argument for records of 0 bytes.
template <std::invocable<std::span<const unsigned char>> Use>
void for_each_block(input& from, std::size_t record_bytes, std::uint64_t header_bytes, Use use) {
  if (record_bytes == 0) throw std::invalid_argument("for_each_block: records of 0 bytes");
  // How many records begin in `n_bytes` bytes, the first of them at once.
  const auto n_records_in = [record_bytes](std::uint64_t n_bytes) {
    return n_bytes == 0 ? 0 : (n_bytes - 1) / record_bytes + 1;
  };
  const bool is_at_begin = from.first() == 0;
  const std::uint64_t n_before = n_records_in(std::max(from.first(), header_bytes) - header_bytes);
  const std::uint64_t begin = header_bytes + n_before * record_bytes;
  if (!is_at_begin && begin >= from.last()) return;

  detail::text_window text(from, is_at_begin ? 0 : begin);
  std::size_t n_done = 0;
  std::uint64_t n_header = is_at_begin ? header_bytes : 0;  // left to be read
  while (n_header != 0 || text.offset_of(n_done) < from.last()) {
    if (!text.read_more(n_done)) {
      if (n_header != 0) {
        throw detail::input_error(
            from.name(),
            text.offset_of(text.size()),
            fmt::format("the end of the file, in its header of {} bytes", header_bytes));
      }
      if (text.size() != 0) {
        throw detail::input_error(
            from.name(),
            text.offset_of(0),
            fmt::format("an incomplete record: {} bytes of {}", text.size(), record_bytes));
      }
      return;
    }
    n_done = static_cast<std::size_t>(std::min<std::uint64_t>(n_header, text.size()));
    n_header -= n_done;
    const std::uint64_t offset = text.offset_of(n_done);
    const std::uint64_t n_wanted = offset < from.last() ? n_records_in(from.last() - offset) : 0;
    const std::uint64_t n_whole = (text.size() - n_done) / record_bytes;
    const std::size_t n_bytes =
        static_cast<std::size_t>(std::min(n_wanted, n_whole)) * record_bytes;
    if (n_bytes == 0) continue;
    use(std::span(reinterpret_cast<const unsigned char*>(text.data()) + n_done, n_bytes));
    n_done += n_bytes;
  }
}

}  // namespace rankwise
