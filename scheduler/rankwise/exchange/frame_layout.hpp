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

/// What stands before the content of a channel message.
struct channel_header {
  std::uint64_t channel = 0;
  std::uint64_t subject = 0;  ///< what the sender says that it is
  std::uint64_t payload_bytes = 0;
};

static_assert(std::has_unique_object_representations_v<channel_header>);

/// The room before the payload of a report, so that a large one becomes a frame where it stands.
inline constexpr std::size_t report_headroom = sizeof(wire::frame_header) + sizeof(core::message);

/// The same before the content of a channel message.
inline constexpr std::size_t channel_headroom = sizeof(wire::frame_header) + sizeof(channel_header);

}  // namespace rankwise::exchange
