// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/map_reduce/combine/packed_key.hpp>
#include <rankwise/map_reduce/combine/slot_array.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace rankwise::combine {

/// The keys that were emitted most lately, with what they have come to, in as much memory as stays
/// in a core's cache: frequent keys are combined here, and only what is pushed out goes on.
///
/// A key has one place, of two slots; the one that was used later stays.
template <class Value>
class front_cache {
 public:
  void prefetch(std::uint64_t hash) const {
    if (!pairs_.empty()) __builtin_prefetch(&pairs_[index(hash)], 1);
  }

  /// Combines `value` with what the key has here. What is pushed out goes to `pushed_out`, where
  /// there is room for one entry; true if that is so.
  template <class Combine>
  bool add(const packed_key& key,
           std::uint64_t hash,
           const Value& value,
           const Combine& combine,
           slot<Value>& pushed_out) {
    if (pairs_.empty()) pairs_.resize(n_pairs);
    pair& here = pairs_[index(hash)];
    if (here.later.key == key) {
      here.later.value = combine(here.later.value, value);
      return false;
    }
    // From where it has stood for long: what was just stored is not loaded again.
    pushed_out = here.earlier;
    here.earlier = here.later;
    if (pushed_out.key == key) {
      here.later = {key, combine(pushed_out.value, value)};
      return false;
    }
    here.later = {key, value};
    return !pushed_out.key.is_empty();
  }

  /// Passes on all that is here.
  template <class PassOn>
  void drain(PassOn pass_on) {
    for (const pair& left : pairs_) {
      for (const slot<Value>& one : {left.later, left.earlier}) {
        if (!one.key.is_empty()) pass_on(one.key, one.value);
      }
    }
    pairs_.clear();
  }

 private:
  struct alignas(64) pair {
    slot<Value> later{};
    slot<Value> earlier{};
  };

  static constexpr std::size_t n_pairs = std::size_t{1} << 13U;

  /// By other bits than those that choose the segment.
  static std::size_t index(std::uint64_t hash) { return hash % n_pairs; }

  std::vector<pair> pairs_;
};

}  // namespace rankwise::combine
