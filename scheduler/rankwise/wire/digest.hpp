// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace rankwise::wire {

/// A number that tells runs of bytes apart that differ by accident; an enemy finds two that do not.
/// Each word of eight bytes is mixed in by steps that can be undone, so that no change of a single
/// word is missed. The same on all machines of one byte order.
class digest {
 public:
  digest& add(std::span<const std::byte> data) {
    mix(data.size());
    while (!data.empty()) {
      std::uint64_t word = 0;
      const std::size_t n = data.size() < sizeof word ? data.size() : sizeof word;
      std::memcpy(&word, data.data(), n);
      mix(word);
      data = data.subspan(n);
    }
    return *this;
  }

  digest& add(std::uint64_t number) {
    mix(number);
    return *this;
  }

  std::uint64_t value() const { return state_; }

 private:
  void mix(std::uint64_t word) {
    state_ = (state_ ^ word) * 0x9e3779b97f4a7c15U;
    state_ ^= state_ >> 32U;
  }

  std::uint64_t state_ = 0xcbf29ce484222325U;
};

}  // namespace rankwise::wire
