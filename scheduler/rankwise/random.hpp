// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace rankwise {

/// A stream of random numbers that depends on a seed, the number of a call and an index alone, so
/// that results do not change with the number of ranks. Meets std::uniform_random_bit_generator:
/// use it with the distributions of <random>.
///
/// Not for secrets: the stream can be computed by whoever knows the seed.
/// Source: Philox4x32-10, Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2,
/// 3", SC 2011.
class random_stream {
 public:
  using result_type = std::uint32_t;

  constexpr random_stream(std::uint64_t seed, std::uint64_t index, std::uint32_t call = 0)
      : key_{low(seed), high(seed)}, counter_{0, reversed(call), low(index), high(index)} {}

  static constexpr result_type min() { return 0; }

  static constexpr result_type max() { return std::numeric_limits<result_type>::max(); }

  constexpr result_type operator()() {
    if (n_used_ == block_.size()) {
      block_ = philox(counter_, key_);
      if (++counter_[0] == 0) ++counter_[1];
      n_used_ = 0;
    }
    return block_[n_used_++];
  }

  /// Ten rounds of Philox4x32 on one counter.
  static constexpr std::array<std::uint32_t, 4> philox(std::array<std::uint32_t, 4> counter,
                                                       std::array<std::uint32_t, 2> key) {
    constexpr std::uint64_t multiplier_0 = 0xD2511F53;
    constexpr std::uint64_t multiplier_1 = 0xCD9E8D57;
    constexpr std::uint32_t weyl_0 = 0x9E3779B9;
    constexpr std::uint32_t weyl_1 = 0xBB67AE85;
    for (int round = 0; round < 10; ++round) {
      const std::uint64_t product_0 = multiplier_0 * counter[0];
      const std::uint64_t product_1 = multiplier_1 * counter[2];
      counter = {high(product_1) ^ counter[1] ^ key[0],
                 low(product_1),
                 high(product_0) ^ counter[3] ^ key[1],
                 low(product_0)};
      key[0] += weyl_0;
      key[1] += weyl_1;
    }
    return counter;
  }

 private:
  static constexpr std::uint32_t low(std::uint64_t value) {
    return static_cast<std::uint32_t>(value);
  }

  static constexpr std::uint32_t high(std::uint64_t value) {
    return static_cast<std::uint32_t>(value >> 32U);
  }

  /// The bits of a call's number from the highest down: what a long stream carries over comes from
  /// the lowest up, and meets them late. With 65,536 calls a stream has 2^50 numbers of its own.
  static constexpr std::uint32_t reversed(std::uint32_t value) {
    std::uint32_t all = 0;
    for (int bit = 0; bit < 32; ++bit) all |= (value >> bit & 1U) << (31 - bit);
    return all;
  }

  std::array<std::uint32_t, 2> key_;
  std::array<std::uint32_t, 4> counter_;
  std::array<std::uint32_t, 4> block_{};
  std::size_t n_used_ = 4;
};

}  // namespace rankwise
