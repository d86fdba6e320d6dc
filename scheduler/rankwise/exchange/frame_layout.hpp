// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/message.hpp>
#include <rankwise/wire/frame.hpp>

#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace rankwise::exchange {

/// What the payload of a frame is made of.
enum class frame_kind : std::uint8_t {
  calls = 1,  ///< messages of the core, between the root and another rank
  channels    ///< channel messages, between any two ranks
};

/// What stands before a message of the core, in one word.
class message_header {
 public:
  message_header() = default;

  message_header(core::message_kind kind, std::uint64_t payload_bytes)
      : bits_(static_cast<std::uint64_t>(kind) << size_bits | payload_bytes) {}

  core::message_kind kind() const { return static_cast<core::message_kind>(bits_ >> size_bits); }

  /// Bytes that follow the message.
  std::uint64_t payload_bytes() const { return bits_ & ((std::uint64_t{1} << size_bits) - 1); }

 private:
  static constexpr unsigned size_bits = 56;

  std::uint64_t bits_ = 0;
};

/// What stands before the content of a channel message.
struct channel_header {
  std::uint64_t channel = 0;
  std::uint64_t subject = 0;  ///< what the sender says that it is
  std::uint64_t payload_bytes = 0;
};

static_assert(std::has_unique_object_representations_v<channel_header>);

/// The room before the results of a report, so that a large one becomes a frame where it stands.
inline constexpr std::size_t report_headroom =
    sizeof(wire::frame_header) + sizeof(message_header) + sizeof(core::reports::done);

/// The same before the content of a channel message.
inline constexpr std::size_t channel_headroom = sizeof(wire::frame_header) + sizeof(channel_header);

}  // namespace rankwise::exchange
