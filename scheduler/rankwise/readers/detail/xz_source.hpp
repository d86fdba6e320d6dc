// SPDX-License-Identifier: MIT
#pragma once

#ifdef RANKWISE_HAS_LZMA

#include <rankwise/readers/detail/packing.hpp>
#include <rankwise/readers/detail/unpacked_source.hpp>

#include <fmt/core.h>

#include <cstdint>
#include <lzma.h>
#include <new>
#include <span>

namespace rankwise {
namespace detail {

/// liblzma's, for the streams of an xz file.
class xz_decoder {
 public:
  static constexpr packing packed = packing::xz;

  explicit xz_decoder(std::uint64_t most_bytes = largest_window_bytes())
      : most_bytes_(most_bytes) {}

  xz_decoder(const xz_decoder&) = delete;
  xz_decoder(xz_decoder&&) = delete;
  xz_decoder& operator=(const xz_decoder&) = delete;
  xz_decoder& operator=(xz_decoder&&) = delete;

  ~xz_decoder() { ::lzma_end(&stream_); }

  void begin() {
    constexpr std::uint64_t besides = std::uint64_t{1} << 20U;  // what is no window
    if (::lzma_stream_decoder(&stream_, most_bytes_ + besides, LZMA_TELL_UNSUPPORTED_CHECK) !=
        LZMA_OK)
      throw std::bad_alloc();
  }

  unpacked_step unpack(std::span<const char>& bytes, std::span<char>& target) {
    stream_.next_in = reinterpret_cast<const std::uint8_t*>(bytes.data());
    stream_.avail_in = bytes.size();
    stream_.next_out = reinterpret_cast<std::uint8_t*>(target.data());
    stream_.avail_out = target.size();
    const lzma_ret status = ::lzma_code(&stream_, LZMA_RUN);
    bytes = bytes.last(stream_.avail_in);
    target = target.last(stream_.avail_out);
    switch (status) {
      case LZMA_OK:
      case LZMA_BUF_ERROR:  // nothing to go on with
        return {};
      case LZMA_STREAM_END:
        return {.is_ended = true};
      case LZMA_MEMLIMIT_ERROR:
        return {.wrong = fmt::format("xz data that take {} MiB of memory, accepted: {} at most",
                                     ::lzma_memusage(&stream_) >> 20U,
                                     most_bytes_ >> 20U)};
      case LZMA_MEM_ERROR:
        throw std::bad_alloc();
      case LZMA_OPTIONS_ERROR:
      case LZMA_UNSUPPORTED_CHECK:
        return {.wrong = damaged(packed, "a filter or check that liblzma does not know")};
      default:
        return {.wrong = damaged(packed, "they are not what their check sums say")};
    }
  }

 private:
  std::uint64_t most_bytes_;
  lzma_stream stream_ = LZMA_STREAM_INIT;
};

}  // namespace detail

/// The bytes that xz packed, of one stream or several.
using xz_source = detail::unpacked_source<detail::xz_decoder>;

}  // namespace rankwise

#endif
