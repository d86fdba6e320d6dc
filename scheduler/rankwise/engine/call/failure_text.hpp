// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/engine/call/task_threw.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace rankwise::engine {

/// A failure on its way to the root: one byte that says whether it was a config_error, then the
/// text.
struct failure_text {
  static std::vector<std::byte> encode(const task_threw& threw) {
    std::vector<std::byte> bytes{std::byte{threw.is_configuration}};
    const std::span text = std::as_bytes(std::span(threw.text));
    bytes.insert(bytes.end(), text.begin(), text.end());
    return bytes;
  }

  static task_threw decode(std::span<const std::byte> bytes) {
    const bool is_configuration = !bytes.empty() && bytes.front() != std::byte{0};
    const auto text = bytes.subspan(bytes.empty() ? 0 : 1);
    return {std::string(reinterpret_cast<const char*>(text.data()), text.size()), is_configuration};
  }
};

}  // namespace rankwise::engine
