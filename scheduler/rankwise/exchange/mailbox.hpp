// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/exchange/channels.hpp>
#include <rankwise/wire/buffer.hpp>

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <utility>
#include <variant>

namespace rankwise::exchange {

/// The channels that are open on a rank, and the messages that wait for the thread that runs tasks.
///
/// Local: no communication; the caller holds the lock of the rank, but for calling what `next`
/// gives.
class mailbox {
 public:
  /// A message, and who takes it: a copy, for who takes it may close the channel.
  struct delivery {
    channels::receiver take;
    channel_message what;
  };

  void open(std::uint64_t channel, channels::receiver take) {
    channels_[channel] = std::move(take);
  }

  void open(std::uint64_t channel, channels::answerer answer) {
    channels_[channel] = std::move(answer);
  }

  void open(std::uint64_t channel, channels::relay take) { channels_[channel] = std::move(take); }

  void close(std::uint64_t channel) { channels_.erase(channel); }

  /// Keeps `what` for the thread that runs tasks. Where the channel is a service or a relay, it is
  /// taken at once, and what is to be sent is returned.
  channels::reply put(std::uint64_t channel, channel_message what) {
    const auto place = channels_.find(channel);
    if (place == channels_.end()) return {};
    if (const auto* const answer = std::get_if<channels::answerer>(&place->second)) {
      channels::reply reply{channels::audience::sender, channels::new_message()};
      (*answer)(what, reply.content);
      return reply;
    }
    if (const auto* const relay = std::get_if<channels::relay>(&place->second))
      return (*relay)(what);
    waiting_.emplace_back(channel, std::move(what));
    return {};
  }

  /// The oldest message whose channel is still open.
  std::optional<delivery> next() {
    while (!waiting_.empty()) {
      auto [channel, what] = std::move(waiting_.front());
      waiting_.pop_front();
      const auto place = channels_.find(channel);
      if (place == channels_.end()) continue;
      return delivery{std::get<channels::receiver>(place->second), std::move(what)};
    }
    return std::nullopt;
  }

 private:
  std::map<std::uint64_t, std::variant<channels::receiver, channels::answerer, channels::relay>>
      channels_;
  std::deque<std::pair<std::uint64_t, channel_message>> waiting_;
};

}  // namespace rankwise::exchange
