// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/map_reduce/combine/packed_key.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

namespace rankwise::combine {

/// Whether a `zynq_front` can stand before the tables: it adds up unsigned integers.
template <class Value, class Combine>
inline constexpr bool can_front = std::unsigned_integral<Value> && sizeof(Value) >= 4 &&
                                  (std::same_as<Combine, std::plus<>> ||
                                   std::same_as<Combine, std::plus<Value>>);

/// A small combiner before the general one, with the limits of an accelerator in hardware: two
/// tables of 2,048 entries, keys of up to 8 bytes, sums of 32 bits whose carry goes on to the
/// general combiner. A key has one place in each table; a new one that finds both taken moves the
/// first to its place in the second table, and what stands there goes on to the general combiner.
///
/// Source: the word-count accelerator on a Xilinx Zynq that the project sets out to reproduce.
class zynq_front {
 public:
  /// Adds `value` to the key's sum. `pass_on(key, value)` is called for what does not stay here.
  template <class Value, class PassOn>
  void add(packed_key key, std::uint64_t hash, Value value, PassOn pass_on) {
    if (key.size() > key_bytes || value > UINT32_MAX) return pass_on(key, value);
    if (entries_.empty()) entries_.resize(2 * table_entries);
    entry& first = entries_[first_place(hash)];
    if (first.is(key)) return add_to(first, value, pass_on);
    entry& second = entries_[second_place(hash)];
    if (second.is(key)) return add_to(second, value, pass_on);
    const entry fresh{
        key.low, hash, static_cast<std::uint32_t>(value), static_cast<std::uint32_t>(key.size())};
    if (first.size == 0) {
      first = fresh;
    } else if (second.size == 0) {
      second = fresh;
    } else {
      entry moved = std::exchange(first, fresh);
      std::swap(moved, entries_[second_place(moved.hash)]);
      if (moved.size != 0) pass_on(moved.key(), Value{moved.sum});
    }
  }

  /// Passes on all that is here.
  template <class PassOn>
  void drain(PassOn pass_on) {
    for (const entry& left : entries_) {
      if (left.size != 0) pass_on(left.key(), left.sum);
    }
    entries_.clear();
  }

 private:
  static constexpr std::size_t table_entries = 2048;
  static constexpr std::size_t key_bytes = 8;

  struct entry {
    std::uint64_t low = 0;
    std::uint64_t hash = 0;
    std::uint32_t sum = 0;
    std::uint32_t size = 0;  // of the key; 0: nothing is here

    packed_key key() const { return {low, std::uint64_t{size} << 56U}; }

    bool is(packed_key other) const { return low == other.low && size == other.size(); }
  };

  static std::size_t first_place(std::uint64_t hash) { return hash % table_entries; }

  static std::size_t second_place(std::uint64_t hash) {
    return table_entries + hash / table_entries % table_entries;
  }

  template <class Value, class PassOn>
  static void add_to(entry& to, Value value, PassOn pass_on) {
    const std::uint64_t sum = std::uint64_t{to.sum} + value;
    to.sum = static_cast<std::uint32_t>(sum);
    const std::uint64_t carry = sum - to.sum;
    if (carry == 0) return;
    if constexpr (sizeof(Value) > 4) pass_on(to.key(), static_cast<Value>(carry));
  }

  std::vector<entry> entries_;
};

}  // namespace rankwise::combine
