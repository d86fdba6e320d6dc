// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>

namespace rankwise::core {

/// How many items of a stream are between its source and its sink at most. It begins with a few for
/// each rank, and grows where ranks run short of items that the source would have; so a slow sink
/// holds back the source, and short items come in numbers that can be packed.
///
/// Local: pure but for what is noted.
class stream_window {
 public:
  /// `asked` is what the program wants; 0: see above.
  stream_window(std::uint64_t asked, std::uint32_t n_workers)
      : is_fixed_(asked != 0),
        least_(is_fixed_ ? asked : std::uint64_t{4} * std::max(n_workers, 1U)),
        size_(least_) {}

  std::uint64_t size() const { return size_; }

  /// `n_between` items are between source and sink, of which `n_waiting` wait for a rank, and
  /// `n_done` for the sink. An item and its result take some `item_bytes`.
  void look(std::uint64_t n_between,
            std::uint64_t n_waiting,
            std::uint64_t n_done,
            std::uint64_t item_bytes) {
    if (is_fixed_) return;
    const std::uint64_t fit = memory / std::max<std::uint64_t>(item_bytes, 1);
    const std::uint64_t largest = std::max(least_, std::min(most, fit));
    size_ = std::min(size_, largest);
    const bool is_full = n_between >= size_;
    const bool is_held_back_by_sink = n_done >= size_ / 4;
    if (is_full && n_waiting < size_ / 4 && !is_held_back_by_sink)
      size_ = std::min(2 * size_, largest);
  }

 private:
  static constexpr std::uint64_t memory = std::uint64_t{16} << 20U;
  static constexpr std::uint64_t most = std::uint64_t{1} << 16U;

  bool is_fixed_;
  std::uint64_t least_;
  std::uint64_t size_;
};

}  // namespace rankwise::core
