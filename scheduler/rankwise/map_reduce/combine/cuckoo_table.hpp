// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/map_reduce/combine/key_hash.hpp>
#include <rankwise/map_reduce/combine/long_keys.hpp>
#include <rankwise/map_reduce/combine/packed_key.hpp>
#include <rankwise/map_reduce/combine/slot_array.hpp>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

namespace rankwise::combine {

/// A bucketised cuckoo hash table: a key stands in one of two buckets of four slots, so that a
/// look-up touches two places at most; a new key that finds both full moves others to their second
/// place.
///
/// Source: R. Pagh, F. Rodler, Cuckoo hashing (2004); M. Dietzfelbinger, C. Weidling, Balanced
/// allocation and dictionaries with tightly packed constant size bins (2007).
template <class Value>
class cuckoo_table {
 public:
  static constexpr std::string_view name = "cuckoo";

  /// As for `linear_table`.
  cuckoo_table(const key_hash& hash, unsigned skipped_bits)
      : hash_(hash), skipped_bits_(skipped_bits) {}

  std::size_t size() const { return size_; }

  unsigned skipped_bits() const { return skipped_bits_; }

  /// Memory taken, in bytes.
  std::size_t bytes() const { return n_slots() * sizeof(slot<Value>) + long_keys_.capacity(); }

  void prefetch(std::uint64_t hash) const {
    if (!slots_) return;
    const slot<Value>* const first = &slots_[first_bucket(hash)];
    __builtin_prefetch(first, 1);
    __builtin_prefetch(first + bucket_slots - 1, 1);
  }

  /// The value of a key that is held whole. If the key `is_new`, that holds nothing yet; a number
  /// is 0.
  Value& find_or_add(packed_key key, std::uint64_t hash, bool& is_new) {
    return find_or_add_if(
        [&](const packed_key& held) { return held == key; }, [&] { return key; }, hash, is_new);
  }

  /// The same for any other key.
  Value& find_or_add(std::string_view key, std::uint64_t hash, bool& is_new) {
    return find_or_add_if(
        [&](const packed_key& held) {
          return held.is_long() && held.low == hash && long_keys_.at(held.place()) == key;
        },
        [&] { return packed_key::of_long(hash, long_keys_.add(key)); },
        hash,
        is_new);
  }

  /// As for `linear_table`.
  void reset(std::size_t n_keys) {
    const std::size_t n_wanted = std::bit_ceil(std::max(n_slots_at_least, n_keys + n_keys / 8));
    size_ = 0;
    long_keys_ = {};
    if (n_wanted <= n_slots() && n_slots() / 4 <= n_wanted) {
      slots_.clear(n_slots());
    } else {
      make(n_wanted);
    }
  }

  /// Calls `use(slot)` for each key that is held.
  template <class Use>
  void for_each(Use use) const {
    for (std::size_t at = 0; at < n_slots(); ++at) {
      if (!slots_[at].key.is_empty()) use(slots_[at]);
    }
  }

  /// The bytes of a key that is held.
  std::string_view text(const packed_key& key) const {
    return key.is_long() ? long_keys_.at(key.place()) : key.text();
  }

 private:
  static constexpr std::size_t bucket_slots = 4;
  static constexpr std::size_t n_slots_at_least = 16;
  static constexpr unsigned moves_at_most = 128;  // then the table grows

  std::size_t n_slots() const { return slots_ ? n_slots_ : 0; }

  std::size_t first_bucket(std::uint64_t hash) const {
    return ((hash << skipped_bits_) >> shift_) * bucket_slots;
  }

  /// From other bits than the first, mixed, so that keys of one bucket differ in the second.
  std::size_t second_bucket(std::uint64_t hash) const {
    return ((hash * 0x9e3779b97f4a7c15U) >> shift_) * bucket_slots;
  }

  template <class IsIt, class Make>
  Value& find_or_add_if(IsIt is_it, Make make, std::uint64_t hash, bool& is_new) {
    if (!slots_) grow();
    is_new = false;
    slot<Value>* free = nullptr;
    for (const std::size_t bucket : {first_bucket(hash), second_bucket(hash)}) {
      slot<Value>* const first = &slots_[bucket];
      for (slot<Value>* here = first; here != first + bucket_slots; ++here) {
        if (is_it(here->key)) return here->value;
        if (free == nullptr && here->key.is_empty()) free = here;
      }
    }
    is_new = true;
    ++size_;
    const packed_key key = make();
    if (free == nullptr) free = make_room(hash);
    free->key = key;
    return free->value;
  }

  /// An empty slot in one of the buckets of `hash`.
  slot<Value>* make_room(std::uint64_t hash) {
    for (;;) {
      if (size_ * 16 <= n_slots_ * 15) {
        for (const std::size_t bucket : {first_bucket(hash), second_bucket(hash)}) {
          if (slot<Value>* const place = move_away(bucket)) return place;
        }
      }
      grow();
      for (const std::size_t bucket : {first_bucket(hash), second_bucket(hash)}) {
        if (slot<Value>* const place = free_in(bucket)) return place;
      }
    }
  }

  slot<Value>* free_in(std::size_t bucket) {
    for (std::size_t at = bucket; at != bucket + bucket_slots; ++at) {
      if (slots_[at].key.is_empty()) return &slots_[at];
    }
    return nullptr;
  }

  /// Frees a slot of the full `bucket` by a walk over the second places of what stands there; none
  /// where the walk gets too long, and then all is as before.
  slot<Value>* move_away(std::size_t bucket) {
    std::size_t path[moves_at_most + 1];
    unsigned length = 0;
    for (;;) {
      const std::size_t from = bucket + (walk_++ & (bucket_slots - 1));
      // A slot that was passed already would be moved twice, to where its second key can't be.
      if (std::find(path, path + length, from) != path + length) return nullptr;
      path[length++] = from;
      const std::uint64_t hash = hash_.of_held(slots_[from].key);
      const std::size_t first = first_bucket(hash);
      bucket = bucket == first ? second_bucket(hash) : first;
      if (slot<Value>* const free = free_in(bucket)) {
        *free = slots_[from];
        while (--length != 0) slots_[path[length]] = slots_[path[length - 1]];
        slots_[path[0]] = {};
        return &slots_[path[0]];
      }
      if (length == moves_at_most) return nullptr;
    }
  }

  void make(std::size_t n_now) {
    slots_ = slot_array<Value>(n_now);
    n_slots_ = n_now;
    shift_ = 64U - static_cast<unsigned>(std::countr_zero(n_now / bucket_slots));
  }

  void grow() {
    slot_array<Value> before = std::move(slots_);
    const std::size_t n_before = before ? n_slots_ : 0;
    for (std::size_t n_now = before ? 2 * n_slots_ : n_slots_at_least;; n_now *= 2) {
      make(n_now);
      if (take_all(before, n_before)) return;
    }
  }

  bool take_all(const slot_array<Value>& from, std::size_t n_from) {
    for (std::size_t at = 0; at < n_from; ++at) {
      if (from[at].key.is_empty()) continue;
      const std::uint64_t hash = hash_.of_held(from[at].key);
      slot<Value>* place = free_in(first_bucket(hash));
      if (place == nullptr) place = free_in(second_bucket(hash));
      if (place == nullptr) place = move_away(first_bucket(hash));
      if (place == nullptr) return false;
      *place = from[at];
    }
    return true;
  }

  slot_array<Value> slots_;
  std::size_t n_slots_ = 0;
  unsigned shift_ = 0;
  key_hash hash_;
  unsigned skipped_bits_ = 0;
  std::size_t size_ = 0;
  std::size_t walk_ = 0;
  long_keys long_keys_;
};

}  // namespace rankwise::combine
