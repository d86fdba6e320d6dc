// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/engine/access.hpp>
#include <rankwise/engine/call/abstract_root.hpp>
#include <rankwise/engine/call/call_rules.hpp>
#include <rankwise/engine/call/for_each_call.hpp>
#include <rankwise/engine/call/map_call.hpp>
#include <rankwise/engine/call/reduce_call.hpp>
#include <rankwise/exchange/channels.hpp>
#include <rankwise/parts/part_history.hpp>
#include <rankwise/parts/part_range.hpp>
#include <rankwise/parts/part_store.hpp>
#include <rankwise/parts/part_task.hpp>
#include <rankwise/parts/parts_at_root.hpp>
#include <rankwise/pool.hpp>
#include <rankwise/sharing/share_wire.hpp>
#include <rankwise/task.hpp>
#include <rankwise/wire/buffer.hpp>
#include <rankwise/wire/codec.hpp>
#include <rankwise/wire/sendable.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <ranges>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace rankwise {

/// How `pool::place` keeps parts.
struct place_options {
  /// The root keeps copies of all parts after so many calls that have changed them, so that fewer
  /// calls are repeated if a rank is lost. 0: after 1,000, or when their arguments take 64 MiB.
  /// What can't be sent is not copied: with the default it can't be made again after so many calls.
  std::uint32_t snapshot_every = 0;
};

/// Data that stays on the ranks between calls, made by `pool::place`. Copies are handles of the
/// same parts; when the last is gone, all ranks let go of them. A handle may outlive its job, and
/// is of no use then.
template <class Part>
class parts {
 public:
  using part_type = Part;

  parts(const parts&) = default;
  parts(parts&&) noexcept = default;

  parts& operator=(const parts& other) {
    if (this != &other) *this = parts(other);
    return *this;
  }

  parts& operator=(parts&& other) noexcept {
    std::swap(ranks_, other.ranks_);
    std::swap(state_, other.state_);
    return *this;
  }

  ~parts() {
    if (!state_) return;
    engine::abstract_root* const root = *state_->root;
    state_.reset();
    if (root != nullptr) root->let_go_of_dropped();
  }

  /// How many there are: as many as there were inputs.
  std::uint64_t size() const { return state_->places.size(); }

  /// Returns copies of all parts, on the root, in the order of the inputs.
  ///
  /// Throws: as pool::map.
  std::vector<Part> gather() const {
    return access::as(ranks_, "parts::gather").map(*this, [](const Part& part) { return part; });
  }

 private:
  friend class pool;

  parts(pool ranks, std::shared_ptr<engine::parts_at_root<Part>> state)
      : ranks_(std::move(ranks)), state_(std::move(state)) {}

  pool ranks_;
  std::shared_ptr<engine::parts_at_root<Part>> state_;  // null: it was moved from
};

namespace engine {

/// A call over parts, from before it begins until it is over.
template <class Part, class Task>
class call_over_parts {
 public:
  static constexpr bool changes = changes_part<Task, Part>;

  /// Throws: std::logic_error for parts that can't be used now; config_error for options that can't
  /// be followed.
  call_over_parts(const std::shared_ptr<parts_at_root<Part>>& state,
                  const abstract_root* root,
                  const options& how,
                  const char* name)
      : state_(state), seed_(how.seed) {
    if (!state) throw std::logic_error("rankwise::parts were used that were moved from");
    if (*state->root == nullptr)
      throw std::logic_error("rankwise::parts were used whose job is over: place them anew");
    if (*state->root != root)
      throw std::logic_error("rankwise::parts were used in another job than they were placed in");
    if (changes) refuse_isolation_of(name, how);
    if (state->is_in_use.exchange(true))
      throw std::logic_error(std::string(name) + ": another call over the same parts is under way");
    range_ = {state.get(), {*state->number, state->state, changes ? ++state->last_state : 0}};
  }

  call_over_parts(const call_over_parts&) = delete;
  call_over_parts& operator=(const call_over_parts&) = delete;
  call_over_parts(call_over_parts&&) = delete;
  call_over_parts& operator=(call_over_parts&&) = delete;

  ~call_over_parts() {
    if (changes && !is_complete_) state_->on_change_failed();
    state_->is_in_use = false;
  }

  const part_range<Part>& range() const { return range_; }

  /// The call, which was `made` of `task`, is over, and nothing has failed.
  void complete(const Task& task, const root_call& made) {
    is_complete_ = true;
    if constexpr (changes) {
      using step = change_step<Part, Task>;
      auto changed = kept_step<Part>::template of<step>(task);
      changed.step.seed = seed_;
      changed.step.call = made.number();
      state_->on_changed(std::move(changed), range_.in_call.next_state);
    }
  }

 private:
  std::shared_ptr<parts_at_root<Part>> state_;
  std::uint64_t seed_;
  part_range<Part> range_;
  bool is_complete_ = false;
};

/// The task of pool::place, whose items make what they are given.
template <class Part>
struct use_part {
  void operator()(const Part& /*part*/) const {}
};

}  // namespace engine

template <class Part, class Task, class Call>
void pool::run_over_parts(const parts<Part>& over,
                          const Task& task,
                          const char* name,
                          const Call& make_call) const {
  {
    engine::call_over_parts<Part, Task> use(over.state_, root_, options_, name_ ? name_ : name);
    make_call(use.range(), [&](engine::root_call& call) {
      run(call, name, core::placement::at_home);
      use.complete(task, call);
    });
  }
  if constexpr (engine::changes_part<Task, Part>) {
    engine::parts_at_root<Part>& state = *over.state_;
    if (!state.is_history_long()) return;
    if constexpr (wire::sendable<Part> && std::is_default_constructible_v<Part> &&
                  std::is_copy_constructible_v<Part>) {
      const std::vector<Part> copies = over.gather();
      for (std::size_t index = 0; index < copies.size(); ++index) {
        state.origins[index].clear();
        wire::encoder<Part>(state.origins[index]).put(copies[index]);
      }
      state.steps.clear();
      state.steps.push_back(engine::kept_step<Part>::template of<engine::copy_step<Part>>());
    } else {
      state.steps.clear();
    }
    state.n_step_bytes = 0;
  }
}

template <std::ranges::input_range Inputs, class Make>
auto pool::place(Inputs&& inputs, const Make& make_part) const {
  return place(std::forward<Inputs>(inputs), make_part, place_options{});
}

template <std::ranges::input_range Inputs, class Make>
auto pool::place(Inputs&& inputs, const Make& make_part, const place_options& how) const {
  using element = std::ranges::range_value_t<Inputs>;
  if constexpr (!engine::require_placing<Inputs, Make>()) {
    return parts<int>(*this, nullptr);
  } else {
    using part = std::remove_cvref_t<engine::task_result_t<Make, element>>;
    using use = engine::use_part<part>;
    using step = engine::make_step<part, element, Make>;
    engine::refuse_isolation_of("pool::place", options_);
    auto made = std::make_shared<engine::parts_at_root<part>>();
    made->number = root_->object_numbers().add();
    made->root = std::make_shared<engine::abstract_root*>(root_);
    made->snapshot_every = how.snapshot_every;
    made->has_some = std::make_shared<std::vector<char>>(n_ranks());
    for (auto&& one : inputs) {
      made->origins.emplace_back();
      wire::encoder<element>(made->origins.back()).put(one);
    }
    const std::uint64_t n = made->origins.size();
    made->places.resize(n);
    for (std::uint64_t index = 0; index < n; ++index) {
      made->places[index].home =
          first_worker() + static_cast<std::uint32_t>(index * n_workers() / n);
    }
    made->steps.push_back(engine::kept_step<part>::template of<step>(make_part));
    const auto make_store = [&] {
      return std::make_unique<engine::part_store<part>>([root = made->root,
                                                         others = &root_->others(),
                                                         number = *made->number,
                                                         has_some = made->has_some] {
        *root = nullptr;
        engine::say_let_go(*others, number, *has_some);
      });
    };
    root_->between_tasks([&] { root_->context().kept.add(*made->number, make_store); },
                         "pool::place");
    parts<part> result(*this, made);
    pool within = *this;
    within.within_ = number_call();
    made->steps.front().step.seed = options_.seed;
    made->steps.front().step.call = *within.within_;
    const auto make_all = [](const auto& range, const auto& run_call) {
      using task = engine::part_task<part, use>;
      engine::for_each_call<engine::part_range<part>, task> call(range, task{});
      run_call(call);
    };
    within.run_over_parts(result, use{}, "pool::place", make_all);
    return result;
  }
}

template <class Part, class Task>
auto pool::map(const parts<Part>& over, const Task& task) const {
  if constexpr (!engine::require_part_mapping<Part, Task>()) {
    return std::vector<int>();
  } else {
    using given = engine::part_task<Part, Task>;
    using result = std::remove_cvref_t<engine::task_result_t<given, engine::part_here<Part>>>;
    std::vector<result> results;
    run_over_parts(
        over, task, "pool::map over parts", [&](const auto& range, const auto& run_call) {
          engine::map_call<engine::part_range<Part>, given, result> call(range, given{task});
          run_call(call);
          results = call.release();
        });
    return results;
  }
}

template <class Part, class Task>
void pool::for_each(const parts<Part>& over, const Task& task) const {
  if constexpr (engine::require_part_task<Part, Task>()) {
    using given = engine::part_task<Part, Task>;
    run_over_parts(
        over, task, "pool::for_each over parts", [&](const auto& range, const auto& run_call) {
          engine::for_each_call<engine::part_range<Part>, given> call(range, given{task});
          run_call(call);
        });
  }
}

template <class Part, class Value, class Combine, class Task>
Value pool::reduce(const parts<Part>& over,
                   Value initial,
                   const Combine& combine,
                   const Task& task) const {
  if constexpr (!engine::require_part_reduction<Part, Value, Combine, Task>()) {
    return initial;
  } else {
    using given = engine::part_task<Part, Task>;
    std::optional<Value> all;
    run_over_parts(
        over, task, "pool::reduce over parts", [&](const auto& range, const auto& run_call) {
          engine::reduce_call<engine::part_range<Part>, given, Value, Combine> call(
              range, given{task}, combine);
          run_call(call);
          all = call.release();
        });
    return all ? combine(std::move(initial), std::move(*all)) : std::move(initial);
  }
}

}  // namespace rankwise
