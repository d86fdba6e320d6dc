// SPDX-License-Identifier: MIT
#include <rankwise/error.hpp>

#include "images/formats.hpp"

#include <fmt/format.h>

#include <cstring>
#include <memory>
#include <turbojpeg.h>
#include <type_traits>

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

picture read_jpeg(std::span<const std::byte> bytes, const std::string& name) {
  const std::unique_ptr<std::remove_pointer_t<tjhandle>, decltype(&tjDestroy)> decoder(
      tjInitDecompress(), &tjDestroy);
  const auto refuse = [&] {
    throw config_error(fmt::format("{}: found a JPEG that can't be read ({}), accepted: whole ones",
                                   name,
                                   tjGetErrorStr2(decoder.get())));
  };
  if (!decoder) refuse();
  const auto* const data = reinterpret_cast<const unsigned char*>(bytes.data());
  int width = 0;
  int height = 0;
  int subsampling = 0;
  int colours = 0;
  if (tjDecompressHeader3(
          decoder.get(), data, bytes.size(), &width, &height, &subsampling, &colours) != 0)
    refuse();
  if (colours == TJCS_CMYK || colours == TJCS_YCCK)
    throw config_error(
        fmt::format("{}: found a JPEG in CMYK, accepted: one in grey or in RGB", name));
  picture made =
      blank_picture(static_cast<std::uint64_t>(width), static_cast<std::uint64_t>(height), name);
  if (tjDecompress2(decoder.get(),
                    data,
                    bytes.size(),
                    made.pixels.data(),
                    width,
                    0,
                    height,
                    TJPF_RGB,
                    TJFLAG_ACCURATEDCT | TJFLAG_STOPONWARNING) != 0)
    refuse();
  const int orientation = exif_orientation(bytes);
  return orientation == 1 ? made : turned(made, orientation);
}

}  // namespace rankwise::images
