// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/types.hpp>

#include <algorithm>
#include <cstdint>

namespace rankwise::engine {

/// Decides when a rank hands in what it has done of a bundle, so that its loss costs no more than
/// what it has done since.
///
/// Local: a state machine.
class checkpoint_clock {
 public:
  /// A checkpoint `every` so often, from `begun` on. 0: none.
  checkpoint_clock(core::duration every, core::duration begun)
      : every_(every), last_(begun), pause_(every) {}

  bool is_due(core::duration at) const { return every_.count() != 0 && at - last_ >= pause_; }

  /// What is left was handed in, in `n_bytes`, which has taken so long.
  void on_handed_in(core::duration at, core::duration took, std::uint64_t n_bytes) {
    last_ = at;
    pause_ = std::max({every_, 99 * took, static_cast<core::duration::rep>(n_bytes) * per_byte});
  }

 private:
  /// A megabyte a second: the root takes in what all ranks send.
  static constexpr core::duration per_byte{1'000};

  core::duration every_;
  core::duration last_;
  core::duration pause_;
};

}  // namespace rankwise::engine
