// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <utility>

namespace rankwise::combine {

/// What the tables and buffers of one rank take together, in bytes.
struct memory_use {
  std::size_t bytes = 0;
  std::size_t most_bytes = 0;

  void change(std::size_t before, std::size_t after) {
    bytes = bytes - before + after;
    if (bytes > most_bytes) most_bytes = bytes;
  }
};

/// How much of it one holder takes; given back with the holder.
class memory_share {
 public:
  explicit memory_share(memory_use& all) : all_(&all) {}

  memory_share(memory_share&& other) noexcept
      : all_(other.all_), bytes_(std::exchange(other.bytes_, 0)) {}

  memory_share(const memory_share&) = delete;
  memory_share& operator=(const memory_share&) = delete;
  memory_share& operator=(memory_share&&) = delete;

  ~memory_share() { set(0); }

  void set(std::size_t bytes) {
    if (bytes == bytes_) return;
    all_->change(bytes_, bytes);
    bytes_ = bytes;
  }

 private:
  memory_use* all_;
  std::size_t bytes_ = 0;
};

}  // namespace rankwise::combine
