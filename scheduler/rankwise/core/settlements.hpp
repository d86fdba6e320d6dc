// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/types.hpp>

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

/// What the tasks of one rank have asked to be told of their results. A rank may run an item more
/// than once, in two chunks: each is told of its own result.
///
/// Local: no communication.
class settlements {
 public:
  /// Of the tasks that wait.
  const call_incarnation& of() const { return of_; }

  /// The rank goes over to `next`. What tasks of another call or incarnation have left counts no
  /// more.
  void enter(const call_incarnation& next) {
    if (std::exchange(of_, next) != next) reject_all();
  }

  /// Tasks are those of chunk `id` from now on.
  void begin_chunk(std::uint64_t id) { chunk_ = id; }

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

  /// Tells the task of item `index` of chunk `id`. What its handlers throw goes to the caller where
  /// `accepted`, and is dropped else.
  ///
  /// Throws: std::logic_error where the result is `accepted`, and nobody waits to be told: what was
  /// to count with it would be lost.
  void settle(std::uint64_t id, std::uint64_t index, bool accepted) {
    auto node = handlers_.extract(key{id, index});
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
    while (!handlers_.empty()) {
      const auto [id, index] = handlers_.begin()->first;
      settle(id, index, false);
    }
  }

 private:
  using key = std::pair<std::uint64_t, std::uint64_t>;  // chunk, item

  call_incarnation of_;
  std::uint64_t chunk_ = 0;
  std::map<key, std::vector<settle_handler>> handlers_;
};

}  // namespace rankwise::core
