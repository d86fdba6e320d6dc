// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/error.hpp>
#include <rankwise/read/byte_source.hpp>
#include <rankwise/read/file_source.hpp>
#include <rankwise/read/gzip_source.hpp>
#include <rankwise/read/split.hpp>
#include <rankwise/read/zstd_source.hpp>

#include <memory>
#include <utility>

namespace rankwise {

/// What `packed_bytes` hold, unpacked.
///
/// Throws: config_error where the library for the packing was not there when the program was built.
inline std::unique_ptr<byte_source> unpack(packing packed,
                                           std::unique_ptr<byte_source> packed_bytes) {
  switch (packed) {
    case packing::none:
      return packed_bytes;
    case packing::gzip:
#ifdef RANKWISE_HAS_ZLIB
      return std::make_unique<gzip_source>(std::move(packed_bytes));
#else
      throw config_error(packed_bytes->name() +
                         ": packed by gzip, and this program was built without zlib "
                         "(rankwise::readers finds it; Debian's zlib1g-dev)");
#endif
    case packing::zstd:
#ifdef RANKWISE_HAS_ZSTD
      return std::make_unique<zstd_source>(std::move(packed_bytes));
#else
      throw config_error(packed_bytes->name() +
                         ": packed by zstd, and this program was built without libzstd "
                         "(rankwise::readers finds it; Debian's libzstd-dev)");
#endif
  }
  throw config_error(packed_bytes->name() + ": packed in an unknown way");
}

/// The file of a split, which this host has; unpacked, where it is packed.
///
/// Throws: config_error, naming the path, if it can't be opened.
inline std::unique_ptr<byte_source> open_file(const split& part) {
  return unpack(part.packed, std::make_unique<file_source>(part.path));
}

}  // namespace rankwise
