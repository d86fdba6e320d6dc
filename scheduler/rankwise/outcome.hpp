// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/error.hpp>

#include <cstdint>
#include <utility>
#include <variant>

namespace rankwise {

/// The result of `pool::try_map` for one input: the value that its task returned, or the failure in
/// its place.
template <class Value>
class outcome {
 public:
  using value_type = Value;

  explicit outcome(Value value) : state_(std::in_place_index<0>, std::move(value)) {}

  explicit outcome(task_failure failure) : state_(std::in_place_index<1>, std::move(failure)) {}

  bool has_value() const noexcept { return state_.index() == 0; }

  explicit operator bool() const noexcept { return has_value(); }

  /// Returns the value.
  ///
  /// Throws: task_error, with the failure, if there is no value.
  const Value& value() const& {
    require_value();
    return std::get<0>(state_);
  }

  Value&& value() && {
    require_value();
    return std::get<0>(std::move(state_));
  }

  /// Returns the failure.
  ///
  /// Throws: std::bad_variant_access if there is a value.
  const task_failure& failure() const { return std::get<1>(state_); }

 private:
  void require_value() const {
    if (!has_value()) throw task_error({failure()}, 1);
  }

  std::variant<Value, task_failure> state_;
};

/// What `pool::find_first` has found: the place in the inputs, from 0, and what the task returned
/// for it.
template <class Value>
struct found {
  std::uint64_t index = 0;
  Value value;
};

}  // namespace rankwise
