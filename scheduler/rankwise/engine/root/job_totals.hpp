// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/types.hpp>
#include <rankwise/engine/root/running_call.hpp>
#include <rankwise/statistics.hpp>

#include <cstdint>
#include <vector>

namespace rankwise::engine {

/// The statistics of a job, over its calls.
class job_totals {
 public:
  /// Of all calls that are over.
  const job_statistics& all() const { return all_; }

  /// Of those that were not to be quiet.
  const job_statistics& shown() const { return shown_; }

  void note(const map_reduce_statistics& done) {
    all_.map_reduce += done;
    shown_.map_reduce += done;
  }

  void note(const pipeline_statistics& done) {
    all_.pipeline = done;
    shown_.pipeline = done;
  }

  /// A call is over; `n_messages` and `losses` are those of the job so far.
  void add(const running_call& done,
           core::duration at,
           std::uint64_t n_messages,
           const std::vector<rank_loss>& losses) {
    const auto add_to = [&](job_statistics& before) {
      before = done.added_whole_to(before, at);
      before.messages = n_messages;
      before.losses = losses;
    };
    add_to(all_);
    if (done.is_shown) add_to(shown_);
  }

 private:
  job_statistics all_;
  job_statistics shown_;
};

}  // namespace rankwise::engine
