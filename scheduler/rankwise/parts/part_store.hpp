// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/engine/call/chunk_scope.hpp>
#include <rankwise/engine/call/task_threw.hpp>
#include <rankwise/exchange/channels.hpp>
#include <rankwise/exchange/rank_objects.hpp>
#include <rankwise/parts/part_history.hpp>
#include <rankwise/parts/part_task.hpp>
#include <rankwise/sharing/share_wire.hpp>
#include <rankwise/task.hpp>

#include <fmt/core.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <unordered_map>
#include <utility>
#include <vector>

namespace rankwise::engine {

/// Which parts a call means, and how it takes them; it travels as its bytes.
struct parts_in_call {
  std::uint64_t number = 0;      ///< of the parts, among what stays on ranks
  std::uint64_t state = 0;       ///< that they are in: the last call that has changed them
  std::uint64_t next_state = 0;  ///< once the call has changed them
};

/// The parts that lie on this rank.
template <class Part>
class part_store final : public exchange::rank_object {
 public:
  /// A part, and the state that it is in; 0: it is of no use.
  struct placed_part {
    std::uint64_t state = 0;
    std::optional<Part> part;
  };

  explicit part_store(std::function<void()> on_end) : on_end_(std::move(on_end)) {}

  part_store(const part_store&) = delete;
  part_store& operator=(const part_store&) = delete;
  part_store(part_store&&) = delete;
  part_store& operator=(part_store&&) = delete;

  ~part_store() override { on_end_(); }

  placed_part& operator[](std::uint64_t index) { return parts_[index]; }

  /// The one of that number on this rank, which is no root where it is made here: it goes once the
  /// root says so.
  static part_store& of(rank_context& context, std::uint64_t number) {
    if (auto* const known = context.kept.find<part_store>(number)) return *known;
    const std::uint64_t channel = sharing::channel_of(number, root_rank);
    context.kept.add(number, [&] {
      exchange::channels& others = *context.others;
      others.open(channel, [&kept = context.kept, number](auto&) { kept.drop(number); });
      return std::make_unique<part_store>([&others, channel] { others.close(channel); });
    });
    return context.kept.get<part_store>(number);
  }

 private:
  std::unordered_map<std::uint64_t, placed_part> parts_;
  std::function<void()> on_end_;
};

/// Tells the ranks that have some of the parts of that number that these are not wanted any more.
inline void say_let_go(exchange::channels& others,
                       std::uint64_t number,
                       const std::vector<char>& has_some) {
  try {
    for (std::size_t row = 0; row < has_some.size(); ++row) {
      if (has_some[row] == 0 || to_rank(row) == root_rank) continue;
      others.post(to_rank(row),
                  sharing::channel_of(number, root_rank),
                  0,
                  exchange::channels::new_message());
    }
  } catch (...) {  // NOLINT(bugprone-empty-catch): the next call finds what has ended messages
  }
}

/// Part `index` on this rank in the state that `its` call takes it in. Where it is in another it is
/// made again, of `origin` and by `history`; null: the root thinks that it is here.
///
/// Throws: task_threw.
template <class Part>
part_here<Part> bring_part(chunk_scope& scope,
                           const parts_in_call& its,
                           std::uint64_t index,
                           const part_history<Part>* history,
                           std::span<const std::byte> origin) {
  try {
    const auto is_here = [&] {
      return part_store<Part>::of(scope.context(), its.number)[index].state == its.state;
    };
    if (!is_here()) {
      if (history == nullptr || history->empty()) {
        throw std::runtime_error(fmt::format(
            "part {} was lost with its rank, and can't be made again: it was changed by "
            "more calls than are kept, and its type can't be sent",
            index));
      }
      std::optional<Part> made;
      repeat(*history, scope, index, origin, made);
      auto& here = part_store<Part>::of(scope.context(), its.number)[index];
      here.part.reset();
      here.part.emplace(std::move(*made));
      here.state = its.state;
    }
    auto& here = part_store<Part>::of(scope.context(), its.number)[index];
    return {&*here.part, &here.state, its.next_state};
  } catch (...) {
    throw task_threw(describe_exception());
  }
}

}  // namespace rankwise::engine
