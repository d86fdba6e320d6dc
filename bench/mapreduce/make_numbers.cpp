// SPDX-License-Identifier: MIT
// Makes what is counted and fitted, the same for the same size: bench_make_numbers image|pairs
// BYTES > FILE
//
// image: a BMP of 24 bits a pixel; each colour is a wave over rows and columns, and noise.
// pairs: bytes x, y, x, y ...; x is anything, y is x / 2 + 32 and noise from 0 to 63.
#include <rankwise/random.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <numbers>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

constexpr std::uint64_t seed = 7;
constexpr std::size_t bmp_header_bytes = 54;

void write(std::span<const unsigned char> bytes) {
  if (std::fwrite(bytes.data(), 1, bytes.size(), stdout) != bytes.size())
    throw std::runtime_error("writing failed");
}

/// Random bytes, four from each number.
void fill(std::span<unsigned char> bytes, rankwise::random_stream& random) {
  std::uint32_t held = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i, held >>= 8U) {
    if (i % 4 == 0) held = random();
    bytes[i] = static_cast<unsigned char>(held);
  }
}

struct image_size {
  std::uint32_t width;  ///< a multiple of 4, so that rows have no padding
  std::uint32_t height;
};

/// The nearest to a square that fits into `bytes`.
image_size size_within(std::uint64_t bytes) {
  constexpr std::uint64_t smallest = 1000;
  constexpr std::uint64_t largest = 4'294'967'295;  // the header has 32 bits for it
  if (bytes < smallest || bytes > largest)
    throw std::runtime_error(fmt::format("accepted: {} to {} bytes", smallest, largest));
  const std::uint64_t n_pixels = (bytes - bmp_header_bytes) / 3;
  const auto side = static_cast<std::uint32_t>(std::sqrt(static_cast<double>(n_pixels)));
  const std::uint32_t width = side / 4 * 4;
  return {width, static_cast<std::uint32_t>(n_pixels / width)};
}

/// Source: BITMAPFILEHEADER and BITMAPINFOHEADER of the Windows API.
class bmp_header {
 public:
  explicit bmp_header(image_size size) {
    add(0x4D42, 2);  // "BM"
    add(static_cast<std::uint32_t>(bmp_header_bytes + std::uint64_t{3} * size.width * size.height),
        4);
    add(0, 4);
    add(bmp_header_bytes, 4);
    add(40, 4);
    add(size.width, 4);
    add(size.height, 4);
    add(1, 2);   // plane
    add(24, 2);  // bits a pixel
    add(0, 4);   // not compressed
    for (int i = 0; i < 5; ++i) add(0, 4);
  }

  std::span<const unsigned char> bytes() const { return bytes_; }

 private:
  void add(std::uint32_t value, int n) {
    for (; n > 0; --n, value >>= 8U) bytes_.at(n_held_++) = static_cast<unsigned char>(value);
  }

  std::array<unsigned char, bmp_header_bytes> bytes_{};
  std::size_t n_held_ = 0;
};

/// From 0 to 224, `periods` times over `n`.
unsigned int wave(std::uint32_t at, std::uint32_t n, double periods) {
  const double turn = 2 * std::numbers::pi * periods * at / n;
  return static_cast<unsigned int>(112 + 112 * std::sin(turn));
}

void make_image(std::uint64_t bytes) {
  const image_size size = size_within(bytes);
  write(bmp_header(size).bytes());
  constexpr std::array<double, 3> across{1.5, 2.0, 3.5};  // periods of blue, green, red
  constexpr std::array<double, 3> down{2.5, 1.0, 5.0};
  std::vector<unsigned int> columns;
  for (std::uint32_t x = 0; x < size.width; ++x)
    for (const double periods : across) columns.push_back(wave(x, size.width, periods));
  rankwise::random_stream random(seed, 0);
  std::vector<unsigned char> row(columns.size());
  for (std::uint32_t y = 0; y < size.height; ++y) {
    std::array<unsigned int, 3> here{};
    for (std::size_t colour = 0; colour < 3; ++colour)
      here.at(colour) = wave(y, size.height, down.at(colour));
    fill(row, random);
    for (std::size_t i = 0; i < row.size(); i += 3)
      for (std::size_t colour = 0; colour < 3; ++colour) {
        unsigned char& pixel = row[i + colour];
        pixel =
            static_cast<unsigned char>((columns[i + colour] + here.at(colour)) / 2 + pixel % 32);
      }
    write(row);
  }
}

void make_pairs(std::uint64_t bytes) {
  rankwise::random_stream random(seed, 0);
  constexpr std::size_t n_at_once = 1U << 20U;
  std::vector<unsigned char> some(n_at_once);
  for (bytes -= bytes % 2; bytes > 0;) {
    some.resize(std::min<std::uint64_t>(n_at_once, bytes));
    fill(some, random);
    for (std::size_t i = 0; i < some.size(); i += 2)
      some[i + 1] = static_cast<unsigned char>(some[i] / 2 + 32 + some[i + 1] % 64);
    write(some);
    bytes -= some.size();
  }
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const std::string what = argc == 3 ? argv[1] : "";
    const auto bytes = static_cast<std::uint64_t>(argc == 3 ? std::atof(argv[2]) : 0);
    if (what == "image") {
      make_image(bytes);
    } else if (what == "pairs") {
      make_pairs(bytes);
    } else {
      throw std::runtime_error("accepted: image|pairs BYTES");
    }
    if (std::fflush(stdout) != 0) throw std::runtime_error("writing failed");
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "bench_make_numbers: {}\n", error.what());
    return 2;
  }
}
