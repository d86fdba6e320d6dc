// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/exchange/rank_objects.hpp>
#include <rankwise/map_reduce/combine/batch_entry.hpp>

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>

namespace rankwise::combine {

/// Where what a mapper emits goes.
template <class Value>
class emit_sink {
 public:
  emit_sink() = default;
  emit_sink(const emit_sink&) = delete;
  emit_sink& operator=(const emit_sink&) = delete;
  emit_sink(emit_sink&&) = delete;
  emit_sink& operator=(emit_sink&&) = delete;
  virtual ~emit_sink() = default;

  /// Takes `batch_size` entries at most.
  virtual void put_batch(std::span<batch_entry<Value>> batch) = 0;

  /// Takes a key that is not held whole.
  virtual void put_text(std::string_view key, Value&& value) = 0;
};

/// What a rank has done for a map_reduce.
struct part_figures {
  std::uint64_t n_emitted = 0;
  std::uint64_t bytes_shuffled = 0;  ///< sent to other ranks
  std::uint64_t bytes_spilled = 0;   ///< written to disk
  std::uint64_t most_bytes = 0;      ///< of memory for tables and records, at any time
};

/// One rank's part of a map_reduce, whatever its values are.
class any_part : public exchange::rank_object {
 public:
  /// Nothing more will be emitted on this rank: sends what others own to them, and waits for
  /// theirs.
  ///
  /// Throws: what went wrong here while records were merged.
  virtual void finish() = 0;

  /// Keeps as little in memory as it can, after `finish`: something else needs the room.
  virtual void make_room() = 0;

  virtual part_figures figures() const = 0;
};

/// One rank's part of a map_reduce: it combines what is emitted here, and owns a share of the keys.
template <class Value>
class keyed_part : public any_part, public emit_sink<Value> {
 public:
  using visitor = std::function<void(std::string_view key, Value& value)>;

  /// Calls `use` once for each key that this rank owns, after `finish`.
  virtual void visit(const visitor& use) = 0;
};

}  // namespace rankwise::combine
