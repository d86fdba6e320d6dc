// SPDX-License-Identifier: MIT
#include "mapreduce/pair_sums.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "mapreduce/pair_sums.cpp"
#include <hwy/foreach_target.h>
// Must come after foreach_target.h.
#include <array>
#include <cstddef>
#include <cstdint>
#include <hwy/highway.h>
#include <span>

HWY_BEFORE_NAMESPACE();

namespace bench::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

using words = hn::ScalableTag<std::uint16_t>;
using signed_words = hn::ScalableTag<std::int16_t>;
using sums = hn::ScalableTag<std::int32_t>;

/// Sums of products of 16-bit numbers. In 256 KiB there are at most 2^14 vectors, and each adds at
/// most two products of 255^2 to a sum: less than 2^31.
class products {
 public:
  HWY_INLINE products() : low_(hn::Zero(sums())), high_(low_) {}

  HWY_INLINE void add(hn::Vec<signed_words> a, hn::Vec<signed_words> b) {
    low_ = hn::ReorderWidenMulAccumulate(sums(), a, b, low_, high_);
  }

  HWY_INLINE std::uint64_t total() const {
    std::array<std::int32_t, 2 * HWY_MAX_BYTES / 4> all{};
    hn::StoreU(low_, sums(), all.data());
    hn::StoreU(high_, sums(), all.data() + hn::Lanes(sums()));
    std::uint64_t result = 0;
    for (const std::int32_t one : all) result += static_cast<std::uint32_t>(one);
    return result;
  }

 private:
  hn::Vec<sums> low_;
  hn::Vec<sums> high_;
};

pair_sums sum_pairs(std::span<const unsigned char> bytes) {
  const words all;
  const signed_words numbers;
  const auto low_byte = hn::Set(all, 255);
  const auto one = hn::Set(numbers, 1);
  products x;
  products y;
  products xx;
  products yy;
  products xy;
  const std::size_t step = 2 * hn::Lanes(all);
  std::size_t at = 0;
  for (; at + step <= bytes.size(); at += step) {
    const auto both = hn::LoadU(all, reinterpret_cast<const std::uint16_t*>(bytes.data() + at));
    const auto x_here = hn::BitCast(numbers, hn::And(both, low_byte));
    const auto y_here = hn::BitCast(numbers, hn::ShiftRight<8>(both));
    x.add(x_here, one);
    y.add(y_here, one);
    xx.add(x_here, x_here);
    yy.add(y_here, y_here);
    xy.add(x_here, y_here);
  }
  pair_sums result{at / 2, x.total(), y.total(), xx.total(), yy.total(), xy.total()};
  for (; at < bytes.size(); at += 2) {
    const std::uint64_t x_here = bytes[at];
    const std::uint64_t y_here = bytes[at + 1];
    result.add({1, x_here, y_here, x_here * x_here, y_here * y_here, x_here * y_here});
  }
  return result;
}

}  // namespace bench::HWY_NAMESPACE

HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace bench {

HWY_EXPORT(sum_pairs);

pair_sums sum_pairs(std::span<const unsigned char> bytes) {
  return HWY_DYNAMIC_DISPATCH(sum_pairs)(bytes);
}

}  // namespace bench
#endif
