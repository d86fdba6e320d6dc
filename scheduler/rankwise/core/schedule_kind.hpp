// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace rankwise {

/// How the items of a call are cut into chunks; see `core::schedule`.
enum class schedule_kind : std::uint8_t { static_blocks, self, guided, factoring, adaptive };

/// The names that users know the schedules by, in the order of `schedule_kind`.
inline constexpr std::array<std::string_view, 5> schedule_names{
    "static", "self", "guided", "factoring", "adaptive"};

/// The name of `kind`.
constexpr std::string_view name_of(schedule_kind kind) {
  return schedule_names[static_cast<std::size_t>(kind)];
}

/// The schedule of that name; none where there is none.
constexpr std::optional<schedule_kind> schedule_named(std::string_view name) {
  for (std::size_t i = 0; i < schedule_names.size(); ++i) {
    if (schedule_names[i] == name) return static_cast<schedule_kind>(i);
  }
  return std::nullopt;
}

}  // namespace rankwise
