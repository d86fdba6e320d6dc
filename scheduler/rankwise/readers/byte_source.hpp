// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/error.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace rankwise {

/// Bytes that a reader can read: those of a file of this host, of packed data, of memory, or of a
/// file that the root has.
class byte_source {
 public:
  byte_source() = default;
  byte_source(const byte_source&) = delete;
  byte_source(byte_source&&) = delete;
  byte_source& operator=(const byte_source&) = delete;
  byte_source& operator=(byte_source&&) = delete;
  virtual ~byte_source() = default;

  /// Reads up to `target.size()` (at least one) bytes that begin at `offset`, and returns how many;
  /// 0 at the end of the data only. A source that unpacks its bytes takes successive offsets only.
  ///
  /// Throws: config_error, naming the source and the offset, if it can't be read or is damaged.
  virtual std::size_t read_at(std::uint64_t offset, std::span<char> target) = 0;

  /// The name of this source in messages: a file's path.
  virtual const std::string& name() const = 0;
};

namespace detail {

/// Makes the error that says that input can't be used: "FILE: byte OFFSET: what is wrong".
inline config_error input_error(std::string_view name,
                                std::uint64_t offset,
                                std::string_view wrong) {
  std::string text(name);
  text.append(": byte ").append(std::to_string(offset)).append(": ").append(wrong);
  return config_error(text);
}

}  // namespace detail
}  // namespace rankwise
