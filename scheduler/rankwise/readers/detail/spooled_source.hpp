// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/readers/byte_source.hpp>
#include <rankwise/readers/detail/file_source.hpp>
#include <rankwise/readers/detail/spooled_copy.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

namespace rankwise {

/// A `spooled_copy`, as if it were the file that it was made of.
class spooled_source final : public byte_source {
 public:
  spooled_source(const spooled_copy& copy, std::string name)
      : copy_(copy), file_(copy.path, std::move(name)) {}

  std::size_t read_at(std::uint64_t offset, std::span<char> target) override {
    if (offset >= copy_.n_bytes) return 0;
    const std::uint64_t n_left = copy_.n_bytes - offset;
    const std::size_t n = static_cast<std::size_t>(std::min<std::uint64_t>(n_left, target.size()));
    return file_.read_at(copy_.first + offset, target.first(n));
  }

  const std::string& name() const override { return file_.name(); }

 private:
  spooled_copy copy_;
  file_source file_;
};

}  // namespace rankwise
