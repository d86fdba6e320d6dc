// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/files/spill_file.hpp>
#include <rankwise/map_reduce/combine/batch_entry.hpp>
#include <rankwise/map_reduce/combine/held_bytes.hpp>
#include <rankwise/map_reduce/combine/key_hash.hpp>
#include <rankwise/map_reduce/combine/memory_use.hpp>
#include <rankwise/map_reduce/combine/packed_key.hpp>
#include <rankwise/map_reduce/combine/packed_records.hpp>
#include <rankwise/map_reduce/combine/record_block.hpp>
#include <rankwise/map_reduce/combine/records.hpp>
#include <rankwise/map_reduce/combine/run_writer.hpp>
#include <rankwise/map_reduce/combine/slot_array.hpp>
#include <rankwise/map_reduce/combine/value_codec.hpp>
#include <rankwise/map_reduce/combine/waiting_records.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <ranges>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace rankwise::combine {

/// Whether a value combined with one that is all zero is that value.
template <class Value, class Combine>
inline constexpr bool zero_is_neutral = std::integral<Value> &&
                                        (std::same_as<Combine, std::plus<>> ||
                                         std::same_as<Combine, std::plus<Value>>);

/// The keys of one range of hashes, and the value of each, combined: in a table, packed, and on
/// disk. A key that is in memory is either in the table or packed.
template <class Value, class Combine, template <class> class Table>
class segment {
 public:
  using held_value = std::conditional_t<slot_value<Value>, Value, std::uint64_t>;

  segment(const key_hash& hash, unsigned skipped_bits, memory_use& memory)
      : hash_(hash), table_(hash, skipped_bits), memory_(memory) {}

  segment(const segment&) = delete;
  segment& operator=(const segment&) = delete;
  segment(segment&& other) noexcept = default;
  segment& operator=(segment&&) = delete;
  ~segment() = default;

  /// Keys in the table.
  std::size_t size() const { return table_.size(); }

  /// Memory taken, in bytes.
  std::size_t bytes() const { return table_.bytes() + beside_ + packed_.bytes(); }

  /// Keys and values that are not in the table.
  const packed_records<Value>& packed() const { return packed_; }

  void prefetch(std::uint64_t hash) const { table_.prefetch(hash); }

  /// Combines `value` with what the key has. The key is a `packed_key`, or a string_view where that
  /// can't hold it.
  template <class Key>
  bool add(Key key, std::uint64_t hash, Value&& value, const Combine& combine) {
    if constexpr (slot_value<Value>) {
      const bool is_new = add_to_slot(key, hash, value, combine);
      if (is_new) account();
      return is_new;
    } else {
      bool is_new = false;
      held_value& held = table_.find_or_add(key, hash, is_new);
      beside_ += held_bytes(value);
      if (is_new) {
        held = values_.size();
        values_.push_back(std::move(value));
      } else {
        Value& kept = values_[held];
        const std::size_t apart = flat_bytes(kept) + flat_bytes(value);
        kept = combine(std::move(kept), std::move(value));
        beside_ -= apart - flat_bytes(kept);  // what combining has saved
      }
      account();
      return is_new;
    }
  }

  /// Merges `records`, behind which stands their slack, into the table.
  void merge(std::span<const std::byte> records, const Combine& combine) {
    record_reader<Value> reader(records);
    batch_entry<Value> batch[batch_size];
    std::uint64_t hashes[batch_size];
    while (!reader.at_end()) {
      const std::size_t n = read_batch(reader, batch, hashes, combine);
      add_batch({batch, n}, hashes, combine);
    }
    account();
  }

  /// Merges what waits for this segment, which is number `index`, with the packed keys, and packs
  /// them. That is done in the table of `scratch`, which has room for all of them in the cache.
  /// Returns how many keys are new.
  std::size_t merge_packed(waiting_records<Value>& waiting,
                           std::size_t index,
                           segment& scratch,
                           record_packer<Value>& packer,
                           const Combine& combine) requires slot_value<Value> {
    const std::size_t n_before = packed_.n_keys();
    merge_in(scratch, waiting, index, combine);
    packer.begin();
    scratch.table_.for_each([&](const slot<Value>& entry) { packer.put(entry.key, entry.value); });
    packed_ = packer.release();
    account();
    return packed_.n_keys() - n_before;
  }

  /// Calls `use(text, value)` for each key in memory, with what waits for this segment: merged as
  /// in `merge_packed`, but all stays as it is.
  template <class Use>
  void visit_with_waiting(waiting_records<Value>& waiting,
                          std::size_t index,
                          segment& scratch,
                          const Combine& combine,
                          Use use) requires slot_value<Value> {
    for_each([&](packed_key /*key*/, std::string_view text, Value& value) { use(text, value); });
    merge_in(scratch, waiting, index, combine);
    scratch.table_.for_each([&](slot<Value>& entry) { use(entry.key.text(), entry.value); });
  }

  /// Packs the keys of the table that are held whole; none must be packed before.
  void pack(record_packer<Value>& packer) requires slot_value<Value> {
    Table<Value> rest(hash_, table_.skipped_bits());
    packer.begin();
    table_.for_each([&](const slot<Value>& entry) {
      if (!entry.key.is_long()) return packer.put(entry.key, entry.value);
      bool is_new = false;
      rest.find_or_add(table_.text(entry.key), entry.key.low, is_new) = entry.value;
    });
    table_ = std::move(rest);
    packed_ = packer.release();
    account();
  }

  /// The packed keys and their values, as blocks; none are left here.
  std::vector<record_block> release_packed() {
    std::vector<record_block> blocks = packed_.release();
    account();
    return blocks;
  }

  /// Calls `use(key, text, value)` for each key in the table; `key` is empty where only the text
  /// says it.
  template <class Use>
  void for_each(Use use) {
    table_.for_each([&](slot<held_value>& entry) {
      const packed_key key = entry.key.is_long() ? packed_key{} : entry.key;
      const std::string_view text = table_.text(entry.key);
      if constexpr (slot_value<Value>) {
        use(key, text, entry.value);
      } else {
        use(key, text, values_[entry.value]);
      }
    });
  }

  /// Calls `use(text, value)` for each key in memory.
  template <class Use>
  void visit(Use use) {
    for_each([&](packed_key /*key*/, std::string_view text, Value& value) { use(text, value); });
    if constexpr (slot_value<Value>)
      packed_.for_each([&](const packed_key& key, Value& value) { use(key.text(), value); });
  }

  /// Nothing is left in memory.
  void clear() {
    packed_ = {};
    table_ = Table<held_value>(hash_, table_.skipped_bits());
    values_ = {};
    beside_ = 0;
    account();
  }

  /// Moves what is in memory to disk.
  void spill(spill_file& file) {
    for (const record_block& block : packed_.blocks()) runs_.push_back(file.write(block.records()));
    packed_ = {};
    if (size() == 0) return account();
    run_writer<Value> out(file);
    for_each([&](packed_key key, std::string_view text, const Value& value) {
      if (key.is_empty()) {
        out.put(text, value);
      } else {
        out.put(key, value);
      }
    });
    for (const extent& run : out.release()) runs_.push_back(run);
    clear();
  }

  /// What lies on disk.
  const std::vector<extent>& runs() const { return runs_; }

 private:
  /// Merges the packed keys with what waits, in the table of `scratch`.
  void merge_in(segment& scratch,
                waiting_records<Value>& waiting,
                std::size_t index,
                const Combine& combine) const requires slot_value<Value> {
    scratch.table_.reset(std::max(scratch.table_.size(), packed_.n_keys()));
    for (const record_block& block : packed_.blocks()) scratch.merge(block.records(), combine);
    waiting.for_each_block(
        index, [&](std::span<const std::byte> records) { scratch.merge(records, combine); });
  }

  void account() { memory_.set(bytes()); }

  /// Reads records whose keys are held whole, and has their places fetched; any others are added at
  /// once. Returns how many stand in the batch.
  ///
  /// Not inlined, nor is `add_batch`: together they have more to hold than a core has registers.
  [[gnu::noinline]] std::size_t read_batch(record_reader<Value>& reader,
                                           batch_entry<Value>* batch,
                                           std::uint64_t* hashes,
                                           const Combine& combine) {
    record_reader<Value> from = reader;
    std::string_view text;
    std::size_t n = 0;
    while (n != batch_size && !from.at_end()) {
      batch_entry<Value>& entry = batch[n];
      from.next(entry.key, text, entry.value);
      if (entry.key.is_empty()) {
        add(text, hash_(text), std::move(entry.value), combine);
      } else {
        hashes[n] = hash_(entry.key);
        prefetch(hashes[n]);
        ++n;
      }
    }
    reader = from;
    return n;
  }

  [[gnu::noinline]] void add_batch(std::span<batch_entry<Value>> batch,
                                   const std::uint64_t* hashes,
                                   const Combine& combine) {
    for (std::size_t i = 0; i != batch.size(); ++i) {
      if constexpr (slot_value<Value>) {
        add_to_slot(batch[i].key, hashes[i], batch[i].value, combine);
      } else {
        add(batch[i].key, hashes[i], std::move(batch[i].value), combine);
      }
    }
  }

  template <class Key>
  bool add_to_slot(Key key, std::uint64_t hash, const Value& value, const Combine& combine) {
    bool is_new = false;
    Value& held = table_.find_or_add(key, hash, is_new);
    if constexpr (zero_is_neutral<Value, Combine>) {
      held = combine(held, value);  // whether it is new can't be foretold
    } else {
      held = is_new ? value : combine(held, value);
    }
    return is_new;
  }

  key_hash hash_;
  Table<held_value> table_;
  std::vector<Value> values_;  // where slots can't hold them
  std::size_t beside_ = 0;     // bytes of those
  packed_records<Value> packed_;
  std::vector<extent> runs_;
  memory_share memory_;
};

}  // namespace rankwise::combine
