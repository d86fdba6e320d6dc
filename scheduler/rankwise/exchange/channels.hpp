// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/types.hpp>
#include <rankwise/exchange/frame_layout.hpp>
#include <rankwise/transport/backoff.hpp>
#include <rankwise/transport/machine.hpp>
#include <rankwise/wire/buffer.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <stdexcept>

namespace rankwise::exchange {

/// What a rank has sent to another one, outside of the calls that the root hands out.
struct channel_message {
  rank_id from = root_rank;
  std::uint64_t subject = 0;  ///< what the sender has said that it is
  wire::bytes frame;          ///< whose part from `at` on is the content
  std::size_t at = 0;

  std::span<const std::byte> content() const { return std::span(frame).subspan(at); }
};

/// How what runs on one rank talks to its like on the others, on channels that are numbered alike
/// on all ranks. Letters between two ranks arrive in order; one on a channel that nobody has opened
/// is dropped.
///
/// Local: nothing blocks.
class channels {
 public:
  /// Takes a letter, which it may keep; called by the thread that runs tasks, between tasks and in
  /// `tend`.
  using receiver = std::function<void(channel_message&)>;

  /// Answers a letter; called at once by whichever thread looks after messages, while others wait:
  /// it must be quick, and must not throw. It appends its answer to what it is given.
  using answerer = std::function<void(const channel_message&, wire::bytes& answer)>;

  channels() = default;
  channels(const channels&) = delete;
  channels& operator=(const channels&) = delete;
  channels(channels&&) = delete;
  channels& operator=(channels&&) = delete;
  virtual ~channels() = default;

  virtual std::uint32_t n_ranks() const = 0;

  /// The machine that this rank runs on.
  virtual transport::machine& machine() { return transport::machine::here(); }

  /// A buffer for the content of a letter, behind the room that `post` needs.
  static wire::bytes new_message() { return wire::bytes(channel_headroom); }

  /// Sends `piece`, made by `new_letter`: a large one at once, small ones together when messages
  /// are next looked after.
  virtual void post(rank_id to,
                    std::uint64_t channel,
                    std::uint64_t subject,
                    wire::bytes piece) = 0;

  virtual void open(std::uint64_t channel, receiver take) = 0;

  /// As `open`, with answers, which go back under the same subject.
  virtual void open_service(std::uint64_t channel, answerer answer) = 0;

  virtual void close(std::uint64_t channel) = 0;

  /// Looks after messages, and has the letters that have come taken; false where there were none.
  virtual bool poll() = 0;
};

/// Waits until `condition()`, and takes the letters that come meanwhile.
///
/// Throws: std::runtime_error once `cancelled` is set: the call is over.
template <class Condition>
void poll_until(channels& others, const std::atomic<bool>& cancelled, Condition condition) {
  transport::machine& here = others.machine();
  transport::backoff idle(here);
  idle.reset(here.now());
  while (!condition()) {
    if (cancelled.load(std::memory_order_relaxed))
      throw std::runtime_error("the call was cancelled");
    if (others.poll()) {
      idle.reset(here.now());
    } else {
      idle.wait(here.now());
    }
  }
}

}  // namespace rankwise::exchange
