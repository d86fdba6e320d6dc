// SPDX-License-Identifier: MIT
#include "linear_regression/byte_sums.hpp"

#include "catch.hpp"
#include "linear_regression/double_double.hpp"
#include "linear_regression/moments.hpp"

#include <boost/multiprecision/cpp_int.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <vector>

using boost::multiprecision::cpp_int;
using boost::multiprecision::cpp_rational;
using linear_regression::byte_sums;
using linear_regression::double_double;
using linear_regression::moments;

namespace {

byte_sums summed_by_hand(std::span<const unsigned char> bytes) {
  byte_sums sums;
  for (std::size_t i = 0; i + 1 < bytes.size(); i += 2) {
    const std::uint64_t x = bytes[i];
    const std::uint64_t y = bytes[i + 1];
    sums = sums + byte_sums{1, x, y, x * x, y * y, x * y};
  }
  return sums;
}

/// How far `found` is from numerator / n, relative to `scale`.
double error(double_double found, const cpp_int& numerator, std::uint64_t n, double scale) {
  const cpp_rational difference =
      cpp_rational(found.high) + cpp_rational(found.low) - cpp_rational(numerator, n);
  const double size = std::abs(difference.convert_to<double>());
  return size == 0 ? 0 : size / scale;
}

void check_moments(const byte_sums& sums) {
  const cpp_int n = sums.n;
  const cpp_int x = sums.x;
  const cpp_int y = sums.y;
  const cpp_int xx = n * sums.xx - x * x;
  const cpp_int yy = n * sums.yy - y * y;
  const cpp_int xy = n * sums.xy - x * y;
  const moments found = linear_regression::moments_of(sums);
  const double bound = 60 * 0x1p-106;
  CHECK(found.n == sums.n);
  CHECK(error(found.mean_x, x, sums.n, found.mean_x.high) <= bound);
  CHECK(error(found.mean_y, y, sums.n, found.mean_y.high) <= bound);
  CHECK(error(found.xx, xx, sums.n, found.xx.high) <= bound);
  CHECK(error(found.yy, yy, sums.n, found.yy.high) <= bound);
  CHECK(error(found.xy, xy, sums.n, std::sqrt(found.xx.high) * std::sqrt(found.yy.high)) <= bound);
}

}  // namespace

TEST_CASE("sums of pairs are those of a plain loop") {
  std::mt19937 random(5);
  std::vector<unsigned char> bytes(300'000);
  std::generate(bytes.begin(), bytes.end(), [&] { return static_cast<unsigned char>(random()); });
  for (std::size_t n = 0; n < 400; n += 2) {
    CAPTURE(n);
    const std::size_t first = random() % 64;
    const auto some = std::span<const unsigned char>(bytes).subspan(first, n);
    CHECK(linear_regression::sum_pairs(some) == summed_by_hand(some));
  }
  CHECK(linear_regression::sum_pairs(bytes) == summed_by_hand(bytes));
}

TEST_CASE("sums of the largest pairs do not overflow") {
  // More than are summed in 32 bits, by the widest vectors too.
  const std::vector<unsigned char> bytes(std::size_t{5} << 20U, 255);
  const std::uint64_t n = bytes.size() / 2;
  const std::uint64_t sum = n * 255;
  CHECK(linear_regression::sum_pairs(bytes) ==
        byte_sums{n, sum, sum, sum * 255, sum * 255, sum * 255});
}

TEST_CASE("moments of bytes are exact but for the last rounding") {
  std::mt19937 random(6);
  for (const unsigned modulus : {2U, 3U, 256U}) {
    for (const std::size_t n : {6U, 1000U, 100'000U}) {
      CAPTURE(modulus, n);
      std::vector<unsigned char> bytes(n);
      for (auto& byte : bytes) byte = static_cast<unsigned char>(random() % modulus);
      bytes[0] = 255;
      bytes[1] = 254;
      check_moments(summed_by_hand(bytes));
    }
  }
}

TEST_CASE("moments of as many pairs as a file of 2^47 bytes holds") {
  const std::uint64_t n = std::uint64_t{1} << 46U;
  // Half of them (0, 255), half (255, 0): mean 127.5, and each deviation is half of 255.
  const std::uint64_t sum = n / 2 * 255;
  check_moments({n, sum, sum, sum * 255, sum * 255, 0});
  const moments found =
      linear_regression::moments_of(byte_sums{n, sum, sum, sum * 255, sum * 255, 0});
  CHECK(found.xx.high == static_cast<double>(n) * 127.5 * 127.5);
  CHECK(found.xy.high == -found.xx.high);
  // All (254, 1), but one that is (255, 0).
  check_moments({n, n * 254 + 1, n - 1, n * 254 * 254 + 509, n - 1, (n - 1) * 254});
}

TEST_CASE("a constant leaves exactly nothing") {
  const std::vector<unsigned char> bytes(100'002, 77);
  CHECK(linear_regression::moments_of(linear_regression::sum_pairs(bytes)).xx.high == 0);
  CHECK(linear_regression::moments_of(byte_sums{}).n == 0);
}
