// SPDX-License-Identifier: MIT
#pragma once

#ifdef RANKWISE_HAS_ZSTD

#include <rankwise/read/unpacked_source.hpp>

#include <cstddef>
#include <memory>
#include <new>
#include <span>
#include <zstd.h>

namespace rankwise {
namespace detail {

/// libzstd's, for the frames of a zstd file. Source: RFC 8878.
class zstd_decoder {
 public:
  static constexpr const char* format = "zstd";

  zstd_decoder() : stream_(::ZSTD_createDStream()) {
    if (stream_ == nullptr) throw std::bad_alloc();
  }

  bool is_between() const { return is_between_; }

  const char* unpack(std::span<const char>& packed, std::span<char>& target) {
    ZSTD_inBuffer in{packed.data(), packed.size(), 0};
    ZSTD_outBuffer out{target.data(), target.size(), 0};
    const std::size_t status = ::ZSTD_decompressStream(stream_.get(), &out, &in);
    packed = packed.subspan(in.pos);
    target = target.subspan(out.pos);
    is_between_ = status == 0;
    return ::ZSTD_isError(status) != 0 ? ::ZSTD_getErrorName(status) : nullptr;
  }

 private:
  struct free_stream {
    void operator()(ZSTD_DStream* stream) const noexcept { ::ZSTD_freeDStream(stream); }
  };

  std::unique_ptr<ZSTD_DStream, free_stream> stream_;
  bool is_between_ = false;
};

}  // namespace detail

/// The bytes that zstd packed, of one frame or several.
using zstd_source = detail::unpacked_source<detail::zstd_decoder>;

}  // namespace rankwise

#endif
