// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <utility>
#include <vector>

namespace rankwise::engine {

/// Something that stays on a rank between calls: its part of a distributed result.
class resident {
 public:
  resident() = default;
  resident(const resident&) = delete;
  resident& operator=(const resident&) = delete;
  resident(resident&&) = delete;
  resident& operator=(resident&&) = delete;
  virtual ~resident() = default;
};

/// Those of one rank, by the number that the root has given them. Only the thread that runs tasks
/// comes here.
class residents {
 public:
  void add(std::uint64_t number, std::unique_ptr<resident> one) { kept_[number] = std::move(one); }

  template <class Resident>
  Resident& get(std::uint64_t number) const {
    return dynamic_cast<Resident&>(*kept_.at(number));
  }

  /// Lets go of all but `wanted`.
  void keep_only(const std::vector<std::uint64_t>& wanted) {
    std::map<std::uint64_t, std::unique_ptr<resident>> left;
    for (const std::uint64_t number : wanted) {
      if (auto node = kept_.extract(number)) left.insert(std::move(node));
    }
    kept_ = std::move(left);
  }

 private:
  std::map<std::uint64_t, std::unique_ptr<resident>> kept_;
};

}  // namespace rankwise::engine
