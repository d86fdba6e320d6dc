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

namespace rankwise::engine {

/// Called once, with whether the result of the task counts.
using settle_handler = std::function<void(bool accepted)>;

/// What the tasks of this rank have asked to be told of their results, by item.
class settlements {
 public:
  void add(std::uint64_t index, settle_handler handler) {
    handlers_[index].push_back(std::move(handler));
  }

  /// Whether some task of `items` waits to be told.
  bool any_in(core::item_range items) const {
    const auto first = handlers_.lower_bound(items.first);
    return first != handlers_.end() && first->first < items.end();
  }

  /// Tells the tasks of item `index`. What a handler throws goes to the caller where `accepted`,
  /// and is dropped else.
  ///
  /// Throws: std::logic_error where the result is `accepted`, and nobody waits to be told: what was
  /// to count with it would be lost.
  void settle(std::uint64_t index, bool accepted) {
    auto node = handlers_.extract(index);
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
    while (!handlers_.empty()) settle(handlers_.begin()->first, false);
  }

 private:
  std::map<std::uint64_t, std::vector<settle_handler>> handlers_;
};

}  // namespace rankwise::engine
