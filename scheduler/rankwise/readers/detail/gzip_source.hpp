// SPDX-License-Identifier: MIT
#pragma once

#ifdef RANKWISE_HAS_ZLIB

#include <rankwise/readers/detail/packing.hpp>
#include <rankwise/readers/detail/unpacked_source.hpp>

#include <algorithm>
#include <cstddef>
#include <limits>
#include <new>
#include <span>
#include <zlib.h>

namespace rankwise {
namespace detail {

/// zlib's, for the members of a gzip file. Source: RFC 1952.
class gzip_decoder {
 public:
  static constexpr packing packed = packing::gzip;

  gzip_decoder() {
    constexpr int largest_window = 15;
    constexpr int gzip_header = 16;
    if (::inflateInit2(&stream_, largest_window + gzip_header) != Z_OK) throw std::bad_alloc();
  }

  gzip_decoder(const gzip_decoder&) = delete;
  gzip_decoder(gzip_decoder&&) = delete;
  gzip_decoder& operator=(const gzip_decoder&) = delete;
  gzip_decoder& operator=(gzip_decoder&&) = delete;

  ~gzip_decoder() { ::inflateEnd(&stream_); }

  void begin() { ::inflateReset(&stream_); }

  unpacked_step unpack(std::span<const char>& bytes, std::span<char>& target) {
    constexpr std::size_t most = std::numeric_limits<uInt>::max();
    const auto n_bytes = static_cast<uInt>(std::min(bytes.size(), most));
    const auto n_target = static_cast<uInt>(std::min(target.size(), most));
    stream_.next_in = reinterpret_cast<z_const Bytef*>(const_cast<char*>(bytes.data()));
    stream_.avail_in = n_bytes;
    stream_.next_out = reinterpret_cast<Bytef*>(target.data());
    stream_.avail_out = n_target;
    const int status = ::inflate(&stream_, Z_NO_FLUSH);
    bytes = bytes.subspan(n_bytes - stream_.avail_in);
    target = target.subspan(n_target - stream_.avail_out);
    if (status == Z_STREAM_END) return {.is_ended = true};
    if (status == Z_OK || status == Z_BUF_ERROR) return {};
    return {.wrong = damaged(packed, stream_.msg != nullptr ? stream_.msg : ::zError(status))};
  }

 private:
  z_stream stream_{};
};

}  // namespace detail

/// The bytes that gzip packed, of one member or several.
using gzip_source = detail::unpacked_source<detail::gzip_decoder>;

}  // namespace rankwise

#endif
