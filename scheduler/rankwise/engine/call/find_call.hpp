// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/item_set.hpp>
#include <rankwise/core/types.hpp>
#include <rankwise/engine/call/call_base.hpp>
#include <rankwise/engine/call/chunk_scope.hpp>
#include <rankwise/error.hpp>
#include <rankwise/wire/buffer.hpp>
#include <rankwise/wire/codec.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace rankwise::engine {

/// What the tasks of `pool::find_first` have found: each as its index and its value. A report says
/// how many there are, also where there are none, so that the root learns what has been searched.
template <class Result>
class found_output {
 public:
  using value_type = Result;
  static constexpr const char* no_settling = nullptr;

  void open(chunk_scope& scope) {
    scope.open_results();
    found_.clear();
  }

  void close(chunk_scope& scope) {
    wire::append_value(scope.results(), std::uint64_t{found_.size()});
    for (const auto& [index, value] : found_) {
      wire::append_value(scope.results(), index);
      wire::encoder<Result>(scope.results()).put(value);
    }
  }

  void put(std::uint64_t index, Result result) {
    if (result) found_.emplace_back(index, std::move(result));
  }

  /// Calls `visit(index, result)` for each that `close` wrote.
  template <class Visit>
  static void visit(std::span<const std::byte> bytes, Visit visit) {
    auto n_found = wire::reader(bytes).take_value<std::uint64_t>();
    bytes = bytes.subspan(sizeof n_found);
    for (; n_found != 0; --n_found) {
      const auto index = wire::reader(bytes).take_value<std::uint64_t>();
      wire::decoder<Result> decoder(bytes.subspan(sizeof index));
      visit(index, decoder.get());
      bytes = bytes.last(decoder.remaining());
    }
  }

 private:
  std::vector<std::pair<std::uint64_t, Result>> found_;
};

/// `pool::find_first`: a map that is over once all items before the first find are done. `Result`
/// is bool or a std::optional.
template <class Range, class Task, class Result>
class find_call final : public call_base<find_call<Range, Task, Result>, Range, Task> {
 public:
  class remote final : public remote_base<remote, Range, Task> {
   public:
    explicit remote(std::span<const std::byte> call) : remote_base<remote, Range, Task>(call) {}

    void run(chunk_scope& scope, std::span<const std::byte> inputs) override {
      found_output<Result> output;
      this->run_here(scope, inputs, output);
    }
  };

  /// If `stops_at_failure`, an item that fails ends the search as a find does.
  find_call(const Range& range, const Task& task, bool stops_at_failure)
      : call_base<find_call, Range, Task>(range, task), stops_at_failure_(stops_at_failure) {
    this->keep_failures();
  }

  /// What an earlier run of `items` has found does not count: they run again since it was lost.
  void take(core::item_range items, std::span<const std::byte> results) override {
    forget(items);
    found_output<Result>::visit(results, [&](std::uint64_t index, Result result) {
      if (index < items.first || index >= items.end())
        throw wire::decode_error("a find that is no item of its chunk");
      if (index < first_counted_) found_.emplace(index, std::move(result));
    });
  }

  /// What its task may still refuse is not searched yet.
  void on_counted(core::item_range items) override {
    searched_.add(items);
    const auto first = found_.lower_bound(items.first);
    if (first == found_.end() || first->first >= items.end()) return;
    first_counted_ = first->first;  // `take` keeps none behind an earlier one
    found_.erase(std::next(first), found_.end());
  }

  void on_failed(const task_failure& failure) override {
    forget({failure.index, 1});
    searched_.add({failure.index, 1});
    if (stops_at_failure_) first_failed_ = std::min(first_failed_, failure.index);
  }

  bool is_satisfied() const override {
    const std::uint64_t first = std::min(first_counted_, first_failed_);
    return first != no_item && searched_.includes({0, first + 1});
  }

  void run(chunk_scope& scope) override {
    found_output<Result> output;
    this->run_here(scope, output);
  }

  /// The first find, by index.
  ///
  /// Throws: task_error with the tasks that failed before it.
  std::optional<std::pair<std::uint64_t, Result>> release() {
    std::vector<task_failure> before;
    for (task_failure& failure : this->failures()) {
      if (failure.index > first_counted_) break;
      before.push_back(std::move(failure));
      if (stops_at_failure_) break;
    }
    if (!before.empty()) throw task_error(std::move(before), this->n_items());
    if (first_counted_ == no_item) return std::nullopt;
    return std::pair{first_counted_, std::move(found_.at(first_counted_))};
  }

 private:
  static constexpr std::uint64_t no_item = UINT64_MAX;

  void forget(core::item_range items) {
    found_.erase(found_.lower_bound(items.first), found_.lower_bound(items.end()));
  }

  bool stops_at_failure_;
  core::item_set searched_;
  std::uint64_t first_failed_ = no_item;
  std::uint64_t first_counted_ = no_item;  // the find that counts, among those so far
  std::map<std::uint64_t, Result> found_;  // by index, up to that one
};

}  // namespace rankwise::engine
