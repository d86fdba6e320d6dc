// SPDX-License-Identifier: MIT
#pragma once

#include <boost/multiprecision/cpp_int.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace histogram {

/// The smallest and the largest of some values, at first of none.
struct value_range {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();

  bool is_empty() const { return low > high; }

  /// Of the values of both.
  friend value_range operator+(const value_range& one, const value_range& other) {
    return {.low = std::min(one.low, other.low), .high = std::max(one.high, other.high)};
  }

  bool operator==(const value_range&) const = default;
};

namespace detail {

/// The exponent of the smallest double above 0: all finite ones are multiples of 2 to its power.
inline constexpr int smallest_exponent = -1074;

/// `value` in multiples of the smallest double.
inline boost::multiprecision::cpp_int exact(double value) {
  constexpr int n_digits = std::numeric_limits<double>::digits;
  int exponent = 0;
  const double digits = std::ldexp(std::frexp(value, &exponent), n_digits);
  const int shift = exponent - n_digits - smallest_exponent;
  // The lowest digits of a subnormal number are 0.
  if (shift < 0) return static_cast<std::int64_t>(std::ldexp(digits, shift));
  return boost::multiprecision::cpp_int(static_cast<std::int64_t>(digits)) << shift;
}

/// The double nearest to sum / n multiples of the smallest double, which is in range; of two that
/// are as near the one with an even last digit.
inline double nearest_double(const boost::multiprecision::cpp_int& sum, std::uint32_t n) {
  using boost::multiprecision::cpp_int;
  constexpr std::size_t n_digits = std::numeric_limits<double>::digits;
  const cpp_int whole = abs(sum) / n;
  const std::size_t n_bits = whole == 0 ? 0 : msb(whole) + 1;
  const std::size_t n_dropped = n_bits > n_digits ? n_bits - n_digits : 0;
  cpp_int kept = whole >> n_dropped;
  const cpp_int step = cpp_int(n) << n_dropped;  // of `kept`, in the unit of the rest
  const cpp_int twice_the_rest = 2 * (abs(sum) - kept * step);
  if (twice_the_rest > step || (twice_the_rest == step && bit_test(kept, 0))) ++kept;
  const double magnitude = std::ldexp(static_cast<double>(kept.convert_to<std::uint64_t>()),
                                      static_cast<int>(n_dropped) + smallest_exponent);
  return sum < 0 && magnitude != 0 ? -magnitude : magnitude;
}

}  // namespace detail

/// Bins of equal width over a range: bin k holds the values from edges[k] to below edges[k + 1],
/// the last one its upper edge too. Made by `make_equal_bins`.
struct equal_bins {
  std::vector<double> edges;  ///< [n + 1], none less than the one before

  std::uint32_t n() const { return static_cast<std::uint32_t>(edges.size() - 1); }

  double low() const { return edges.front(); }

  double high() const { return edges.back(); }

  /// What `bin_of` says of values below and above the range.
  std::uint32_t below() const { return n(); }

  std::uint32_t above() const { return n() + 1; }

  /// Where rows without a value are counted.
  std::uint32_t left_out() const { return n() + 2; }

  /// The bin that holds `value`; what the edges say counts, not what a division rounds to.
  std::uint32_t bin_of(double value) const {
    const double first = low();
    const double last = high();
    if (value < first) return below();
    if (value > last) return above();
    const double guess = (value - first) / (last - first) * n();
    const auto bin = std::min(static_cast<std::uint32_t>(guess), n() - 1);
    if (edges[bin] <= value && value < edges[bin + 1]) return bin;
    // The bin before the first inner edge above the value.
    const auto above_value = std::upper_bound(edges.begin() + 1, edges.end() - 1, value);
    return static_cast<std::uint32_t>(above_value - edges.begin() - 1);
  }
};

/// `n` bins of equal width over `range`: bin k begins at the double nearest to the exact value of
/// low + k (high - low) / n.
///
/// Local. Shapes: low < high, high - low is finite, n is at least 1.
/// Cost: some microseconds for an edge.
inline equal_bins make_equal_bins(const value_range& range, std::uint32_t n) {
  const boost::multiprecision::cpp_int low = detail::exact(range.low);
  const boost::multiprecision::cpp_int high = detail::exact(range.high);
  equal_bins bins;
  for (std::uint32_t k = 0; k <= n; ++k)
    bins.edges.push_back(detail::nearest_double(low * (n - k) + high * k, n));
  return bins;
}

}  // namespace histogram
