// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <limits>
#include <string>

namespace rankwise {

/// How a file's bytes are packed.
enum class packing : std::uint8_t { none, gzip, zstd };

/// A byte range of a file: what a mapper is handed. Travels between ranks.
///
/// A record belongs to the split in which it begins, and is read to its end past `last`: whatever
/// the borders of the splits are, each record is seen once.
struct split {
  /// The `last` of data whose size is not known yet.
  static constexpr std::uint64_t to_the_end = std::numeric_limits<std::uint64_t>::max();

  std::string path;
  std::uint64_t first = 0;         ///< of the range; 0 for a packed file, which is one split
  std::uint64_t last = 0;          ///< one past the range; `to_the_end` for a packed file
  std::uint64_t file_bytes = 0;    ///< size of the whole file, as it is stored
  packing packed = packing::none;  ///< what the file's bytes have to be unpacked from
  std::uint32_t file = 0;          ///< number of the file in the list that it comes from
};

}  // namespace rankwise
