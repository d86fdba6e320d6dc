// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/engine/call/abstract_root.hpp>
#include <rankwise/engine/call/end_listener.hpp>
#include <rankwise/error.hpp>

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <type_traits>
#include <unordered_set>
#include <utility>
#include <variant>

namespace rankwise::engine {

/// What the futures of one open call share.
class submission_owner {
 public:
  abstract_root* root = nullptr;              ///< null: the job is over
  std::function<void(std::uint64_t)> cancel;  ///< an item, if it was not handed out yet

  /// Nobody need be told any more if `item` has failed. Futures are used by several threads.
  void hear(std::uint64_t item) {
    const std::lock_guard held(lock_);
    heard_.insert(item);
  }

  bool is_heard(std::uint64_t item) const {
    const std::lock_guard held(lock_);
    return heard_.contains(item);
  }

 private:
  mutable std::mutex lock_;
  std::unordered_set<std::uint64_t> heard_;
};

/// Why an item has no value: its own task failed, or that of an item whose value it needs.
struct item_failure {
  task_failure failure;
  std::shared_ptr<submission_owner> owner;  ///< of the item whose task failed
  std::uint64_t item = 0;
};

/// How the task of an item stands.
enum class submission_state : std::uint8_t { pending, done, failed, cancelled };

/// What has become of one item.
template <class Result>
struct outcome_cell {
  using stored = std::conditional_t<std::is_void_v<Result>, std::monostate, Result>;

  std::atomic<submission_state> state{submission_state::pending};
  std::optional<stored> value;
  std::shared_ptr<const item_failure> failure;
  end_listener* listeners = nullptr;  ///< the newest; the lock of the rank guards them

  bool is_over() const {
    return state.load(std::memory_order_acquire) != submission_state::pending;
  }

  /// False if it was over already.
  bool end_as(submission_state next) {
    submission_state before = submission_state::pending;
    return state.compare_exchange_strong(before, next, std::memory_order_acq_rel);
  }
};

/// The outcomes of a row of items. It lives as long as its call or a future uses it.
template <class Result>
struct outcome_block {
  static constexpr std::uint64_t size = 128;

  outcome_block(std::shared_ptr<submission_owner> of, std::uint64_t first_item)
      : owner(std::move(of)), first(first_item) {}

  std::shared_ptr<submission_owner> owner;
  std::uint64_t first;
  std::atomic<std::uint32_t> n_users{1};
  std::array<outcome_cell<Result>, size> cells;

  void drop() {
    if (n_users.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }
};

/// One item of an open call, and a share in what becomes of it.
template <class Result>
class submission {
 public:
  submission() = default;

  submission(outcome_block<Result>& block, std::uint32_t row) : block_(&block), row_(row) {
    block.n_users.fetch_add(1, std::memory_order_relaxed);
  }

  submission(submission&& other) noexcept
      : block_(std::exchange(other.block_, nullptr)), row_(other.row_) {}

  submission& operator=(submission&& other) noexcept {
    std::swap(block_, other.block_);
    std::swap(row_, other.row_);
    submission old(std::move(other));
    return *this;
  }

  submission(const submission&) = delete;
  submission& operator=(const submission&) = delete;

  ~submission() {
    if (block_ != nullptr) block_->drop();
  }

  bool is_there() const noexcept { return block_ != nullptr; }

  /// Another one of the same item.
  submission share() const { return submission(*block_, row_); }

  /// Whether the item is of a job that `root` runs.
  bool is_of(const abstract_root& root) const { return block_->owner->root == &root; }

  outcome_cell<Result>& cell() const { return block_->cells[row_]; }

  abstract_root& root() const { return *block_->owner->root; }

  /// False if it is over.
  bool cancel() const {
    if (!cell().end_as(submission_state::cancelled)) return false;
    block_->owner->hear(block_->first + row_);
    block_->owner->cancel(block_->first + row_);
    return true;
  }

  /// The value of an item that is over.
  ///
  /// Throws: task_error; task_cancelled.
  Result take() const {
    outcome_cell<Result>& own = cell();
    if (block_->owner->root != nullptr) block_->owner->root->finish_report();
    switch (own.state.load(std::memory_order_acquire)) {
      case submission_state::failed:
        own.failure->owner->hear(own.failure->item);
        throw task_error({own.failure->failure}, 1);
      case submission_state::cancelled:
        throw task_cancelled(
            "the result of a task was asked for that was cancelled, or needs a cancelled one");
      default:
        break;
    }
    if constexpr (!std::is_void_v<Result>) return std::move(*own.value);
  }

 private:
  outcome_block<Result>* block_ = nullptr;
  std::uint32_t row_ = 0;
};

}  // namespace rankwise::engine
