// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/exchange/channels.hpp>
#include <rankwise/exchange/object_numbers.hpp>
#include <rankwise/exchange/rank_objects.hpp>
#include <rankwise/rank.hpp>
#include <rankwise/sharing/segment.hpp>
#include <rankwise/sharing/share_wire.hpp>
#include <rankwise/sharing/source_tree.hpp>
#include <rankwise/wire/buffer.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace rankwise::sharing {

/// A shared value at the root: it gives its bytes to other ranks, and says who gets them from whom.
class shared_origin final : public exchange::rank_object {
 public:
  /// `bytes` belong to `owner`, and stand in `shared_memory` if it is not null; `on_end` is called
  /// when this goes, with the value or the job.
  shared_origin(exchange::channels& others,
                const exchange::object_numbers& numbers,
                std::uint64_t number,
                std::vector<std::uint32_t> hosts,
                std::span<const std::byte> bytes,
                std::shared_ptr<const void> owner,
                const segment* shared_memory,
                std::function<void()> on_end)
      : others_(&others),
        numbers_(&numbers),
        number_(number),
        bytes_(bytes),
        owner_(std::move(owner)),
        shared_memory_(shared_memory),
        on_end_(std::move(on_end)),
        tree_(std::move(hosts)),
        has_asked_(others.n_ranks()) {
    others_->open_service(
        channel_of(number_, root_rank),
        [this](const exchange::channel_message& asked, wire::bytes& out) { take(asked, out); });
  }

  shared_origin(const shared_origin&) = delete;
  shared_origin& operator=(const shared_origin&) = delete;
  shared_origin(shared_origin&&) = delete;
  shared_origin& operator=(shared_origin&&) = delete;

  /// Tells the ranks that have the value that it is not wanted any more.
  ~shared_origin() override {
    others_->close(channel_of(number_, root_rank));
    on_end_();
    try {
      for (std::size_t row = 0; row < has_asked_.size(); ++row) {
        if (has_asked_[row] == 0) continue;
        wire::bytes content = exchange::channels::new_message();
        wire::append_value(content, answer{answer_kind::let_go, 0, 0});
        others_->post(to_rank(row), channel_of(number_, root_rank), 0, std::move(content));
      }
    } catch (...) {  // NOLINT(bugprone-empty-catch): the next call finds what has ended messages
    }
  }

 private:
  /// Under the lock of the rank.
  void take(const exchange::channel_message& asked, wire::bytes& out) {
    const auto what = wire::reader(asked.content()).take_value<request>();
    has_asked_[to_index(asked.from)] = 1;
    switch (what.kind) {
      case request_kind::source:
        return name_source(asked.from, tree_.assign(asked.from), out);
      case request_kind::other_source:
        return name_source(asked.from, tree_.replace(asked.from), out);
      case request_kind::piece: {
        const std::span<const std::byte> piece = piece_of(bytes_, what.piece);
        wire::append_value(out, answer{answer_kind::piece, 0, what.piece});
        wire::append(out, piece.data(), piece.size());
        return;
      }
      case request_kind::segment:
        return append_segment(shared_memory_, out);
      case request_kind::whole:
        wire::append_value(out, answer{answer_kind::whole, 0, what.piece});
        return;
      case request_kind::sign_of_life:
        wire::append_value(out, answer{answer_kind::waiting, 0, 0});
        return;
      case request_kind::complete:
      case request_kind::complete_alone:
        tree_.on_complete(asked.from, what.kind == request_kind::complete);
        wire::append_value(out, answer{answer_kind::noted, 0, 0});
        return;
    }
  }

  void name_source(rank_id rank, rank_id source, wire::bytes& out) const {
    const std::uint64_t flags = (tree_.is_near(rank, source) ? source_is_near : none_near) |
                                (tree_.is_alone(rank) ? none_near : others_are_near);
    wire::append_value(
        out, answer{answer_kind::source, static_cast<std::uint32_t>(to_index(source)), flags});
    for (const std::uint64_t wanted : numbers_->wanted()) wire::append_value(out, wanted);
  }

  exchange::channels* others_;
  const exchange::object_numbers* numbers_;
  std::uint64_t number_;
  std::span<const std::byte> bytes_;
  std::shared_ptr<const void> owner_;
  const segment* shared_memory_;
  std::function<void()> on_end_;
  source_tree tree_;
  std::vector<char> has_asked_;  // by rank
};

}  // namespace rankwise::sharing
