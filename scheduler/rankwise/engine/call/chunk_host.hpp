// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/types.hpp>
#include <rankwise/engine/call/task_threw.hpp>
#include <rankwise/wire/buffer.hpp>

#include <functional>

namespace rankwise::engine {

/// What a rank does about the chunk under way.
class chunk_host {
 public:
  chunk_host() = default;
  chunk_host(const chunk_host&) = delete;
  chunk_host& operator=(const chunk_host&) = delete;
  chunk_host(chunk_host&&) = delete;
  chunk_host& operator=(chunk_host&&) = delete;
  virtual ~chunk_host() = default;

  /// Takes and sends messages, between two tasks. Returns whether a more urgent chunk waits.
  virtual bool poll_between_tasks(core::duration at) = 0;

  /// Runs the chunks that are more urgent than the one under way. Returns how long that has taken.
  virtual core::duration run_urgent_chunks() = 0;

  /// `items`, the next of the chunk, are done; their results stand in `results`.
  virtual void report_done(core::item_range items,
                           core::duration elapsed,
                           wire::bytes& results) = 0;

  /// A part of the next item of the chunk is done; what has come of it and the rest, cut into two
  /// or not, stand in `results`.
  virtual void report_split(bool is_cut, wire::bytes& results) = 0;

  /// The task of the next item of the chunk threw.
  virtual void report_failed(const task_threw& threw) = 0;

  /// Has `task` run in a child of this process; returns what it appends to the buffer that it is
  /// given.
  ///
  /// Throws: task_threw with what `task` throws, or with why it has not come to its end.
  virtual wire::bytes run_isolated(const std::function<void(wire::bytes&)>& task) = 0;
};

}  // namespace rankwise::engine
