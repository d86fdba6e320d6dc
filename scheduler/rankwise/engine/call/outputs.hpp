// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/reduction_tree.hpp>
#include <rankwise/core/types.hpp>
#include <rankwise/engine/call/chunk_scope.hpp>
#include <rankwise/wire/codec.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

namespace rankwise::engine {

/// Results that nobody wants: `for_each`.
struct no_output {
  using value_type = void;  ///< of what is wanted of a task
  static constexpr const char* no_settling = nullptr;

  void open(chunk_scope& /*scope*/) {}

  void close(chunk_scope& /*scope*/) {}

  template <class Result>
  void put(std::uint64_t /*index*/, Result&& /*result*/) {}
};

/// Results of `map` on their way to the root.
template <class Result>
class encoded_output {
 public:
  using value_type = Result;
  static constexpr const char* no_settling = nullptr;

  void open(chunk_scope& scope) {
    scope.open_results();
    encoder_.emplace(scope.results());
  }

  void close(chunk_scope& /*scope*/) {}

  void put(std::uint64_t /*index*/, const Result& result) { encoder_->put(result); }

 private:
  std::optional<wire::encoder<Result>> encoder_;
};

/// Where the results of `map` come together, in input order. A result without a default constructor
/// waits in an optional, and a bool in a byte, since neighbours are written by different threads.
template <class Result>
class result_table {
 public:
  using value_type = Result;
  static constexpr const char* no_settling = nullptr;

  explicit result_table(std::uint64_t n_items) : cells_(n_items) {}

  void open(chunk_scope& /*scope*/) {}

  void close(chunk_scope& /*scope*/) {}

  template <class Value>
  void put(std::uint64_t index, Value&& value) {
    cells_[index] = std::forward<Value>(value);
  }

  /// Takes the results of `items` as `encoded_output` wrote them.
  void take(core::item_range items, std::span<const std::byte> bytes) {
    wire::decoder<Result> decoder(bytes);
    if constexpr (std::is_same_v<cell, Result>) {
      decoder.get_all(std::span<Result>(cells_.data() + items.first, items.count));
    } else {
      for (std::uint64_t index = items.first; index != items.end(); ++index)
        cells_[index] = decoder.get();
    }
  }

  /// The result of an item, which is there.
  decltype(auto) at(std::uint64_t index) const {
    if constexpr (std::is_same_v<cell, Result>) {
      return (cells_[index]);
    } else if constexpr (std::is_same_v<Result, bool>) {
      return cells_[index] != 0;
    } else {
      return *cells_[index];
    }
  }

  /// The result of one item, which is there; its place is as good as empty afterwards.
  Result release(std::uint64_t index) {
    if constexpr (std::is_same_v<Result, bool>) {
      return cells_[index] != 0;
    } else if constexpr (std::is_same_v<cell, Result>) {
      return std::move(cells_[index]);
    } else {
      return std::move(*cells_[index]);
    }
  }

  /// All results; the table is empty afterwards.
  std::vector<Result> release() {
    if constexpr (std::is_same_v<cell, Result>) {
      return std::move(cells_);
    } else {
      std::vector<Result> results;
      results.reserve(cells_.size());
      for (cell& filled : cells_) {
        if constexpr (std::is_same_v<Result, bool>) {
          results.push_back(filled != 0);
        } else {
          results.push_back(std::move(*filled));
        }
      }
      cells_.clear();
      return results;
    }
  }

 private:
  using cell = std::conditional_t<
      std::is_same_v<Result, bool>,
      unsigned char,
      std::conditional_t<std::is_default_constructible_v<Result>, Result, std::optional<Result>>>;

  std::vector<cell> cells_;
};

/// Results of `reduce`, combined as far as the items of one report allow.
template <class Value, class Combine>
class reduced_output {
 public:
  using value_type = Value;
  static constexpr const char* no_settling =
      "a pool::reduce, whose results can't be told apart: use pool::map";

  explicit reduced_output(const Combine& combine) : combine_(&combine) {}

  void open(chunk_scope& scope) {
    run_ = {};
    scope.open_results();
  }

  template <class Result>
  void put(std::uint64_t index, Result&& result) {
    run_.add(index, Value(std::forward<Result>(result)), *combine_);
  }

  /// Writes each node as its level and its value; the nodes of a report lie side by side.
  void close(chunk_scope& scope) {
    for (const core::tree_node<Value>& node : run_.nodes()) {
      wire::append_value(scope.results(), node.level);
      wire::encoder<Value>(scope.results()).put(node.value);
    }
  }

  /// Reads what `close` wrote about `items` into `tree`.
  template <class Tree>
  static void take(core::item_range items,
                   std::span<const std::byte> bytes,
                   Tree& tree,
                   const Combine& combine) {
    for (std::uint64_t first = items.first; first < items.end();) {
      const auto level = wire::reader(bytes).take_value<std::uint32_t>();
      bytes = bytes.subspan(sizeof level);
      wire::decoder<Value> decoder(bytes);
      core::tree_node<Value> node{first, level, decoder.get()};
      bytes = bytes.last(decoder.remaining());
      first = node.end();
      tree.add(std::move(node), combine);
    }
  }

 private:
  const Combine* combine_;
  core::reduction_run<Value> run_;
};

}  // namespace rankwise::engine
