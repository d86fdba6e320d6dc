// SPDX-License-Identifier: MIT
#pragma once

#ifdef RANKWISE_HAS_ZSTD

#include <rankwise/readers/detail/packing.hpp>
#include <rankwise/readers/detail/unpacked_source.hpp>

#include <fmt/core.h>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <span>
#include <zstd.h>
#include <zstd_errors.h>

namespace rankwise {
namespace detail {

/// libzstd's, for the frames of a zstd file. Source: RFC 8878.
class zstd_decoder {
 public:
  static constexpr packing packed = packing::zstd;

  explicit zstd_decoder(std::uint64_t most_bytes = largest_window_bytes())
      : most_bytes_(most_bytes), stream_(::ZSTD_createDStream()) {
    if (stream_ == nullptr) throw std::bad_alloc();
    ::ZSTD_DCtx_setParameter(
        stream_.get(), ZSTD_d_windowLogMax, static_cast<int>(std::bit_width(most_bytes)) - 1);
  }

  void begin() {}

  unpacked_step unpack(std::span<const char>& bytes, std::span<char>& target) {
    ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
    ZSTD_outBuffer out{target.data(), target.size(), 0};
    const std::size_t status = ::ZSTD_decompressStream(stream_.get(), &out, &in);
    bytes = bytes.subspan(in.pos);
    target = target.subspan(out.pos);
    if (::ZSTD_isError(status) == 0) return {.is_ended = status == 0};
    switch (::ZSTD_getErrorCode(status)) {
      case ZSTD_error_frameParameter_windowTooLarge:
      case ZSTD_error_memory_allocation:
        return {.wrong = fmt::format("a zstd frame whose window takes more memory than there is, "
                                     "accepted: windows of {} MiB at most",
                                     most_bytes_ >> 20U)};
      default:
        return {.wrong = damaged(packed, ::ZSTD_getErrorName(status))};
    }
  }

 private:
  struct free_stream {
    void operator()(ZSTD_DStream* stream) const noexcept { ::ZSTD_freeDStream(stream); }
  };

  std::uint64_t most_bytes_;  // of a window
  std::unique_ptr<ZSTD_DStream, free_stream> stream_;
};

}  // namespace detail

/// The bytes that zstd packed, of one frame or several.
using zstd_source = detail::unpacked_source<detail::zstd_decoder>;

}  // namespace rankwise

#endif
