// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/types.hpp>

#include <algorithm>
#include <compare>
#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <stdexcept>
#include <utility>
#include <vector>

namespace rankwise::core {

/// Called once, with whether the result of the task counts.
using settle_handler = std::function<void(bool accepted)>;

/// A chunk of a call.
struct chunk_name {
  std::uint32_t call = 0;
  std::uint64_t id = 0;

  constexpr auto operator<=>(const chunk_name&) const = default;
};

/// What the tasks of one rank have asked to be told of their results. A rank may run an item more
/// than once, in two chunks: each is told of its own result.
///
/// Local: no communication.
class settlements {
 public:
  /// In which the tasks that wait have been run; see `worker::epoch`.
  std::uint64_t epoch() const { return epoch_; }

  /// The rank has come to another `epoch` and `incarnation`. What tasks of another incarnation have
  /// left counts no more, nor what those of calls that are not `open` have.
  void enter(std::uint64_t epoch,
             incarnation_number incarnation,
             const std::vector<std::uint32_t>& open) {
    epoch_ = epoch;
    const bool is_new = std::exchange(incarnation_, incarnation) != incarnation;
    reject_if([&](const chunk_name& chunk) {
      return is_new || std::find(open.begin(), open.end(), chunk.call) == open.end();
    });
  }

  /// Tasks are those of `next` from now on. Returns the chunk whose tasks they were.
  chunk_name begin_chunk(const chunk_name& next) { return std::exchange(chunk_, next); }

  /// For the task of item `index`, of the chunk that was begun.
  void add(std::uint64_t index, settle_handler handler) {
    handlers_[{chunk_, index}].push_back(std::move(handler));
  }

  /// Whether some task of `items`, of the chunk that was begun, waits to be told.
  bool any_in(item_range items) const {
    if (handlers_.empty()) return false;
    const auto first = handlers_.lower_bound({chunk_, items.first});
    return first != handlers_.end() && first->first < key{chunk_, items.end()};
  }

  /// The results of `items`, of the chunk that was begun, do not count.
  void reject(item_range items) {
    for (std::uint64_t index = items.first; index != items.end(); ++index)
      settle(chunk_, index, false);
  }

  /// Tells the task of item `index` of `chunk`. What its handlers throw goes to the caller where
  /// `accepted`, and is dropped else.
  ///
  /// Throws: std::logic_error where the result is `accepted`, and nobody waits to be told: what was
  /// to count with it would be lost.
  void settle(const chunk_name& chunk, std::uint64_t index, bool accepted) {
    auto node = handlers_.extract(key{chunk, index});
    if (node.empty()) {
      if (accepted) throw std::logic_error("a result counts of which no task waits to be told");
      return;
    }
    std::exception_ptr first;
    for (const settle_handler& handler : node.mapped()) {
      try {
        handler(accepted);
      } catch (...) {
        if (!first) first = std::current_exception();
      }
    }
    if (first && accepted) std::rethrow_exception(first);
  }

  /// None of what waits is wanted.
  void reject_all() {
    reject_if([](const chunk_name&) { return true; });
  }

 private:
  using key = std::pair<chunk_name, std::uint64_t>;  // and item

  /// A handler may do anything but add one.
  template <class Unwanted>
  void reject_if(Unwanted is_unwanted) {
    for (auto next = handlers_.begin(); next != handlers_.end();) {
      const auto [chunk, index] = next->first;
      ++next;
      if (is_unwanted(chunk)) settle(chunk, index, false);
    }
  }

  std::uint64_t epoch_ = 0;
  incarnation_number incarnation_ = 0;
  chunk_name chunk_;
  std::map<key, std::vector<settle_handler>> handlers_;
};

}  // namespace rankwise::core
