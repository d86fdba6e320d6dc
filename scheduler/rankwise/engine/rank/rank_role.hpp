// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/message.hpp>
#include <rankwise/core/types.hpp>
#include <rankwise/engine/call/call_header.hpp>
#include <rankwise/engine/call/chunk_scope.hpp>
#include <rankwise/exchange/frame_reader.hpp>
#include <rankwise/rank.hpp>
#include <rankwise/wire/buffer.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>

namespace rankwise::engine {

/// A call of which chunks run on this rank.
class chunk_runner {
 public:
  chunk_runner() = default;
  chunk_runner(const chunk_runner&) = delete;
  chunk_runner& operator=(const chunk_runner&) = delete;
  chunk_runner(chunk_runner&&) = delete;
  chunk_runner& operator=(chunk_runner&&) = delete;
  virtual ~chunk_runner() = default;

  virtual const call_header& header() const = 0;

  /// Runs the tasks of a chunk, whose `inputs` came with its grant.
  virtual void run_chunk(chunk_scope& scope, std::span<const std::byte> inputs) = 0;

  /// Hands results to the program.
  virtual void deliver() {}

  /// How many `call_use` there are of it.
  std::uint32_t n_users() const { return n_users_.load(std::memory_order_acquire); }

 private:
  friend class call_use;
  std::atomic<std::uint32_t> n_users_{0};
};

/// A call that the computing thread is in.
class call_use {
 public:
  call_use() = default;

  explicit call_use(std::shared_ptr<chunk_runner> call) : call_(std::move(call)) {
    if (call_) ++call_->n_users_;
  }

  call_use(call_use&&) noexcept = default;

  call_use& operator=(call_use&& other) noexcept {
    std::swap(call_, other.call_);
    return *this;
  }

  call_use(const call_use&) = delete;
  call_use& operator=(const call_use&) = delete;

  ~call_use() {
    if (call_) call_->n_users_.fetch_sub(1, std::memory_order_release);
  }

  explicit operator bool() const { return call_ != nullptr; }

  chunk_runner* operator->() const { return call_.get(); }

 private:
  std::shared_ptr<chunk_runner> call_;
};

/// What a rank is in its job: the root, or a worker. It is told of messages, and says what is due.
///
/// Local: nothing blocks; the caller holds the lock of the rank.
class rank_role {
 public:
  rank_role() = default;
  rank_role(const rank_role&) = delete;
  rank_role& operator=(const rank_role&) = delete;
  rank_role(rank_role&&) = delete;
  rank_role& operator=(rank_role&&) = delete;
  virtual ~rank_role() = default;

  /// Messages of calls have come in.
  ///
  /// Throws: wire::decode_error if they can't be read, or their sender may not send them.
  virtual void on_frame(rank_id from, exchange::frame_reader& frame, core::duration at) = 0;

  /// This rank reports something to the root; the payload stands in `buffer` behind its headroom.
  virtual void on_report(const core::any_report& report, wire::bytes& buffer) = 0;

  /// Messages have been taken: says what is due.
  virtual void on_poll(core::duration at) = 0;

  /// The call of that number, a chunk of which begins now.
  virtual std::shared_ptr<chunk_runner> find_call(std::uint32_t call) = 0;

  /// A call that has results to deliver; null: none has.
  virtual std::shared_ptr<chunk_runner> find_call_with_results() { return nullptr; }

  /// Nothing is left to do here: the computing thread is wanted elsewhere.
  virtual bool is_over() const = 0;
};

}  // namespace rankwise::engine
