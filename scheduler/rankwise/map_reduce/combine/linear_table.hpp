// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/map_reduce/combine/key_hash.hpp>
#include <rankwise/map_reduce/combine/long_keys.hpp>
#include <rankwise/map_reduce/combine/packed_key.hpp>
#include <rankwise/map_reduce/combine/slot_array.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

namespace rankwise::combine {

/// A hash table with linear probing.
///
/// Hashes are shifted by the caller, so that their top bits differ within this table.
template <class Value>
class linear_table {
 public:
  static constexpr std::string_view name = "linear";

  /// `hash` gives the hash of a key; `skipped_bits` are those that the keys here have in common.
  linear_table(const key_hash& hash, unsigned skipped_bits)
      : hash_(hash), skipped_bits_(skipped_bits) {}

  std::size_t size() const { return size_; }

  unsigned skipped_bits() const { return skipped_bits_; }

  /// Memory taken, in bytes.
  std::size_t bytes() const { return n_slots() * sizeof(slot<Value>) + long_keys_.capacity(); }

  void prefetch(std::uint64_t hash) const {
    if (slots_) __builtin_prefetch(&slots_[index(hash)], 1);
  }

  /// The value of a key that is held whole. If the key `is_new`, that holds nothing yet; a number
  /// is 0.
  Value& find_or_add(const packed_key& key, std::uint64_t hash, bool& is_new) {
    if (size_ >= size_limit_) grow();
    std::size_t at = index(hash);
    for (;; at = (at + 1) & mask_) {
      slot<Value>& here = slots_[at];
      // One branch for both ends of the search: which of them it is can't be foretold.
      const std::uint64_t difference = (here.key.low ^ key.low) | (here.key.high ^ key.high);
      const std::uint64_t held = here.key.high;
      if (std::min(difference, held) != 0) continue;
      const bool is_free = held == 0;
      is_new = is_free;
      size_ += is_free ? 1 : 0;
      here.key = key;
      return here.value;
    }
  }

  /// The same for any other key.
  Value& find_or_add(std::string_view key, std::uint64_t hash, bool& is_new) {
    if (size_ >= size_limit_) grow();
    std::size_t at = index(hash);
    for (;; at = (at + 1) & mask_) {
      slot<Value>& here = slots_[at];
      if (here.key.is_long() && here.key.low == hash && long_keys_.at(here.key.place()) == key) {
        is_new = false;
        return here.value;
      }
      if (here.key.is_empty()) {
        is_new = true;
        ++size_;
        here.key = packed_key::of_long(hash, long_keys_.add(key));
        return here.value;
      }
    }
  }

  /// Nothing is held any more, and `n_keys` keys have room before the table grows.
  void reset(std::size_t n_keys) {
    const std::size_t n_wanted = std::bit_ceil(std::max(n_slots_at_least, n_keys + n_keys / 2));
    size_ = 0;
    long_keys_ = {};
    if (n_wanted <= n_slots() && n_slots() / 4 <= n_wanted) {
      slots_.clear(n_slots());
    } else {
      make(n_wanted);
    }
  }

  /// Calls `use(slot)` for each key that is held, all over the hashes and not upwards: another
  /// table that takes the keys in that order while it grows would hold them all in its first slots.
  template <class Use>
  void for_each(Use use) const {
    if (size_ == 0) return;
    constexpr std::size_t at_once = n_slots_at_least;
    const std::size_t step = golden_ratio >> shift_ | 1U;
    std::size_t at = 0;
    do {
      // Which slots are taken can't be foretold: they are listed without branches.
      std::array<slot<Value>*, at_once> taken;
      std::size_t n = 0;
      for (std::size_t i = 0; i < at_once; ++i, at = (at + step) & mask_) {
        taken[n] = &slots_[at];
        n += slots_[at].key.is_empty() ? 0 : 1;
      }
      for (std::size_t i = 0; i < n; ++i) use(*taken[i]);
    } while (at != 0);
  }

  /// The bytes of a key that is held.
  std::string_view text(const packed_key& key) const {
    return key.is_long() ? long_keys_.at(key.place()) : key.text();
  }

 private:
  static constexpr std::size_t n_slots_at_least = 16;
  static constexpr std::uint64_t golden_ratio = 0x9e3779b97f4a7c15U;  // of 2^64

  std::size_t n_slots() const { return slots_ ? mask_ + 1 : 0; }

  std::size_t index(std::uint64_t hash) const { return (hash << skipped_bits_) >> shift_; }

  void make(std::size_t n_now) {
    slots_ = slot_array<Value>(n_now);
    mask_ = n_now - 1;
    shift_ = 64U - static_cast<unsigned>(std::countr_zero(n_now));
    size_limit_ = n_now - n_now / 4;
  }

  void grow() {
    const std::size_t n_before = n_slots();
    const std::size_t n_now = n_before == 0 ? n_slots_at_least : 2 * n_before;
    const slot_array<Value> before = std::move(slots_);
    make(n_now);
    for (std::size_t from = 0; from < n_before; ++from) {
      const slot<Value>& moved = before[from];
      if (moved.key.is_empty()) continue;
      std::size_t at = index(hash_.of_held(moved.key));
      while (!slots_[at].key.is_empty()) at = (at + 1) & mask_;
      slots_[at] = moved;
    }
  }

  slot_array<Value> slots_;
  std::size_t mask_ = 0;
  unsigned shift_ = 0;
  key_hash hash_;
  unsigned skipped_bits_ = 0;
  std::size_t size_ = 0;
  std::size_t size_limit_ = 0;
  long_keys long_keys_;
};

}  // namespace rankwise::combine
