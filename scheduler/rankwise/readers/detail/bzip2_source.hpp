// SPDX-License-Identifier: MIT
#pragma once

#ifdef RANKWISE_HAS_BZIP2

#include <rankwise/readers/detail/packing.hpp>
#include <rankwise/readers/detail/unpacked_source.hpp>

#include <algorithm>
#include <bzlib.h>
#include <cstddef>
#include <limits>
#include <new>
#include <span>

namespace rankwise {
namespace detail {

/// libbz2's, for the streams of a bzip2 file.
class bzip2_decoder {
 public:
  static constexpr packing packed = packing::bzip2;

  bzip2_decoder() = default;
  bzip2_decoder(const bzip2_decoder&) = delete;
  bzip2_decoder(bzip2_decoder&&) = delete;
  bzip2_decoder& operator=(const bzip2_decoder&) = delete;
  bzip2_decoder& operator=(bzip2_decoder&&) = delete;

  ~bzip2_decoder() { end(); }

  void begin() {
    end();
    constexpr int quiet = 0;
    constexpr int fast = 0;
    is_begun_ = ::BZ2_bzDecompressInit(&stream_, quiet, fast) == BZ_OK;
    if (!is_begun_) throw std::bad_alloc();
  }

  unpacked_step unpack(std::span<const char>& bytes, std::span<char>& target) {
    constexpr std::size_t most = std::numeric_limits<unsigned int>::max();
    const auto n_bytes = static_cast<unsigned int>(std::min(bytes.size(), most));
    const auto n_target = static_cast<unsigned int>(std::min(target.size(), most));
    stream_.next_in = const_cast<char*>(bytes.data());
    stream_.avail_in = n_bytes;
    stream_.next_out = target.data();
    stream_.avail_out = n_target;
    const int status = ::BZ2_bzDecompress(&stream_);
    bytes = bytes.subspan(n_bytes - stream_.avail_in);
    target = target.subspan(n_target - stream_.avail_out);
    switch (status) {
      case BZ_OK:
        return {};
      case BZ_STREAM_END:
        return {.is_ended = true};
      case BZ_MEM_ERROR:
        throw std::bad_alloc();
      default:
        return {.wrong = damaged(packed, "a block is not what its check sum says")};
    }
  }

 private:
  void end() {
    if (is_begun_) ::BZ2_bzDecompressEnd(&stream_);
    is_begun_ = false;
  }

  bz_stream stream_{};
  bool is_begun_ = false;
};

}  // namespace detail

/// The bytes that bzip2 packed, of one stream or several.
using bzip2_source = detail::unpacked_source<detail::bzip2_decoder>;

}  // namespace rankwise

#endif
