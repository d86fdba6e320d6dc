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
#include <utility>

namespace rankwise::exchange {

/// A message of one rank to another, outside of the calls that the root hands out.
struct channel_message {
  rank_id from = root_rank;
  std::uint64_t subject = 0;  ///< what the message is about, in numbers of the sender
  wire::bytes frame;          ///< whose part from `at` on is the content
  std::size_t at = 0;

  std::span<const std::byte> content() const { return std::span(frame).subspan(at); }
};

/// Point-to-point messages between ranks, outside of the root's calls. A channel has the same
/// number on every rank. Messages between two ranks arrive in order; one on a channel that is not
/// open is dropped.
///
/// Local: nothing blocks.
class channels {
 public:
  /// Takes a message, which it may keep; called by the thread that runs tasks, between tasks and in
  /// `poll`.
  using receiver = std::function<void(channel_message&)>;

  /// Answers a message; called at once by whichever thread polls, while others wait: it must be
  /// quick, and must not throw. It appends its answer to what it is given.
  using answerer = std::function<void(const channel_message&, wire::bytes& answer)>;

  /// Which ranks a message that was taken at once is passed on to.
  enum class audience : std::uint8_t { nobody, sender, all_others };

  /// What is passed on, under the channel and the subject of the message that was taken.
  struct reply {
    audience to = audience::nobody;  ///< `all_others`: neither this rank nor the sender
    wire::bytes content;             ///< made by `new_message`
  };

  /// Takes a message as an answerer does, and says what is passed on, and to whom.
  using relay = std::function<reply(const channel_message&)>;

  channels() = default;
  channels(const channels&) = delete;
  channels& operator=(const channels&) = delete;
  channels(channels&&) = delete;
  channels& operator=(channels&&) = delete;
  virtual ~channels() = default;

  virtual std::uint32_t n_ranks() const = 0;

  /// The machine that this rank runs on.
  virtual transport::machine& machine() { return transport::machine::here(); }

  /// A buffer for the content of a message, behind the room that `post` needs.
  static wire::bytes new_message() { return wire::bytes(channel_headroom); }

  /// Sends `content`, made by `new_message`: a large one at once, small ones together when the rank
  /// next polls.
  virtual void post(rank_id to,
                    std::uint64_t channel,
                    std::uint64_t subject,
                    wire::bytes content) = 0;

  /// Has `take` called for each message of the channel from now on. It may close the channel.
  virtual void open(std::uint64_t channel, receiver take) = 0;

  /// As `open`, with answers, which go back under the same subject.
  virtual void open_service(std::uint64_t channel, answerer answer) = 0;

  /// As `open_service`, for what need not be answered, or concerns all.
  virtual void open_relay(std::uint64_t channel, relay take) = 0;

  virtual void close(std::uint64_t channel) = 0;

  /// Sends what was posted, without waiting for the next poll; also in the middle of a task.
  virtual void send_posted() = 0;

  /// Takes and sends messages, and has receivers take those that have come; false if none has.
  virtual bool poll() = 0;
};

/// Waits until `condition()`, and takes the messages that come meanwhile; false once `cancelled` is
/// set: the call is over.
template <class Condition>
bool polled_until(channels& others, const std::atomic<bool>& cancelled, Condition condition) {
  transport::machine& here = others.machine();
  transport::backoff idle(here);
  idle.reset(here.now());
  while (!condition()) {
    if (cancelled.load(std::memory_order_relaxed)) return false;
    if (others.poll()) {
      idle.reset(here.now());
    } else {
      idle.wait(here.now());
    }
  }
  return true;
}

/// The same.
///
/// Throws: std::runtime_error once `cancelled` is set.
template <class Condition>
void poll_until(channels& others, const std::atomic<bool>& cancelled, Condition condition) {
  if (!polled_until(others, cancelled, std::move(condition)))
    throw std::runtime_error("the call was cancelled");
}

}  // namespace rankwise::exchange
