// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/wire/buffer.hpp>
#include <rankwise/wire/codec.hpp>
#include <rankwise/wire/traits.hpp>

#include <atomic>
#include <cstdint>

namespace rankwise::engine {

/// About how many bytes the values of a type take outside of themselves, by some of them.
template <class Value>
class mean_bytes {
 public:
  /// Any thread may ask.
  std::uint64_t get() const { return mean_; }

  /// Called for each value, by one thread at a time.
  void look(const Value& value) {
    if constexpr (!wire::raw<Value>) {
      if (++n_seen_ > all_of_the_first && n_seen_ % one_of != 0) return;
      scratch_.clear();
      wire::encoder<Value>(scratch_).put(value);
      const std::uint64_t bytes = scratch_.size();
      mean_ = n_seen_ == 1 ? bytes : (7 * mean_ + bytes) / 8;
    }
  }

 private:
  static constexpr std::uint64_t all_of_the_first = 64;
  static constexpr std::uint64_t one_of = 64;

  std::atomic<std::uint64_t> mean_{0};
  std::uint64_t n_seen_ = 0;
  wire::bytes scratch_;
};

}  // namespace rankwise::engine
