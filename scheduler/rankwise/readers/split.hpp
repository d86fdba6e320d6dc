// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/readers/detail/file_promise.hpp>
#include <rankwise/readers/detail/packing.hpp>
#include <rankwise/readers/detail/spooled_copy.hpp>

#include <cstdint>
#include <limits>
#include <optional>
#include <string>

namespace rankwise {

/// A byte range of a file. Mappers get splits as inputs; a split travels between ranks.
///
/// A record belongs to the split in which it begins, and is read to its end past `last`: whatever
/// the borders of the splits are, each record is seen once.
struct split {
  /// The `last` of data whose size is not known yet.
  static constexpr std::uint64_t to_the_end = std::numeric_limits<std::uint64_t>::max();

  std::string path;
  std::uint64_t first = 0;  ///< the range's first byte; 0 for a packed file, which is one split
  std::uint64_t last = 0;   ///< one past the range; `to_the_end` for a packed file
  std::uint64_t file_bytes = 0;    ///< size of the whole file, as it is stored
  packing packed = packing::none;  ///< how the file's bytes are packed
  std::uint32_t file = 0;          ///< number of the file in the list that it comes from
  std::optional<std::int64_t> changed_ns = {};  ///< when the file was last written to, since 1970
  std::optional<spooled_copy> copy = {};  ///< made by the root, if the file can be read only once

  /// The file as it must be, so that this split can be read from it.
  file_promise promised() const { return {file_bytes, changed_ns}; }
};

}  // namespace rankwise
