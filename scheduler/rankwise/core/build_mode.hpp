// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/error.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

/// A function that is no template, and that headers only declare where the program is linked with
/// `rankwise::compiled`. Without that target it is an inline function of the program.
#ifdef RANKWISE_COMPILED
#define RANKWISE_INLINE
#else
#define RANKWISE_INLINE inline
#endif

namespace rankwise::core {

/// How a source file uses the library.
enum class build_mode : std::uint8_t { header_only, compiled };

#ifdef RANKWISE_COMPILED
constexpr build_mode this_build_mode = build_mode::compiled;
#else
constexpr build_mode this_build_mode = build_mode::header_only;
#endif

/// The source files of this program that include the library, one for each mode; null where there
/// is none. Filled before `main`.
inline std::array<const char*, 2>& sources_by_build_mode() {
  static std::array<const char*, 2> sources{};
  return sources;
}

/// Throws: config_error if some sources of this program are compiled for `rankwise::compiled` and
/// others are not: the linker would take each function from either.
inline void require_one_build_mode() {
  const auto& [header_only, compiled] = sources_by_build_mode();
  if (header_only == nullptr || compiled == nullptr) return;
  throw config_error(
      std::string("found ") + compiled + ", compiled for rankwise::compiled, and " + header_only +
      ", compiled for rankwise::scheduler or rankwise::readers, in one program; accepted: one of "
      "them for all of its sources");
}

// One for each source file, not one for the program.
// NOLINTNEXTLINE(misc-definitions-in-headers)
[[maybe_unused]] static const bool build_mode_is_noted = [](const char* source_file) {
  const char*& source = sources_by_build_mode()[static_cast<std::size_t>(this_build_mode)];
  if (source == nullptr) source = source_file;
  return true;
}(__BASE_FILE__);

}  // namespace rankwise::core
