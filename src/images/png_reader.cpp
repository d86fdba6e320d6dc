// SPDX-License-Identifier: MIT
#include <rankwise/error.hpp>

#include "images/formats.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <csetjmp>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <png.h>
#include <vector>

namespace rankwise::images {

namespace {

/// libpng at work on a file in memory. It leaves its functions by longjmp where it fails, so what
/// it calls here keeps nothing that would have to be destroyed.
class png_decoder {
 public:
  explicit png_decoder(std::span<const std::byte> bytes)
      : rest_(bytes), png_(png_create_read_struct(PNG_LIBPNG_VER_STRING, this, fail, ignore)) {
    if (png_ == nullptr) return;
    info_ = png_create_info_struct(png_);
    png_set_read_fn(png_, this, give);
  }

  png_decoder(const png_decoder&) = delete;
  png_decoder& operator=(const png_decoder&) = delete;
  png_decoder(png_decoder&&) = delete;
  png_decoder& operator=(png_decoder&&) = delete;

  ~png_decoder() { png_destroy_read_struct(&png_, &info_, nullptr); }

  /// Reads what stands before the pixels, and takes no memory for these. Returns whether that
  /// worked.
  bool begin() {
    if (png_ == nullptr || info_ == nullptr || setjmp(png_jmpbuf(png_)) != 0) return false;
    png_set_user_limits(
        png_, PNG_UINT_31_MAX, PNG_UINT_31_MAX);  // pixels are counted by the caller
    png_read_info(png_, info_);
    return true;
  }

  /// Makes ready for the rows. Returns whether that worked.
  ///
  /// From here on pixels are red, green, blue and opacity of 8 bits. Of 16 bits the upper 8 are
  /// taken, as OpenCV does; gamma and colour profiles are left alone: the numbers are those of the
  /// file.
  bool start() {
    if (setjmp(png_jmpbuf(png_)) != 0) return false;
    png_set_expand(png_);
    png_set_strip_16(png_);
    png_set_gray_to_rgb(png_);
    png_set_add_alpha(png_, 255, PNG_FILLER_AFTER);
    png_set_interlace_handling(png_);
    png_read_update_info(png_, info_);
    return png_get_rowbytes(png_, info_) == std::size_t{4} * width();
  }

  std::uint32_t width() const { return png_get_image_width(png_, info_); }

  std::uint32_t height() const { return png_get_image_height(png_, info_); }

  /// Reads all pixels to where the rows begin. Returns whether that worked.
  bool read(png_bytepp rows) {
    if (setjmp(png_jmpbuf(png_)) != 0) return false;
    png_read_image(png_, rows);
    return true;
  }

  const char* problem() const { return problem_; }

 private:
  static void give(png_structp png, png_bytep to, std::size_t n) {
    auto& self = *static_cast<png_decoder*>(png_get_io_ptr(png));
    if (n > self.rest_.size()) png_error(png, "the file ends too early");
    std::memcpy(to, self.rest_.data(), n);
    self.rest_ = self.rest_.subspan(n);
  }

  [[noreturn]] static void fail(png_structp png, png_const_charp why) {
    auto& self = *static_cast<png_decoder*>(png_get_error_ptr(png));
    std::strncpy(self.problem_, why, sizeof self.problem_ - 1);
    png_longjmp(png, 1);
  }

  static void ignore(png_structp /*png*/, png_const_charp /*why*/) {}

  std::span<const std::byte> rest_;
  char problem_[128] = "no memory";  // NOLINT: filled where nothing may be thrown
  png_structp png_;
  png_infop info_ = nullptr;
};

}  // namespace

picture read_png(std::span<const std::byte> bytes, const std::string& name) {
  png_decoder decoder(bytes);
  const auto refuse = [&] {
    throw config_error(fmt::format(
        "{}: found a PNG that can't be read ({}), accepted: whole ones", name, decoder.problem()));
  };
  if (!decoder.begin()) refuse();
  picture made = blank_picture(decoder.width(), decoder.height(), name);
  if (!decoder.start()) refuse();
  constexpr std::size_t n_channels = 4;
  std::vector<png_byte> pixels(n_channels * made.width * made.height);
  std::vector<png_bytep> rows(made.height);
  for (std::size_t y = 0; y < made.height; ++y) rows[y] = &pixels[y * n_channels * made.width];
  if (!decoder.read(rows.data())) refuse();
  // On white, mixed as the numbers stand.
  const auto on_white = [](unsigned value, unsigned opacity) {
    return static_cast<std::uint8_t>((value * opacity + 255 * (255 - opacity) + 127) / 255);
  };
  std::uint8_t* to = made.pixels.data();
  for (std::size_t at = 0; at < pixels.size(); at += n_channels) {
    for (std::size_t channel = 0; channel < 3; ++channel)
      *to++ = on_white(pixels[at + channel], pixels[at + 3]);
  }
  return made;
}

}  // namespace rankwise::images
