// SPDX-License-Identifier: MIT
// Highway reads this file once for each instruction set, and picks one at run time.
#include "linear_regression/byte_sums.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#ifdef RANKWISE_HAS_HIGHWAY
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "linear_regression/byte_sums.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();

namespace linear_regression::HWY_NAMESPACE {

#if HWY_TARGET == HWY_SCALAR

std::size_t add_vectors(const std::uint8_t* /*bytes*/, std::size_t /*n*/, byte_sums& /*sums*/) {
  return 0;
}

#else

namespace hn = hwy::HWY_NAMESPACE;

/// The sum of the lanes of both, each below 2^31.
template <class Tag, class Vector>
HWY_INLINE std::uint64_t total(Tag tag, Vector one, Vector other) {
  std::array<std::int32_t, 2 * hn::MaxLanes(tag)> lanes{};
  hn::StoreU(one, tag, lanes.data());
  hn::StoreU(other, tag, lanes.data() + hn::Lanes(tag));
  std::uint64_t sum = 0;
  for (const std::int32_t lane : lanes) sum += static_cast<std::uint32_t>(lane);
  return sum;
}

/// Adds the pairs in whole vectors to `sums`, and returns how many of the `n` bytes that were.
HWY_ATTR std::size_t add_vectors(const std::uint8_t* bytes, std::size_t n, byte_sums& sums) {
  const hn::ScalableTag<std::uint8_t> of_bytes;
  const hn::Repartition<std::uint16_t, decltype(of_bytes)> of_pairs;
  const hn::Repartition<std::int16_t, decltype(of_bytes)> of_factors;
  const hn::Repartition<std::int32_t, decltype(of_bytes)> of_products;
  const hn::Repartition<std::uint64_t, decltype(of_bytes)> of_totals;
  const auto first_of_pair = hn::Set(of_pairs, 0xFF);
  const std::size_t step = hn::Lanes(of_bytes);
  // A vector adds at most two products to a lane: 2 * 255^2 * 2^14 < 2^31.
  const std::size_t at_once = std::size_t{1} << 14U;
  std::size_t at = 0;
  while (n - at >= step) {
    auto x = hn::Zero(of_totals);
    auto y = x;
    auto xx = hn::Zero(of_products);
    auto xx_more = xx;
    auto yy = xx;
    auto yy_more = xx;
    auto xy = xx;
    auto xy_more = xx;
    for (const std::size_t end = at + std::min((n - at) / step, at_once) * step; at < end;
         at += step) {
      const auto pairs = hn::BitCast(of_pairs, hn::LoadU(of_bytes, bytes + at));
      const auto some_x = hn::And(pairs, first_of_pair);
      const auto some_y = hn::ShiftRight<8>(pairs);
      x = hn::Add(x, hn::SumsOf8(hn::BitCast(of_bytes, some_x)));
      y = hn::Add(y, hn::SumsOf8(hn::BitCast(of_bytes, some_y)));
      const auto factor_x = hn::BitCast(of_factors, some_x);
      const auto factor_y = hn::BitCast(of_factors, some_y);
      xx = hn::ReorderWidenMulAccumulate(of_products, factor_x, factor_x, xx, xx_more);
      yy = hn::ReorderWidenMulAccumulate(of_products, factor_y, factor_y, yy, yy_more);
      xy = hn::ReorderWidenMulAccumulate(of_products, factor_x, factor_y, xy, xy_more);
    }
    sums.x += hn::GetLane(hn::SumOfLanes(of_totals, x));
    sums.y += hn::GetLane(hn::SumOfLanes(of_totals, y));
    sums.xx += total(of_products, xx, xx_more);
    sums.yy += total(of_products, yy, yy_more);
    sums.xy += total(of_products, xy, xy_more);
  }
  sums.n += at / 2;
  return at;
}

#endif

}  // namespace linear_regression::HWY_NAMESPACE

HWY_AFTER_NAMESPACE();
#endif

#if !defined(RANKWISE_HAS_HIGHWAY) || HWY_ONCE
namespace linear_regression {
namespace {

/// Adds pairs in a loop for the compiler's vectors, in which 32 bits hold the sums of 2^14 pairs.
void add_in_loop(std::span<const unsigned char> bytes, byte_sums& sums) {
  constexpr std::size_t at_once = std::size_t{1} << 15U;
  while (!bytes.empty()) {
    const std::size_t n = std::min(bytes.size(), at_once) / 2;
    const unsigned char* const pairs = bytes.data();
    std::int32_t x = 0;
    std::int32_t y = 0;
    std::int32_t xx = 0;
    std::int32_t yy = 0;
    std::int32_t xy = 0;
    for (std::size_t i = 0; i < n; ++i) {
      const auto some_x = static_cast<std::int16_t>(pairs[2 * i]);
      const auto some_y = static_cast<std::int16_t>(pairs[2 * i + 1]);
      x += some_x;
      y += some_y;
      xx += some_x * some_x;
      yy += some_y * some_y;
      xy += some_x * some_y;
    }
    const auto whole = [](std::int32_t sum) { return static_cast<std::uint64_t>(sum); };
    sums = sums + byte_sums{n, whole(x), whole(y), whole(xx), whole(yy), whole(xy)};
    bytes = bytes.subspan(2 * n);
  }
}

#ifdef RANKWISE_HAS_HIGHWAY
HWY_EXPORT(add_vectors);
#endif

}  // namespace

byte_sums sum_pairs(std::span<const unsigned char> bytes) {
  byte_sums sums;
#ifdef RANKWISE_HAS_HIGHWAY
  bytes = bytes.subspan(HWY_DYNAMIC_DISPATCH(add_vectors)(bytes.data(), bytes.size(), sums));
#endif
  add_in_loop(bytes, sums);
  return sums;
}

}  // namespace linear_regression
#endif
