// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/exchange/channels.hpp>
#include <rankwise/exchange/rank_objects.hpp>
#include <rankwise/rank.hpp>
#include <rankwise/sharing/known_best.hpp>
#include <rankwise/sharing/share_wire.hpp>
#include <rankwise/task.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

namespace rankwise::sharing {

/// The part of one rank in a shared best: while this lives, it hears of what others find. If the
/// root's goes, so do the others.
template <class Number, class Better>
class best_on_rank final : public exchange::rank_object {
 public:
  /// `on_end` is called when this goes.
  best_on_rank(engine::rank_context& context,
               std::uint64_t number,
               std::shared_ptr<known_best<Number, Better>> best,
               std::function<void()> on_end = {})
      : context_(&context), number_(number), best_(std::move(best)), on_end_(std::move(on_end)) {
    best_->join(*context.others, context.rank, number);
    if (context.rank != root_rank) {
      context.others->open(end_channel(),
                           [&kept = context.kept, number](auto&) { kept.drop(number); });
    }
    ++context.n_urgent;
  }

  best_on_rank(const best_on_rank&) = delete;
  best_on_rank& operator=(const best_on_rank&) = delete;
  best_on_rank(best_on_rank&&) = delete;
  best_on_rank& operator=(best_on_rank&&) = delete;

  ~best_on_rank() override {
    --context_->n_urgent;
    best_->leave();
    if (on_end_) on_end_();
    exchange::channels& others = *context_->others;
    if (context_->rank != root_rank) {
      others.close(end_channel());
      return;
    }
    try {
      for (std::uint32_t row = 1; row < others.n_ranks(); ++row)
        others.post(to_rank(row), end_channel(), 0, exchange::channels::new_message());
    } catch (...) {  // NOLINT(bugprone-empty-catch): the next call finds what has ended messages
    }
  }

  const std::shared_ptr<known_best<Number, Better>>& best() const { return best_; }

 private:
  std::uint64_t end_channel() const { return channel_of(number_, rank_id{1}); }

  engine::rank_context* context_;
  std::uint64_t number_;
  std::shared_ptr<known_best<Number, Better>> best_;
  std::function<void()> on_end_;
};

}  // namespace rankwise::sharing
