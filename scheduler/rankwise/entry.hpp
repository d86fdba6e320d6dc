// SPDX-License-Identifier: MIT
#pragma once

namespace rankwise {

/// A key of a map_reduce, and its value.
template <class Key, class Value>
struct entry {
  using key_type = Key;
  using value_type = Value;

  Key key;
  Value value;

  bool operator==(const entry&) const = default;
};

/// An order of entries: the largest value first, of equal values the least key.
struct by_value {
  template <class Entry>
  bool operator()(const Entry& left, const Entry& right) const {
    if (left.value != right.value) return right.value < left.value;
    return left.key < right.key;
  }

  /// True if each entry of `value` comes after each one of `other`, whatever their keys are.
  template <class Value>
  bool is_behind(const Value& value, const Value& other) const {
    return value < other;
  }
};

/// An order of entries: the least key first. Strings are compared byte by byte.
struct by_key {
  template <class Entry>
  bool operator()(const Entry& left, const Entry& right) const {
    return left.key < right.key;
  }
};

}  // namespace rankwise
