// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <map>
#include <memory>
#include <utility>
#include <vector>

namespace rankwise::exchange {

/// Something that stays on a rank between calls: its part of a distributed result.
class rank_object {
 public:
  rank_object() = default;
  rank_object(const rank_object&) = delete;
  rank_object& operator=(const rank_object&) = delete;
  rank_object(rank_object&&) = delete;
  rank_object& operator=(rank_object&&) = delete;
  virtual ~rank_object() = default;
};

/// Those of one rank, by the number that the root has given them. Only the thread that runs tasks
/// comes here.
class rank_objects {
 public:
  /// Keeps what `make` returns. If a rank that was given up meanwhile is asked for the same object
  /// again, the earlier one goes first: as it goes, it closes the channel of that number.
  template <class Make>
  void add(std::uint64_t number, Make make) {
    kept_.erase(number);
    std::unique_ptr<rank_object> made = make();
    kept_[number] = std::move(made);
  }

  template <class Object>
  Object& get(std::uint64_t number) const {
    return dynamic_cast<Object&>(*kept_.at(number));
  }

  /// Null if there is no object of that number.
  template <class Object>
  Object* find(std::uint64_t number) const {
    const auto place = kept_.find(number);
    return place == kept_.end() ? nullptr : &dynamic_cast<Object&>(*place->second);
  }

  void drop(std::uint64_t number) { kept_.erase(number); }

  /// Lets go of all but `wanted`, and but what is newer: has a larger number than all of them.
  void keep_only(const std::vector<std::uint64_t>& wanted) {
    std::map<std::uint64_t, std::unique_ptr<rank_object>> left;
    for (const std::uint64_t number : wanted) {
      if (auto node = kept_.extract(number)) left.insert(std::move(node));
    }
    if (!wanted.empty()) {
      const auto newest = std::max_element(wanted.begin(), wanted.end());
      while (!kept_.empty() && kept_.rbegin()->first > *newest)
        left.insert(kept_.extract(std::prev(kept_.end())));
    }
    kept_ = std::move(left);
  }

 private:
  std::map<std::uint64_t, std::unique_ptr<rank_object>> kept_;
};

}  // namespace rankwise::exchange
