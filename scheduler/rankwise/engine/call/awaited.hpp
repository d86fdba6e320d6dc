// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/engine/call/end_listener.hpp>
#include <rankwise/engine/call/submission.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

namespace rankwise::engine {

/// An item of an open call whose arguments are not all there yet.
///
/// Local: all is done under the lock of the rank.
class waiting_item {
 public:
  waiting_item() = default;
  waiting_item(const waiting_item&) = delete;
  waiting_item& operator=(const waiting_item&) = delete;
  waiting_item(waiting_item&&) = delete;
  waiting_item& operator=(waiting_item&&) = delete;
  virtual ~waiting_item() = default;

  void add_missing() { ++n_missing_; }

  /// An argument that was missing is there, or never will be. The item may be gone after that.
  void on_argument() {
    if (--n_missing_ == 0) on_complete();
  }

 private:
  virtual void on_complete() = 0;

  std::uint32_t n_missing_ = 0;
};

/// The value of another item, as an argument of one that waits for it.
template <class Value>
class awaited final : public end_listener {
 public:
  using value_type = Value;

  /// If `is_last`, nobody else can ask for the value any more.
  awaited(submission<Value> origin, bool is_last) : origin_(std::move(origin)), is_last_(is_last) {}

  /// Lets `item` know once the value is there.
  void begin(waiting_item& item) {
    item_ = &item;
    item.add_missing();
    outcome_cell<Value>& cell = origin_.cell();
    if (cell.is_over()) return on_over();
    next = cell.listeners;
    cell.listeners = this;
  }

  void on_over() override {
    outcome_cell<Value>& cell = origin_.cell();
    state_ = cell.state.load();
    failure_ = cell.failure;
    if (state_ == submission_state::done) value_.emplace(value_of(cell));
    origin_ = {};
    item_->on_argument();
  }

  submission_state state() const { return state_; }

  const std::shared_ptr<const item_failure>& failure() const { return failure_; }

  Value take() { return std::move(*value_); }

 private:
  Value value_of(outcome_cell<Value>& cell) const {
    if constexpr (std::is_copy_constructible_v<Value>) {
      if (!is_last_) return *cell.value;
    }
    return std::move(*cell.value);
  }

  submission<Value> origin_;
  bool is_last_;
  waiting_item* item_ = nullptr;
  submission_state state_ = submission_state::pending;
  std::shared_ptr<const item_failure> failure_;
  std::optional<Value> value_;
};

template <class Argument>
inline constexpr bool is_awaited = false;

template <class Value>
inline constexpr bool is_awaited<awaited<Value>> = true;

/// The arguments of an item, each of which is a value or is `awaited`.
template <class... Given>
class given_arguments {
 public:
  explicit given_arguments(Given... given) : all_(std::move(given)...) {}

  /// Lets `item` know of each that is missing, and once none is.
  void begin(waiting_item& item) {
    item.add_missing();  // else the first that is there would be the last
    std::apply([&](auto&... each) { (begin(each, item), ...); }, all_);
    item.on_argument();
  }

  /// All have a value.
  bool are_there() const { return end() == submission_state::done; }

  /// How the first ended that has no value.
  submission_state end() const {
    submission_state found = submission_state::done;
    visit([&](const auto& one) { found = one.state(); });
    return found;
  }

  /// Why the first that has no value has none; null if it was cancelled.
  std::shared_ptr<const item_failure> failure() const {
    std::shared_ptr<const item_failure> found;
    visit([&](const auto& one) { found = one.failure(); });
    return found;
  }

  /// Calls `use` with all values.
  template <class Use>
  void take(Use use) {
    std::apply([&](auto&... each) { use(value_of(each)...); }, all_);
  }

 private:
  template <class Argument>
  static void begin(Argument& argument, waiting_item& item) {
    if constexpr (is_awaited<Argument>) argument.begin(item);
  }

  template <class Argument>
  static auto value_of(Argument& argument) {
    if constexpr (is_awaited<Argument>) {
      return argument.take();
    } else {
      return std::move(argument);
    }
  }

  /// Calls `use` with the first that has no value, if there is one.
  template <class Use>
  void visit(Use use) const {
    bool is_found = false;
    const auto look = [&](const auto& argument) {
      if constexpr (is_awaited<std::remove_cvref_t<decltype(argument)>>) {
        if (is_found || argument.state() == submission_state::done) return;
        is_found = true;
        use(argument);
      }
    };
    std::apply([&](const auto&... each) { (look(each), ...); }, all_);
  }

  std::tuple<Given...> all_;
};

}  // namespace rankwise::engine
