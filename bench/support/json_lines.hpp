// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace bench {

/// Returns the value at `path`, as in "first/score", of the first line of `lines` that is a JSON
/// object and has it, by itself or in its member "summary", where programs on the library have the
/// figures of their job; lines that are no JSON are passed over.
inline std::optional<nlohmann::json> json_value(std::string_view lines, const std::string& path) {
  while (!lines.empty()) {
    const std::string_view line = lines.substr(0, lines.find('\n'));
    lines.remove_prefix(std::min(line.size() + 1, lines.size()));
    const nlohmann::json object = nlohmann::json::parse(line, nullptr, false);
    if (!object.is_object()) continue;
    for (const char* const parent : {"/", "/summary/"}) {
      const nlohmann::json::json_pointer place(parent + path);
      if (object.contains(place)) return object[place];
    }
  }
  return std::nullopt;
}

/// The same for a number; nothing if there is none, as where it is null.
inline std::optional<double> json_number(std::string_view lines, const std::string& path) {
  const std::optional<nlohmann::json> value = json_value(lines, path);
  if (!value || !value->is_number()) return std::nullopt;
  return value->get<double>();
}

}  // namespace bench
