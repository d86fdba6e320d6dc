// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/engine/call/abstract_root.hpp>
#include <rankwise/error.hpp>
#include <rankwise/pool.hpp>
#include <rankwise/sharing/best_on_rank.hpp>
#include <rankwise/sharing/known_best.hpp>
#include <rankwise/task.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <type_traits>
#include <utility>

namespace rankwise {

namespace sharing {

/// A shared best as the root has it, for as long as a handle or a call holds it.
struct best_at_root {
  std::shared_ptr<const std::uint64_t> number;
  std::shared_ptr<engine::abstract_root*> root;  // null: the job is over
};

template <class Number, class Better>
class best_argument;

}  // namespace sharing

/// The best of the numbers that tasks of all ranks have offered: see `shared_min` and `shared_max`,
/// made by `pool::shared_min` and `pool::shared_max`. Copies are handles of the same.
///
/// On each rank it holds a number that was really offered, or the initial one, and never gets
/// worse. What is offered on one rank reaches the others within some 2 ms, if they have a core and
/// a helper thread of their own, else between their tasks. A task that was lost with its rank, or
/// threw, has offered what it has: when a call returns, `value()` on the root is the best of all.
template <class Number, class Better>
class shared_best {
 public:
  using shared_value_type = Number;  // also tells that this does not travel by itself

  /// Offers what was achieved: the cost of a solution that the task returns, or has found before.
  /// Returns whether it is better than what was known on this rank. Called by the thread of the
  /// task; on the root by the body too.
  ///
  /// Throws: std::invalid_argument for NaN.
  bool offer(Number cost) const { return best_->offer(require_number(cost)); }

  template <class Offered>
    requires(std::is_floating_point_v<Offered>&& std::is_integral_v<Number>)

  __attribute__((
      unavailable("rankwise: a shared_min or shared_max of integers is offered what would be cut "
                  "off: begin with a double, such as pool.shared_min(1e9), or round what is "
                  "offered"))) bool
  offer(Offered cost) const;

  /// The best that this rank knows of.
  Number value() const { return best_->value(); }

  /// Whether what costs `bound` at best is worth a search: false if that is worse than the best
  /// that is known. What would be equal is worth it. It may be what has achieved that best, and is
  /// run again since its rank was lost: a search that left it out would return without it.
  bool worth(Number bound) const { return !Better{}(value(), bound); }

 private:
  friend class pool;
  template <class Any, class How>
  friend class sharing::best_argument;

  using known = sharing::known_best<Number, Better>;

  explicit shared_best(std::shared_ptr<known> best,
                       std::shared_ptr<const sharing::best_at_root> at_root = nullptr)
      : best_(std::move(best)), at_root_(std::move(at_root)) {}

  static Number require_number(Number given) {
    if (given != given) {  // NOLINT(misc-redundant-expression)
      throw std::invalid_argument(
          "a rankwise::shared_min or shared_max was given NaN, which is neither better nor worse "
          "than a number");
    }
    return given;
  }

  std::shared_ptr<known> best_;                           // null: it was moved from
  std::shared_ptr<const sharing::best_at_root> at_root_;  // null: on another rank
};

/// The smallest of the numbers that were offered, made by `pool::shared_min`.
template <class Number>
using shared_min = shared_best<Number, std::less<>>;

/// The largest of the numbers that were offered, made by `pool::shared_max`.
template <class Number>
using shared_max = shared_best<Number, std::greater<>>;

namespace sharing {

/// What travels for a `shared_best` that is given to a task.
template <class Number, class Better>
class best_argument {
 public:
  using handle = shared_best<Number, Better>;

  best_argument() = default;

  /// Throws: std::logic_error if the handle was moved from.
  explicit(false) best_argument(const handle& given) : here_(given) {
    if (given.best_ == nullptr)
      throw std::logic_error("a rankwise::shared_min or shared_max was used that was moved from");
    if (given.at_root_ == nullptr)
      throw std::logic_error("a rankwise::shared_min or shared_max was used for a call in a task");
    number_ = *given.at_root_->number;
  }

  /// Throws: std::logic_error where tasks are not given shared values.
  const handle& give() const {
    if (here_.best_ != nullptr) return here_;
    throw std::logic_error(
        "a rankwise::shared_min or shared_max was given to what is no task of a call, such as a "
        "stage of a pipeline");
  }

  /// Whether this rank takes part.
  bool is_here(engine::rank_context& context) const {
    if (here_.at_root_ != nullptr) return true;
    const auto* const known = context.kept.find<best_on_rank<Number, Better>>(number_);
    if (known == nullptr) return false;
    here_ = handle(known->best());
    here_.best_->take(value_);
    return true;
  }

  /// It does from now on.
  bool fetch(engine::rank_context& context) const {
    context.kept.add(number_, [&] {
      return std::make_unique<best_on_rank<Number, Better>>(
          context, number_, std::make_shared<known_best<Number, Better>>(value_));
    });
    return is_here(context);
  }

  /// Tells the others what a forked child has offered.
  void tell() const { here_.best_->tell(); }

  /// Throws: std::logic_error if it is not of the job of `root`, or that is over.
  void require_job_of(const engine::abstract_root& root) const {
    const engine::abstract_root* const own = *here_.at_root_->root;
    if (own == nullptr)
      throw std::logic_error("a rankwise::shared_min or shared_max was used whose job is over");
    if (own != &root)
      throw std::logic_error("a rankwise::shared_min or shared_max was used in another job");
  }

  /// Asked where a call is journaled.
  ///
  /// Throws: config_error.
  [[noreturn]] std::uint64_t digest() const {
    throw config_error(
        "--journal: found a call whose tasks are given a rankwise::shared_min or shared_max, "
        "accepted: calls without, as a resumed run does not know what was offered in the first");
  }

  template <class Archive>
  void serialize(Archive& archive, unsigned /*version*/) {
    if (here_.best_ != nullptr) value_ = here_.value();
    archive& number_& value_;
  }

 private:
  mutable handle here_{nullptr};  // on another rank, while a chunk runs
  std::uint64_t number_ = 0;
  Number value_{};  // when it was sent
};

}  // namespace sharing

namespace engine {

template <class Number, class Better>
struct travelling_as<shared_best<Number, Better>> {
  using type = sharing::best_argument<Number, Better>;
};

template <class Number, class Better>
struct travelled<sharing::best_argument<Number, Better>> {
  static constexpr bool is_shared = true;
  using given = const shared_best<Number, Better>&;

  static given give(const sharing::best_argument<Number, Better>& value) { return value.give(); }
};

namespace refused {

template <class Number>
__attribute__((unavailable(
    "rankwise: pool::shared_min and shared_max hold one number: an integer, a float or a "
    "double"))) consteval void
is_no_shared_number() {}

}  // namespace refused
}  // namespace engine

template <class Number>
auto pool::shared_min(Number initial) const {
  return share_best<Number, std::less<>>(initial, "pool::shared_min");
}

template <class Number>
auto pool::shared_max(Number initial) const {
  return share_best<Number, std::greater<>>(initial, "pool::shared_max");
}

template <class Number, class Better>
shared_best<Number, Better> pool::share_best(Number initial, const char* name) const {
  if constexpr (!std::is_arithmetic_v<Number> || std::is_same_v<Number, long double>) {
    engine::refused::is_no_shared_number<Number>();
  } else {
    using known = sharing::known_best<Number, Better>;
    engine::rank_context& context = root_->context();
    auto made = std::make_shared<sharing::best_at_root>();
    made->number = root_->object_numbers().add();
    made->root = std::make_shared<engine::abstract_root*>(root_);
    auto best = std::make_shared<known>(shared_best<Number, Better>::require_number(initial));
    const auto make = [&] {
      return std::make_unique<sharing::best_on_rank<Number, Better>>(
          context, *made->number, best, [root = made->root] { *root = nullptr; });
    };
    root_->between_tasks([&] { context.kept.add(*made->number, make); }, name);
    return shared_best<Number, Better>(std::move(best), std::move(made));
  }
}

}  // namespace rankwise
