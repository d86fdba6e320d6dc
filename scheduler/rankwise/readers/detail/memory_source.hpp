// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/readers/byte_source.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

namespace rankwise {

/// Bytes in memory: for tests, and for small inputs that are no file.
class memory_source final : public byte_source {
 public:
  memory_source(std::string name, std::string bytes)
      : name_(std::move(name)), bytes_(std::move(bytes)) {}

  std::size_t read_at(std::uint64_t offset, std::span<char> target) override {
    if (offset >= bytes_.size()) return 0;
    return bytes_.copy(target.data(), target.size(), static_cast<std::size_t>(offset));
  }

  const std::string& name() const override { return name_; }

 private:
  std::string name_;
  std::string bytes_;
};

}  // namespace rankwise
