// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/types.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace rankwise::engine {

/// How an item of a stream stands.
enum class stream_item_state : std::uint8_t { under_way, done, failed };

/// The items of a stream between source and sink: inputs until they are done, results until the
/// sink has them.
///
/// Local. Each item, from its input to its end, is touched by one thread at a time.
template <class Input, class Result>
class stream_items {
 public:
  using result = std::conditional_t<std::is_void_v<Result>, std::monostate, Result>;

  /// That an item takes, but for what lies elsewhere.
  static constexpr std::uint64_t slot_bytes =
      sizeof(std::optional<Input>) + sizeof(std::optional<result>) + sizeof(stream_item_state);

  /// The newest item lies less than that behind the oldest which is not over.
  static constexpr std::uint64_t longest = std::uint64_t{1} << 20U;

  stream_items() : blocks_(longest / block_size) {}

  /// The next item, behind all that were.
  void add(std::uint64_t index, Input input) {
    std::unique_ptr<block>& its = blocks_[row_of(index)];
    if (index % block_size == 0) its = std::make_unique<block>();
    its->inputs[index % block_size].emplace(std::move(input));
  }

  const Input& input(std::uint64_t index) const { return *its(index).inputs[index % block_size]; }

  template <class Value>
  void put(std::uint64_t index, Value&& value) {
    its(index).results[index % block_size].emplace(std::forward<Value>(value));
  }

  /// The result of an item that is done. One that took no bytes on its way is made here.
  const result& result_of(std::uint64_t index) {
    std::optional<result>& its_result = its(index).results[index % block_size];
    if constexpr (std::is_default_constructible_v<result>) {
      if (!its_result) its_result.emplace();
    }
    return *its_result;
  }

  result take(std::uint64_t index) {
    std::optional<result>& its_result = its(index).results[index % block_size];
    result taken = std::move(*its_result);
    its_result.reset();
    return taken;
  }

  stream_item_state state(std::uint64_t index) const {
    return its(index).states[index % block_size];
  }

  /// The item has come to an end: its input is not needed any more.
  void end_as(std::uint64_t index, stream_item_state state) {
    block& of = its(index);
    of.states[index % block_size] = state;
    of.inputs[index % block_size].reset();
  }

  /// The items are over. What lies in one block with others stays until those are.
  void release(core::item_range items) {
    for (std::uint64_t index = items.first; index != items.end();) {
      const std::uint64_t count = std::min(items.end() - index, block_size - index % block_size);
      std::unique_ptr<block>& of = blocks_[row_of(index)];
      of->n_over += count;
      if (of->n_over == block_size) of.reset();
      index += count;
    }
    n_over_ += items.count;
    while (oldest_ + block_size <= newest_seen_ && blocks_[row_of(oldest_)] == nullptr)
      oldest_ += block_size;
  }

  /// Items before `end` have been added.
  void note_added(std::uint64_t end) { newest_seen_ = end; }

  /// Items that are over.
  std::uint64_t n_over() const { return n_over_; }

  /// No item may be added from that one on.
  std::uint64_t end_of_room() const { return oldest_ + longest; }

 private:
  static constexpr std::uint64_t block_size = 128;

  struct block {
    std::array<std::optional<Input>, block_size> inputs;
    std::array<std::optional<result>, block_size> results;
    std::array<stream_item_state, block_size> states{};
    std::uint64_t n_over = 0;
  };

  static std::size_t row_of(std::uint64_t index) {
    return static_cast<std::size_t>(index % longest / block_size);
  }

  block& its(std::uint64_t index) const { return *blocks_[row_of(index)]; }

  std::vector<std::unique_ptr<block>> blocks_;  // a ring
  std::uint64_t newest_seen_ = 0;
  std::uint64_t oldest_ = 0;  // first item of the oldest block that is there
  std::uint64_t n_over_ = 0;
};

}  // namespace rankwise::engine
