// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/types.hpp>
#include <rankwise/engine/call/abstract_root.hpp>
#include <rankwise/engine/call/awaited.hpp>
#include <rankwise/engine/call/require_task.hpp>
#include <rankwise/engine/call/submission.hpp>
#include <rankwise/engine/call/submit_call.hpp>
#include <rankwise/error.hpp>
#include <rankwise/pool.hpp>
#include <rankwise/task.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace rankwise {

/// What a task will have returned that `pool::submit` has handed out. Whoever waits works on the
/// job's tasks meanwhile.
///
/// Local: used by one thread at a time. A future may outlive its pool: all that was submitted has
/// ended by then.
template <class Result>
class future {
 public:
  using value_type = Result;

  /// Of no task.
  future() = default;

  future(future&& other) noexcept : item_(std::move(other.item_)) {}

  future& operator=(future&& other) noexcept {
    item_ = std::move(other.item_);
    return *this;
  }

  future(const future&) = delete;
  future& operator=(const future&) = delete;

  /// The task goes on; nobody asks for its result.
  ~future() = default;

  /// Whether this is of a task whose result was not taken yet.
  bool valid() const noexcept { return item_.is_there(); }

  /// The task has ended, or was cancelled. Where only the root works it does so while the body
  /// waits, and not by asking this.
  ///
  /// Throws: std::logic_error if this is of no task.
  bool ready() const {
    if (!is_over()) item_.root().look();
    return is_over();
  }

  /// Waits until the task has ended.
  ///
  /// Throws: std::logic_error if this is of no task, or if it is called inside a task.
  void wait() const {
    if (!is_over()) item_.root().work_until([this] { return is_over(); }, "future::wait");
  }

  /// Waits until the task has ended, for so long at most, but for 0.1 ms: so a loop of it comes to
  /// an end where only the root works. Returns whether the task has ended. A task that the root has
  /// begun meanwhile is run to its end.
  template <class Representation, class Period>
  bool wait_for(std::chrono::duration<Representation, Period> time) const {
    if (is_over()) return true;
    engine::abstract_root& root = item_.root();
    const core::duration at_least = std::chrono::microseconds(100);
    const core::duration until =
        root.now() + std::max(at_least, std::chrono::duration_cast<core::duration>(time));
    root.work_until([&] { return is_over() || root.now() >= until; }, "future::wait_for");
    return is_over();
  }

  /// Waits, and returns what the task has returned; this is of no task afterwards.
  ///
  /// Throws: task_error if the task failed; task_cancelled if it was cancelled; std::logic_error if
  /// this is of no task, or if it has to wait and is called inside a task.
  Result get() {
    wait();
    const engine::submission<Result> ended = std::move(item_);
    return ended.take();
  }

  /// Nobody wants the result any more: if the task was not handed out yet it is not run. Returns
  /// false if the task has ended already.
  bool cancel() { return !is_over() && item_.cancel(); }

 private:
  friend class pool;
  template <class Any>
  friend std::size_t when_any(const std::vector<future<Any>>& futures);
  template <class Any>
  friend class completed_futures;

  explicit future(engine::submission<Result> item) : item_(std::move(item)) {}

  bool is_over() const { return cell().is_over(); }

  engine::outcome_cell<Result>& cell() const {
    if (!valid())
      throw std::logic_error(
          "a rankwise::future was used that is of no task: it is empty, was moved from, or its "
          "result was taken");
    return item_.cell();
  }

  engine::submission<Result> item_;
};

/// Waits until the task of one of `futures` has ended, and returns the place of the first such
/// among them. Those that are of no task are passed over.
///
/// Throws: std::invalid_argument if all are; std::logic_error if it has to wait and is called
/// inside a task.
template <class Result>
std::size_t when_any(const std::vector<future<Result>>& futures) {
  std::vector<std::size_t> open;
  for (std::size_t i = 0; i < futures.size(); ++i) {
    if (futures[i].valid()) open.push_back(i);
  }
  if (open.empty())
    throw std::invalid_argument(
        "rankwise::when_any: found no future of a task, accepted: one at least");
  const auto first = [&] {
    return std::find_if(
        open.begin(), open.end(), [&](std::size_t i) { return futures[i].is_over(); });
  };
  if (first() == open.end()) {
    futures[open.front()].item_.root().work_until([&] { return first() != open.end(); },
                                                  "rankwise::when_any");
  }
  return *first();
}

/// What `as_completed` returns: a range of futures, each of a task that has ended.
template <class Result>
class completed_futures {
 public:
  explicit completed_futures(std::vector<future<Result>>& futures) : futures_(&futures) {
    for (std::size_t i = 0; i < futures.size(); ++i) {
      if (futures[i].valid()) open_.push_back(i);
    }
  }

  /// Reads the range once.
  class iterator {
   public:
    using value_type = future<Result>;
    using difference_type = std::ptrdiff_t;

    explicit iterator(completed_futures& all) : all_(&all) { all_->find_next(); }

    future<Result>& operator*() const { return (*all_->futures_)[all_->ended_.back()]; }

    iterator& operator++() {
      all_->ended_.pop_back();
      all_->find_next();
      return *this;
    }

    void operator++(int) { ++*this; }

    bool operator==(std::default_sentinel_t) const { return all_->ended_.empty(); }

   private:
    completed_futures* all_;
  };

  iterator begin() { return iterator(*this); }

  std::default_sentinel_t end() const { return {}; }

 private:
  /// Waits until more tasks have ended, if none of those that have is left.
  void find_next() {
    if (!ended_.empty() || open_.empty()) return;
    const auto has_ended = [this](std::size_t i) { return (*futures_)[i].is_over(); };
    const auto any = [&] { return std::any_of(open_.begin(), open_.end(), has_ended); };
    if (!any()) (*futures_)[open_.front()].item_.root().work_until(any, "rankwise::as_completed");
    const auto rest = std::stable_partition(open_.begin(), open_.end(), has_ended);
    ended_.assign(std::make_reverse_iterator(rest), open_.rend());
    open_.erase(open_.begin(), rest);
  }

  std::vector<future<Result>>* futures_;
  std::vector<std::size_t> open_;   // whose tasks have not ended, as far as is known
  std::vector<std::size_t> ended_;  // and were not handed out yet; the next one is the last
};

/// The futures in the order in which their tasks end; it waits for each as it comes to it. Those
/// that are of no task are left out. `futures` must outlive it.
///
///     for (auto& next : rankwise::as_completed(futures)) fmt::print("{}\n", next.get());
template <class Result>
completed_futures<Result> as_completed(std::vector<future<Result>>& futures) {
  return completed_futures<Result>(futures);
}

namespace engine {

/// What a task gets for an argument of `pool::submit`: of a future, the value.
template <class Argument>
struct submitted {
  static constexpr bool is_future = false;
  using type = travelling_value<Argument>;
};

template <class Result>
struct submitted<future<Result>> {
  static_assert(!std::is_void_v<Result>,
                "rankwise: a future<void> has no value that a task could take: wait for it first");
  static constexpr bool is_future = true;
  using type = Result;
};

}  // namespace engine

template <class Argument>
auto pool::given_for(Argument&& argument) {
  using type = std::remove_cvref_t<Argument>;
  using value = typename engine::submitted<type>::type;
  if constexpr (!engine::submitted<type>::is_future) {
    return value(std::forward<Argument>(argument));
  } else if constexpr (std::is_same_v<Argument, type>) {  // given away
    return engine::awaited<value>(std::move(argument.item_), true);
  } else {
    static_assert(std::is_copy_constructible_v<value>,
                  "rankwise: the value of this future can't be copied: give the future away, with "
                  "std::move");
    static_cast<void>(argument.cell());  // it may be given away by the same call
    return engine::awaited<value>(argument.item_.share(), false);
  }
}

template <class Argument>
void pool::require_own(const Argument& argument) const {
  if constexpr (engine::submitted<Argument>::is_future) {
    static_cast<void>(argument.cell());
    if (!argument.item_.is_of(*root_))
      throw std::logic_error(
          "pool::submit: found a future of another job as an argument, accepted: those of this "
          "one");
  }
}

template <class Task, class... Arguments>
auto pool::submit(const Task& /*task*/, Arguments&&... arguments) const {
  using all = std::tuple<typename engine::submitted<std::remove_cvref_t<Arguments>>::type...>;
  using whole_task = engine::task_of_arguments<Task>;
  if constexpr (!stateless_task<Task>) {
    engine::refused::has_state<Task>();
    return future<int>();
  } else if constexpr (!engine::require_task<whole_task, all>()) {
    return future<int>();
  } else {
    using result = std::remove_cvref_t<engine::task_result_t<whole_task, all>>;
    if constexpr (!std::is_void_v<result>) {
      if constexpr (!engine::require_result<whole_task, all>()) return future<int>();
    }
    using call = engine::submit_call<Task, all, result>;
    (require_own<std::remove_cvref_t<Arguments>>(arguments), ...);
    engine::open_call* open = root_->find_open_call(call::hash(), options_);
    if (open == nullptr) {
      auto made = std::make_unique<call>(*root_);
      made->set_number(number_call());
      open = &root_->begin_open_call(std::move(made), options_, "pool::submit");
    }
    call& its = static_cast<call&>(*open);
    if constexpr ((engine::submitted<std::remove_cvref_t<Arguments>>::is_future || ...)) {
      return future<result>(
          its.add_waiting(given_for<Arguments>(std::forward<Arguments>(arguments))...));
    } else {
      return future<result>(its.add(all(std::forward<Arguments>(arguments)...)));
    }
  }
}

}  // namespace rankwise
