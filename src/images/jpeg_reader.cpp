// SPDX-License-Identifier: MIT
#include <rankwise/error.hpp>

#include "images/formats.hpp"

#include <fmt/format.h>

#include <csetjmp>
#include <cstddef>
#include <cstdint>
#include <cstdio>  // jpeglib.h needs it before
#include <cstring>
#include <jerror.h>
#include <jpeglib.h>
#include <string>
#include <vector>

namespace rankwise::images {

namespace {

/// The numbers of an EXIF segment, in its order of bytes; 0 where it ends before.
class exif_numbers {
 public:
  exif_numbers(std::span<const std::byte> bytes, bool is_little)
      : bytes_(bytes), is_little_(is_little) {}

  std::uint32_t number(std::size_t offset, std::size_t n_bytes) const {
    if (offset > bytes_.size() || bytes_.size() - offset < n_bytes) return 0;
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < n_bytes; ++i) {
      const std::size_t place = is_little_ ? n_bytes - 1 - i : i;
      value = value << 8U | static_cast<std::uint32_t>(bytes_[offset + place]);
    }
    return value;
  }

 private:
  std::span<const std::byte> bytes_;
  bool is_little_;
};

/// Of a TIFF header and what follows it.
int orientation_of(std::span<const std::byte> tiff) {
  constexpr std::uint32_t tag_orientation = 0x0112;
  constexpr std::size_t entry_bytes = 12;
  if (tiff.size() < 8) return 1;
  const exif_numbers numbers(tiff, tiff[0] == std::byte{'I'});
  const std::size_t directory = numbers.number(4, 4);
  const std::uint32_t n_entries = numbers.number(directory, 2);
  for (std::uint32_t i = 0; i < n_entries; ++i) {
    const std::size_t entry = directory + 2 + i * entry_bytes;
    if (entry + entry_bytes > tiff.size()) break;
    if (numbers.number(entry, 2) != tag_orientation) continue;
    const std::uint32_t value = numbers.number(entry + 8, 2);
    return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
  }
  return 1;
}

}  // namespace

int exif_orientation(std::span<const std::byte> jpeg) {
  constexpr std::byte marker{0xff};
  constexpr std::byte app1{0xe1};
  constexpr std::byte start_of_scan{0xda};
  const char* const exif = "Exif\0";
  constexpr std::size_t exif_bytes = 6;
  std::size_t at = 2;
  while (at + 4 <= jpeg.size() && jpeg[at] == marker && jpeg[at + 1] != start_of_scan) {
    const std::size_t n_bytes =
        static_cast<std::size_t>(jpeg[at + 2]) << 8U | static_cast<std::size_t>(jpeg[at + 3]);
    if (n_bytes < 2 || n_bytes > jpeg.size() - at - 2) return 1;
    const std::span segment = jpeg.subspan(at + 4, n_bytes - 2);
    if (jpeg[at + 1] == app1 && segment.size() > exif_bytes &&
        std::memcmp(segment.data(), exif, exif_bytes) == 0)
      return orientation_of(segment.subspan(exif_bytes));
    at += 2 + n_bytes;
  }
  return 1;
}

picture turned(const picture& stored, int orientation) {
  if (orientation <= 1 || orientation > 8) return stored;
  const bool swaps_axes = orientation >= 5;
  picture seen;
  seen.warning = stored.warning;
  seen.width = swaps_axes ? stored.height : stored.width;
  seen.height = swaps_axes ? stored.width : stored.height;
  seen.pixels.resize(stored.pixels.size());
  const std::size_t last_x = stored.width - 1;
  const std::size_t last_y = stored.height - 1;
  std::uint8_t* to = seen.pixels.data();
  for (std::size_t y = 0; y < seen.height; ++y) {
    for (std::size_t x = 0; x < seen.width; ++x) {
      // Where in the file this pixel lies: what the first row and column of the file are to be.
      std::size_t from_x = x;
      std::size_t from_y = y;
      switch (orientation) {
        case 2:
          from_x = last_x - x;
          break;
        case 3:
          from_x = last_x - x;
          from_y = last_y - y;
          break;
        case 4:
          from_y = last_y - y;
          break;
        case 5:
          from_x = y;
          from_y = x;
          break;
        case 6:
          from_x = y;
          from_y = last_y - x;
          break;
        case 7:
          from_x = last_x - y;
          from_y = last_y - x;
          break;
        default:
          from_x = last_x - y;
          from_y = x;
          break;
      }
      const std::uint8_t* const from = &stored.pixels[(from_y * stored.width + from_x) * 3];
      for (int channel = 0; channel < 3; ++channel) *to++ = from[channel];
    }
  }
  return seen;
}

namespace {

/// libjpeg at work on a file in memory. It leaves its functions by longjmp where it fails, so what
/// it calls here keeps nothing that would have to be destroyed.
class jpeg_decoder {
 public:
  explicit jpeg_decoder(std::span<const std::byte> bytes) {
    state_.err = jpeg_std_error(&errors_);
    state_.client_data = this;
    errors_.error_exit = fail;
    errors_.emit_message = note;
    if (setjmp(jump_) != 0) return;
    jpeg_create_decompress(&state_);
    jpeg_mem_src(&state_, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
  }

  jpeg_decoder(const jpeg_decoder&) = delete;
  jpeg_decoder& operator=(const jpeg_decoder&) = delete;
  jpeg_decoder(jpeg_decoder&&) = delete;
  jpeg_decoder& operator=(jpeg_decoder&&) = delete;

  ~jpeg_decoder() { jpeg_destroy_decompress(&state_); }

  /// Reads what stands before the pixels, and takes no memory for these. Returns whether that
  /// worked.
  bool begin() {
    if (has_failed_ || setjmp(jump_) != 0) return false;
    jpeg_read_header(&state_, TRUE);
    state_.out_color_space = has_black() ? JCS_CMYK : JCS_RGB;
    state_.dct_method = JDCT_ISLOW;
    return true;
  }

  /// Makes ready for the rows; of a progressive file reads all of it. Returns whether that worked.
  bool start() {
    if (setjmp(jump_) != 0) return false;
    jpeg_start_decompress(&state_);
    return true;
  }

  std::uint32_t width() const { return state_.image_width; }

  std::uint32_t height() const { return state_.image_height; }

  /// Whether pixels are inverted CMYK; else they are red, green and blue.
  bool has_black() const {
    return state_.jpeg_color_space == JCS_CMYK || state_.jpeg_color_space == JCS_YCCK;
  }

  /// Reads the next row to `to`. Returns whether that worked.
  bool read(std::uint8_t* to) {
    if (setjmp(jump_) != 0) return false;
    jpeg_read_scanlines(&state_, &to, 1);
    return !has_failed_;
  }

  const char* problem() const { return problem_; }

  /// What was wrong with the file, though its pixels are there; empty: nothing.
  const char* warning() const { return warning_; }

 private:
  static jpeg_decoder& of(j_common_ptr state) {
    return *static_cast<jpeg_decoder*>(state->client_data);
  }

  [[noreturn]] static void fail(j_common_ptr state) {
    jpeg_decoder& self = of(state);
    self.has_failed_ = true;
    self.errors_.format_message(state, self.problem_);
    longjmp(self.jump_, 1);
  }

  /// A negative level is a warning. Where data end too early pixels are missing: that is an error.
  static void note(j_common_ptr state, int level) {
    if (level >= 0) return;
    const int code = state->err->msg_code;
    if (code == JWRN_JPEG_EOF || code == JWRN_HIT_MARKER) fail(state);
    jpeg_decoder& self = of(state);
    if (self.warning_[0] == '\0') self.errors_.format_message(state, self.warning_);
  }

  jpeg_decompress_struct state_{};
  jpeg_error_mgr errors_{};
  std::jmp_buf jump_{};
  char problem_[JMSG_LENGTH_MAX] = "";  // NOLINT: filled where nothing may be thrown
  char warning_[JMSG_LENGTH_MAX] = "";  // NOLINT
  bool has_failed_ = false;
};

/// A row of inverted CMYK, as Adobe's programs write it, in red, green and blue. Source: the same
/// whole numbers as OpenCV's, so that the pixels are the same.
void cmyk_to_rgb(const std::vector<std::uint8_t>& from, std::uint8_t* to) {
  for (std::size_t at = 0; at < from.size(); at += 4) {
    const int black = from[at + 3];
    for (std::size_t colour = 0; colour < 3; ++colour)
      *to++ = static_cast<std::uint8_t>(black - ((255 - from[at + colour]) * black >> 8));
  }
}

}  // namespace

picture read_jpeg(std::span<const std::byte> bytes, const std::string& name) {
  jpeg_decoder decoder(bytes);
  const auto refuse = [&] {
    throw config_error(fmt::format(
        "{}: found a JPEG that can't be read ({}), accepted: whole ones", name, decoder.problem()));
  };
  if (!decoder.begin()) refuse();
  picture made = blank_picture(decoder.width(), decoder.height(), name);
  if (!decoder.start()) refuse();
  const bool has_black = decoder.has_black();
  std::vector<std::uint8_t> row(has_black ? std::size_t{4} * made.width : 0);
  for (std::size_t y = 0; y < made.height; ++y) {
    std::uint8_t* const to = &made.pixels[y * made.width * 3];
    if (!decoder.read(has_black ? row.data() : to)) refuse();
    if (has_black) cmyk_to_rgb(row, to);
  }
  if (*decoder.warning() != '\0')
    made.warning = fmt::format("{}: read in spite of this: {}", name, decoder.warning());
  const int orientation = exif_orientation(bytes);
  return orientation == 1 ? made : turned(made, orientation);
}

}  // namespace rankwise::images
