// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/message.hpp>
#include <rankwise/core/types.hpp>
#include <rankwise/engine/call/call_header.hpp>
#include <rankwise/engine/call/chunk_scope.hpp>
#include <rankwise/exchange/frame_reader.hpp>
#include <rankwise/rank.hpp>
#include <rankwise/wire/buffer.hpp>

#include <cstddef>
#include <memory>
#include <span>

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
