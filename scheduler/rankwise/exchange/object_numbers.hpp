// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

namespace rankwise::exchange {

/// The numbers that the root gives to what stays on the ranks.
///
/// Local: no communication; what is dropped here is let go of on a rank when it is next told which
/// numbers are wanted.
class object_numbers {
 public:
  /// A new number, wanted for as long as somebody holds it.
  std::shared_ptr<const std::uint64_t> add() {
    const auto wanted = wanted_;
    wanted->push_back(++last_);
    return {new std::uint64_t(last_), [wanted](const std::uint64_t* number) {
              std::erase(*wanted, *number);
              delete number;
            }};
  }

  const std::vector<std::uint64_t>& wanted() const { return *wanted_; }

  /// A number that is larger than all before, for something else than a rank_object.
  std::uint64_t next() { return ++last_; }

 private:
  std::shared_ptr<std::vector<std::uint64_t>> wanted_ =
      std::make_shared<std::vector<std::uint64_t>>();
  std::uint64_t last_ = 0;
};

}  // namespace rankwise::exchange
