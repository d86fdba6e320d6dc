// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/build_mode.hpp>
#include <rankwise/error.hpp>
#include <rankwise/readers/byte_source.hpp>
#include <rankwise/readers/detail/bzip2_source.hpp>
#include <rankwise/readers/detail/file_source.hpp>
#include <rankwise/readers/detail/gzip_source.hpp>
#include <rankwise/readers/detail/packing.hpp>
#include <rankwise/readers/detail/spooled_source.hpp>
#include <rankwise/readers/detail/xz_source.hpp>
#include <rankwise/readers/detail/zstd_source.hpp>
#include <rankwise/readers/open_file.hpp>
#include <rankwise/readers/split.hpp>

#include <fmt/core.h>

#include <memory>
#include <string_view>
#include <utility>

namespace rankwise {
namespace detail {

/// Makes the error that says that this program can't unpack some bytes, since the library for them
/// was not there when the program was built.
[[noreturn]] inline void refuse_packing(const byte_source& bytes,
                                        packing packed,
                                        std::string_view library,
                                        std::string_view package) {
  throw config_error(
      fmt::format("{}: packed by {}, and this program was built without {} (rankwise::readers "
                  "finds it; Debian's {})",
                  bytes.name(),
                  name_of(packed),
                  library,
                  package));
}

}  // namespace detail

RANKWISE_INLINE std::unique_ptr<byte_source> unpack(packing packed,
                                                    std::unique_ptr<byte_source> packed_bytes) {
  switch (packed) {
    case packing::none:
      return packed_bytes;
    case packing::gzip:
#ifdef RANKWISE_HAS_ZLIB
      return std::make_unique<gzip_source>(std::move(packed_bytes));
#else
      detail::refuse_packing(*packed_bytes, packed, "zlib", "zlib1g-dev");
#endif
    case packing::zstd:
#ifdef RANKWISE_HAS_ZSTD
      return std::make_unique<zstd_source>(std::move(packed_bytes));
#else
      detail::refuse_packing(*packed_bytes, packed, "libzstd", "libzstd-dev");
#endif
    case packing::bzip2:
#ifdef RANKWISE_HAS_BZIP2
      return std::make_unique<bzip2_source>(std::move(packed_bytes));
#else
      detail::refuse_packing(*packed_bytes, packed, "libbz2", "libbz2-dev");
#endif
    case packing::xz:
#ifdef RANKWISE_HAS_LZMA
      return std::make_unique<xz_source>(std::move(packed_bytes));
#else
      detail::refuse_packing(*packed_bytes, packed, "liblzma", "liblzma-dev");
#endif
    case packing::lz4:
    case packing::lzip:
      break;
  }
  throw config_error(fmt::format(
      "{}: packed by {}, accepted: gzip, zstd, bzip2, xz", packed_bytes->name(), name_of(packed)));
}

RANKWISE_INLINE std::unique_ptr<byte_source> open_file(const split& part) {
  if (part.copy)
    return unpack(part.packed, std::make_unique<spooled_source>(*part.copy, part.path));
  return unpack(part.packed, std::make_unique<file_source>(part.path, part.path, part.promised()));
}

}  // namespace rankwise
