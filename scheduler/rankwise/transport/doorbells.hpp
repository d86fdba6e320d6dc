// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/types.hpp>
#include <rankwise/process/process_watch.hpp>
#include <rankwise/rank.hpp>
#include <rankwise/transport/doorbell.hpp>
#include <rankwise/transport/machine.hpp>

#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

namespace rankwise::transport {

/// Where the doorbell of a rank can be reached.
struct doorbell_place {
  engine::process_place process;
  int descriptor = -1;  ///< of the doorbell, in that process; -1: there is none
};

/// The doorbell of a rank, and those of the other ranks of its host. Where one can't be had, the
/// rank that it would wake sleeps as long as it does by itself.
///
/// Local: the places of the others are told by the caller.
class doorbells {
 public:
  explicit doorbells(std::size_t n_ranks)
      : here_(n_ranks > 1 ? doorbell::make() : std::nullopt), others_(n_ranks) {}

  /// The machine of this rank, on which it waits for its doorbell.
  machine& own_machine() { return here_; }

  /// For a `doorbell_place`, in this process.
  int own_descriptor() const { return here_.bell() ? here_.bell()->descriptor() : -1; }

  /// Reaches those of `ranks`, all of the job, that are on the host of `own`.
  void reach(rank_id own, const std::vector<doorbell_place>& ranks) {
    const engine::process_place& here = ranks[to_index(own)].process;
    if (here.space == 0) return;
    for (std::size_t row = 0; row < ranks.size(); ++row) {
      const doorbell_place& other = ranks[row];
      if (row == to_index(own) || other.process.space != here.space || other.descriptor < 0)
        continue;
      if (std::optional<doorbell> bell = doorbell::reach(other.process.pid, other.descriptor))
        others_[row].emplace(std::move(*bell));
    }
  }

  /// Something was sent to `rank`.
  void ring(rank_id rank) const {
    if (others_[to_index(rank)]) others_[to_index(rank)]->ring();
  }

 private:
  class machine_with_doorbell final : public machine {
   public:
    explicit machine_with_doorbell(std::optional<doorbell> bell) : bell_(std::move(bell)) {}

    const std::optional<doorbell>& bell() const { return bell_; }

    void doze(core::duration time) override {
      if (bell_) {
        bell_->wait(time);
      } else {
        sleep(time);
      }
    }

   private:
    std::optional<doorbell> bell_;
  };

  machine_with_doorbell here_;
  std::vector<std::optional<doorbell>> others_;  // by rank
};

}  // namespace rankwise::transport
