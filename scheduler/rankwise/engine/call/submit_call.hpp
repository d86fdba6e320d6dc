// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/types.hpp>
#include <rankwise/engine/call/abstract_root.hpp>
#include <rankwise/engine/call/awaited.hpp>
#include <rankwise/engine/call/call_base.hpp>
#include <rankwise/engine/call/chunk_scope.hpp>
#include <rankwise/engine/call/growing_table.hpp>
#include <rankwise/engine/call/open_call.hpp>
#include <rankwise/engine/call/outputs.hpp>
#include <rankwise/engine/call/run_items.hpp>
#include <rankwise/engine/call/shared_values.hpp>
#include <rankwise/engine/call/submission.hpp>
#include <rankwise/engine/call/task_registry.hpp>
#include <rankwise/engine/call/travelling.hpp>
#include <rankwise/error.hpp>
#include <rankwise/task.hpp>
#include <rankwise/wire/buffer.hpp>
#include <rankwise/wire/codec.hpp>

#include <boost/core/demangle.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <tuple>
#include <type_traits>
#include <typeinfo>
#include <unordered_map>
#include <utility>
#include <vector>

namespace rankwise::engine {

/// A task of `pool::submit`, which gets the arguments of an item one by one.
template <class Task>
struct task_of_arguments {
  template <class... Arguments>
    requires std::is_invocable_v<const Task&, task_context&, given_to_task<Arguments>...>

  decltype(auto) operator()(task_context& context, const std::tuple<Arguments...>& all) const {
    return std::apply(
        [&](const Arguments&... each) -> decltype(auto) {
          return std::invoke(Task{}, context, travelled<Arguments>::give(each)...);
        },
        all);
  }

  template <class... Arguments>
    requires(!std::is_invocable_v<const Task&, task_context&, given_to_task<Arguments>...> &&
             std::is_invocable_v<const Task&, given_to_task<Arguments>...>)

  decltype(auto) operator()(const std::tuple<Arguments...>& all) const {
    return std::apply(
        [](const Arguments&... each) -> decltype(auto) {
          return std::invoke(Task{}, travelled<Arguments>::give(each)...);
        },
        all);
  }
};

/// `pool::submit`: the items of one task. `Arguments` is a std::tuple.
template <class Task, class Arguments, class Result>
class submit_call final : public open_call {
  using whole_task = task_of_arguments<Task>;
  using block = outcome_block<Result>;

 public:
  class remote final : public remote_base<remote, std::vector<Arguments>, whole_task> {
   public:
    explicit remote(std::span<const std::byte> call)
        : remote_base<remote, std::vector<Arguments>, whole_task>(call) {}

    void run(chunk_scope& scope, std::span<const std::byte> inputs) override {
      output_elsewhere output;
      this->run_here(scope, inputs, output);
    }
  };

  explicit submit_call(abstract_root& root) : owner_(std::make_shared<submission_owner>()) {
    owner_->root = &root;
    owner_->cancel = [this, &root](std::uint64_t index) { root.cancel_item(*this, index); };
  }

  ~submit_call() override {
    submit_call::end();
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      if (rows_[i]) rows_[i]->outcomes->drop();
    }
  }

  static std::uint64_t hash() { return registration<remote>::name_hash(); }

  std::uint64_t name_hash() const override { return hash(); }

  bool may_draw() const override { return takes_context<whole_task, Arguments>; }

  std::string task_name() const override { return boost::core::demangle(typeid(Task).name()); }

  /// Adds an item.
  ///
  /// Throws: std::logic_error if a shared value among the arguments is of another job.
  submission<Result> add(Arguments arguments) {
    require_shared_values_of(*owner_->root, arguments);
    submission<Result> made;
    owner_->root->add_item(*this, false, [&](std::uint64_t index) {
      made = new_item(index);
      row_of(index).arguments[index % block::size].emplace(std::move(arguments));
    });
    return made;
  }

  /// Adds an item that begins once all its arguments are there: each is a value, or is `awaited`.
  ///
  /// Throws: std::logic_error if a shared value among the arguments is of another job.
  template <class... Given>
  submission<Result> add_waiting(Given... given) {
    (require_own_shared(given), ...);
    auto item = std::make_unique<waiting<Given...>>(*this, std::move(given)...);
    submission<Result> made;
    owner_->root->add_item(*this, true, [&](std::uint64_t index) {
      made = new_item(index);
      waiting<Given...>& its = *item;
      waiting_.emplace(index, std::move(item));
      its.begin(index);
    });
    return made;
  }

  void encode_call(wire::bytes& out) const override { travelling<whole_task>::encode({}, out); }

  void encode_inputs(core::item_range items, wire::bytes& out) const override {
    wire::encoder<Arguments> encoder(out);
    for (std::uint64_t index = items.first; index != items.end(); ++index)
      encoder.put(arguments(index));
  }

  void take(core::item_range items, std::span<const std::byte> results) override {
    if constexpr (!std::is_void_v<Result>) {
      wire::decoder<Result> decoder(results);
      for (std::uint64_t index = items.first; index != items.end(); ++index)
        cell(index).value.emplace(decoder.get());
    }
  }

  void on_counted(core::item_range items) override {
    for (std::uint64_t index = items.first; index != items.end(); ++index) {
      if constexpr (!std::is_void_v<Result> && std::is_default_constructible_v<Result>) {
        if (!cell(index).value) cell(index).value.emplace();  // it took no bytes on its way
      }
      cell(index).end_as(submission_state::done);
      tell_listeners(index);
      forget(index);
    }
  }

  void on_failed(const task_failure& failure) override {
    outcome_cell<Result>& its = cell(failure.index);
    its.failure =
        std::make_shared<const item_failure>(item_failure{failure, owner_, failure.index});
    its.end_as(submission_state::failed);
    tell_listeners(failure.index);
    forget(failure.index);
  }

  void on_cancelled(std::uint64_t index) override {
    cell(index).end_as(submission_state::cancelled);
    forget(index);
  }

  void on_cancel_asked(std::uint64_t index) override {
    if (rows_[index / block::size]) tell_listeners(index);
  }

  void run(chunk_scope& scope) override {
    inputs_here inputs{this};
    if (is_encoded_) {
      output_elsewhere output;
      run_items(scope, whole_task{}, inputs, output);
    } else {
      output_here output{this};
      run_items(scope, whole_task{}, inputs, output);
    }
  }

  /// Then a slower rank may need arguments for longer than their results.
  void keep_results_encoded() override { is_encoded_ = true; }

  void end() override {
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      if (!rows_[i]) continue;
      for (outcome_cell<Result>& each : rows_[i]->outcomes->cells)
        each.end_as(submission_state::cancelled);
    }
    owner_->root = nullptr;
  }

  bool is_heard(std::uint64_t index) const override { return owner_->is_heard(index); }

 private:
  using output_elsewhere =
      std::conditional_t<std::is_void_v<Result>, no_output, encoded_output<Result>>;

  struct row {
    row(const std::shared_ptr<submission_owner>& owner, std::uint64_t first)
        : outcomes(new block(owner, first)) {}

    block* outcomes;  // shared with futures
    std::array<std::optional<Arguments>, block::size> arguments;
    std::uint64_t n_over = 0;
  };

  /// An item whose arguments are not all there yet.
  template <class... Given>
  class waiting final : public waiting_item {
   public:
    waiting(submit_call& call, Given... given) : call_(&call), given_(std::move(given)...) {}

    void begin(std::uint64_t index) {
      index_ = index;
      given_.begin(*this);
    }

   private:
    void on_complete() override {
      if (given_.are_there() && !call_->cell(index_).is_over()) {
        std::optional<Arguments>& arguments = call_->row_of(index_).arguments[index_ % block::size];
        given_.take([&](auto&&... each) { arguments.emplace(std::move(each)...); });
        call_->owner_->root->admit_item(*call_, index_);
      } else {
        call_->drop_waiting(index_, given_.end(), given_.failure());
      }
      call_->waiting_.erase(index_);
    }

    submit_call* call_;
    std::uint64_t index_ = 0;
    given_arguments<Given...> given_;
  };

  struct inputs_here {
    submit_call* call;

    const Arguments& next(std::uint64_t index) const { return call->arguments(index); }
  };

  struct output_here {
    using value_type = Result;
    static constexpr const char* no_settling = nullptr;

    submit_call* call;

    void open(chunk_scope& /*scope*/) {}

    void close(chunk_scope& /*scope*/) {}

    template <class Value>
    void put(std::uint64_t index, Value&& value) {
      if constexpr (!std::is_void_v<Result>)
        call->cell(index).value.emplace(std::forward<Value>(value));
    }
  };

  template <class Given>
  void require_own_shared([[maybe_unused]] const Given& given) const {
    if constexpr (travelled<Given>::is_shared) given.require_job_of(*owner_->root);
  }

  /// Under the lock of the rank.
  submission<Result> new_item(std::uint64_t index) {
    if (index / block::size == rows_.size())
      rows_.push_back(std::make_unique<row>(owner_, index / block::size * block::size));
    return submission<Result>(*rows_[rows_.size() - 1]->outcomes,
                              static_cast<std::uint32_t>(index % block::size));
  }

  /// An item ends whose arguments will not all be there, or that was cancelled.
  void drop_waiting(std::uint64_t index,
                    submission_state end,
                    std::shared_ptr<const item_failure> failure) {
    outcome_cell<Result>& its = cell(index);
    its.failure = std::move(failure);
    its.end_as(end);
    tell_listeners(index);
    owner_->root->drop_withheld_item(*this);
    forget(index);
  }

  void tell_listeners(std::uint64_t index) {
    outcome_cell<Result>& its = cell(index);
    if (its.listeners != nullptr) owner_->root->tell(std::exchange(its.listeners, nullptr));
  }

  row& row_of(std::uint64_t index) const { return *rows_[index / block::size]; }

  const Arguments& arguments(std::uint64_t index) const {
    return *row_of(index).arguments[index % block::size];
  }

  outcome_cell<Result>& cell(std::uint64_t index) const {
    return row_of(index).outcomes->cells[index % block::size];
  }

  /// The item is over.
  void forget(std::uint64_t index) {
    if (is_encoded_) return;
    row& its = row_of(index);
    its.arguments[index % block::size].reset();
    if (++its.n_over != block::size) return;
    its.outcomes->drop();
    rows_[index / block::size].reset();
  }

  std::shared_ptr<submission_owner> owner_;
  growing_table<std::unique_ptr<row>> rows_;
  std::unordered_map<std::uint64_t, std::unique_ptr<waiting_item>> waiting_;  // by item
  bool is_encoded_ = false;
};

}  // namespace rankwise::engine
