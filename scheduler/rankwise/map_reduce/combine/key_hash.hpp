// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/map_reduce/combine/packed_key.hpp>
#include <rankwise/random.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace rankwise::combine {

/// Hashes keys under a seed that an author of inputs does not know, so that nobody can choose keys
/// that collide. All ranks compute the same.
///
/// Source: folded 64 x 64 -> 128 bit multiplication, as in wyhash (Wang Yi, 2019).
class key_hash {
 public:
  key_hash() = default;

  /// A member of the family for each seed and level.
  explicit key_hash(std::uint64_t seed, std::uint32_t level = 0) {
    random_stream stream(seed, level);
    const auto next = [&stream] {
      const std::uint64_t upper = stream();  // in this order, whatever the compiler
      return upper << 32U | stream();
    };
    low_ = next();
    high_ = next();
  }

  /// Of a key that is held whole.
  std::uint64_t operator()(packed_key key) const { return mix(key.low ^ low_, key.high ^ high_); }

  /// Of any other.
  std::uint64_t operator()(std::string_view text) const {
    std::uint64_t state = high_ ^ text.size();
    std::size_t at = 0;
    for (; at + 16 <= text.size(); at += 16) {
      state = fold(detail::load_8(text.data() + at) ^ low_,
                   detail::load_8(text.data() + at + 8) ^ state);
    }
    packed_key rest{};
    if (at != text.size()) rest = pack(text.substr(at));
    return mix(rest.low ^ low_ ^ state, rest.high ^ high_);
  }

  /// Of a key as a table holds it.
  std::uint64_t of_held(packed_key key) const { return key.is_long() ? key.low : (*this)(key); }

 private:
  /// Once is not enough: numbers in a row would come out in the steps of a multiplication, which
  /// crowd under some seeds.
  std::uint64_t mix(std::uint64_t left, std::uint64_t right) const {
    return fold(fold(left, right) ^ low_, high_);
  }

  static std::uint64_t fold(std::uint64_t left, std::uint64_t right) {
#ifdef __SIZEOF_INT128__
    __extension__ using wide = unsigned __int128;
    const wide product = static_cast<wide>(left) * right;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64U);
#else
    const std::uint64_t low_mask = 0xffffffffU;
    const std::uint64_t low = (left & low_mask) * (right & low_mask);
    const std::uint64_t middle_1 = (left >> 32U) * (right & low_mask) + (low >> 32U);
    const std::uint64_t middle_2 = (left & low_mask) * (right >> 32U) + (middle_1 & low_mask);
    const std::uint64_t high =
        (left >> 32U) * (right >> 32U) + (middle_1 >> 32U) + (middle_2 >> 32U);
    return ((middle_2 << 32U) | (low & low_mask)) ^ high;
#endif
  }

  std::uint64_t low_ = 0;
  std::uint64_t high_ = 0;
};

}  // namespace rankwise::combine
