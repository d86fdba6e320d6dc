// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/exchange/rank_objects.hpp>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace rankwise::exchange {

/// The numbers that the root gives to what stays on the ranks. Any thread may drop one.
///
/// Local: no communication; what is dropped here is let go of on a rank when it is next told which
/// numbers are wanted.
class object_numbers {
 public:
  /// A new number, wanted for as long as somebody holds it.
  std::shared_ptr<const std::uint64_t> add() {
    const std::shared_ptr<wanted_list> list = list_;
    const std::lock_guard held(list->lock);
    list->numbers.push_back(++last_);
    return {new std::uint64_t(last_), [list](const std::uint64_t* number) {
              list->drop(*number);
              delete number;
            }};
  }

  std::vector<std::uint64_t> wanted() const {
    const std::lock_guard held(list_->lock);
    return list_->numbers;
  }

  /// Lets go of what is not wanted any more on the rank whose objects are `kept`: the root.
  void let_go_of_dropped(rank_objects& kept) const {
    {
      const std::lock_guard held(list_->lock);
      if (!std::exchange(list_->has_dropped, false)) return;
    }
    kept.keep_only(wanted());
  }

  /// A number that is larger than all before, for something else than a rank_object.
  std::uint64_t next() {
    const std::lock_guard held(list_->lock);
    return ++last_;
  }

 private:
  struct wanted_list {
    std::mutex lock;
    std::vector<std::uint64_t> numbers;
    bool has_dropped = false;

    void drop(std::uint64_t number) {
      const std::lock_guard held(lock);
      std::erase(numbers, number);
      has_dropped = true;
    }
  };

  std::shared_ptr<wanted_list> list_ = std::make_shared<wanted_list>();
  std::uint64_t last_ = 0;
};

}  // namespace rankwise::exchange
