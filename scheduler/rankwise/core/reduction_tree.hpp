// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/types.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace rankwise::core {

/// The value of one node of the tree: items [first, first + 2^level), with `first` a multiple of
/// 2^level.
template <class Value>
struct tree_node {
  std::uint64_t first = 0;
  std::uint32_t level = 0;
  Value value;

  std::uint64_t end() const { return first + (std::uint64_t{1} << level); }

  bool is_left() const { return (first >> level & 1U) == 0; }
};

/// Reduces a run of neighbouring items, in order, to as few nodes of the tree as there can be.
///
/// Local: no communication. A run of n items leaves at most 2 log2(n) nodes.
template <class Value>
class reduction_run {
 public:
  /// Adds item `index`, the one after the last that was added.
  template <class Combine>
  void add(std::uint64_t index, Value value, Combine& combine) {
    nodes_.push_back({index, 0, std::move(value)});
    while (nodes_.size() > 1) {
      tree_node<Value>& left = nodes_[nodes_.size() - 2];
      tree_node<Value>& right = nodes_.back();
      if (left.level != right.level || !left.is_left() || left.end() != right.first) break;
      left.value = combine(std::move(left.value), std::move(right.value));
      ++left.level;
      nodes_.pop_back();
    }
  }

  std::vector<tree_node<Value>>& nodes() { return nodes_; }

 private:
  std::vector<tree_node<Value>> nodes_;
};

/// Combines the nodes of runs that come in any order, always along the same binary tree over the
/// index: the result of an associative but inexact operation (floats) does not depend on who
/// computed what.
///
/// Local: no communication. Holds what cannot be combined yet.
/// Source: pairwise summation; the tree over n items has its complete subtrees at the set bits of
/// n.
template <class Value>
class reduction_tree {
 public:
  template <class Combine>
  void add(tree_node<Value> node, Combine& combine) {
    for (;;) {
      const std::uint64_t size = std::uint64_t{1} << node.level;
      const auto sibling = nodes_.find(node.is_left() ? node.end() : node.first - size);
      if (sibling == nodes_.end() || sibling->second.level != node.level) break;
      tree_node<Value> other = std::move(sibling->second);
      nodes_.erase(sibling);
      if (node.is_left()) {
        node.value = combine(std::move(node.value), std::move(other.value));
      } else {
        node.value = combine(std::move(other.value), std::move(node.value));
        node.first = other.first;
      }
      ++node.level;
    }
    nodes_.emplace(node.first, std::move(node));
  }

  /// The value of all items, once each was added; none where there were none.
  template <class Combine>
  std::optional<Value> result(Combine& combine) {
    std::optional<Value> all;
    for (auto node = nodes_.rbegin(); node != nodes_.rend(); ++node) {
      if (all) {
        all = combine(std::move(node->second.value), std::move(*all));
      } else {
        all = std::move(node->second.value);
      }
    }
    nodes_.clear();
    return all;
  }

 private:
  std::map<std::uint64_t, tree_node<Value>> nodes_;  // by first item
};

}  // namespace rankwise::core
