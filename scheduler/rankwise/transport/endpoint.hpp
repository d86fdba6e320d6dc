// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/types.hpp>
#include <rankwise/transport/machine.hpp>
#include <rankwise/wire/buffer.hpp>

#include <cstdint>
#include <string>

namespace rankwise::transport {

/// One rank's place in the job: frames of bytes go out and come in, in order between each two
/// ranks. Nothing blocks.
class endpoint {
 public:
  endpoint() = default;
  endpoint(const endpoint&) = delete;
  endpoint& operator=(const endpoint&) = delete;
  endpoint(endpoint&&) = delete;
  endpoint& operator=(endpoint&&) = delete;
  virtual ~endpoint() = default;

  virtual rank_id rank() const = 0;
  virtual std::uint32_t n_ranks() const = 0;

  /// The host that this rank runs on.
  virtual const std::string& host() const = 0;

  /// The machine that this rank runs on.
  virtual transport::machine& machine() { return machine::here(); }

  /// Whether another thread than the one that computes may call this endpoint, one of them at a
  /// time.
  virtual bool may_change_threads() const = 0;

  /// Sends `frame`; it is on its way or waits here when this returns.
  virtual void send(rank_id to, wire::bytes frame) = 0;

  /// Takes the next frame that has come in whole; false where there is none.
  virtual bool try_receive(rank_id& from, wire::bytes& frame) = 0;

  /// Nothing sent from here to ranks that are expected to take it waits any more.
  virtual bool all_sent() = 0;

  /// Frames of expected ranks are under way that move on only as this endpoint is called.
  virtual bool in_motion() const { return false; }

  /// Whether `rank` is expected to take and send frames, as every rank is at first. What is under
  /// way to and from one that is not stays where it is until it is expected again.
  virtual void expect(rank_id /*rank*/, bool /*expected*/) {}

  /// The process of `rank` has ended: it is never expected again, and what is under way to and from
  /// it gives its memory back.
  virtual void forget(rank_id /*rank*/) {}

  /// A buffer to build a frame in, empty, with the room of one that was sent where there is one.
  virtual wire::bytes new_buffer() { return {}; }
};

}  // namespace rankwise::transport
