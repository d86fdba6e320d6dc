// SPDX-License-Identifier: MIT
#pragma once

#include <deque>
#include <utility>

namespace rankwise::engine {

/// Something that is told once an item of an open call is over. It stands in the list of that item.
///
/// Local: all is done under the lock of the rank.
class end_listener {
 public:
  end_listener() = default;
  end_listener(const end_listener&) = delete;
  end_listener& operator=(const end_listener&) = delete;
  end_listener(end_listener&&) = default;
  end_listener& operator=(end_listener&&) = delete;

  virtual void on_over() = 0;

  end_listener* next = nullptr;  ///< the one that was added before

 protected:
  ~end_listener() = default;
};

/// Tells listeners, one after the other: what one of them ends is told after it, so that a long
/// chain of items is no deep recursion.
class end_notices {
 public:
  /// Tells those of an item that is over, in the order in which they were added; `newest` is the
  /// last of them. If it is called by a listener they are told later.
  void tell(end_listener* newest) {
    end_listener* oldest = nullptr;
    while (newest != nullptr) {
      end_listener* const before = std::exchange(newest->next, oldest);
      oldest = std::exchange(newest, before);
    }
    for (; oldest != nullptr; oldest = oldest->next) due_.push_back(oldest);
    if (std::exchange(is_telling_, true)) return;
    while (!due_.empty()) {
      end_listener* const first = due_.front();
      due_.pop_front();
      first->on_over();
    }
    is_telling_ = false;
  }

 private:
  std::deque<end_listener*> due_;
  bool is_telling_ = false;
};

}  // namespace rankwise::engine
