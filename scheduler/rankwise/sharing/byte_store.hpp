// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/process/write_now.hpp>
#include <rankwise/sharing/segment.hpp>
#include <rankwise/task.hpp>
#include <rankwise/text/units.hpp>
#include <rankwise/wire/buffer.hpp>

#include <fmt/core.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace rankwise::sharing {

/// Says on stderr that this rank can't share memory with the others of its host.
inline void say_no_segment(const engine::rank_context& context,
                           std::size_t n_bytes,
                           const std::system_error& error) {
  observe::write_now(
      STDERR_FILENO,
      fmt::format(
          "rankwise: rank {} on {} has its own copy of a shared value of {}, since its host "
          "has no shared memory for it: {}\n",
          static_cast<int>(context.rank),
          context.host,
          observe::bytes_text(n_bytes),
          error.what()));
}

/// Makes a segment; empty if the system has none, which is then said.
inline std::optional<segment> make_segment(const engine::rank_context& context,
                                           std::size_t n_bytes) {
  try {
    return segment(n_bytes, context.machine->draw());
  } catch (const std::system_error& error) {
    say_no_segment(context, n_bytes, error);
    return std::nullopt;
  }
}

/// Where a rank keeps the bytes of a shared value: in its own memory, in a segment that it has made
/// and fills, or in one of another rank of its host, which it only reads.
class byte_store {
 public:
  /// Nothing is kept yet.
  byte_store() = default;

  explicit byte_store(std::size_t n_bytes) : own_(n_bytes) {}

  explicit byte_store(segment made, bool is_of_another = false)
      : is_of_another_(is_of_another), segment_(std::make_unique<segment>(std::move(made))) {}

  std::byte* data() { return segment_ ? segment_->data() : own_.data(); }

  std::span<const std::byte> bytes() const {
    if (segment_) return {segment_->data(), segment_->size()};
    return own_;
  }

  /// It is another rank that fills the segment.
  bool is_of_another() const { return is_of_another_; }

  /// Of the segment; 0 if there is none.
  std::uint64_t token() const { return segment_ ? segment_->place().token : 0; }

  /// Null if the bytes are in this rank's own memory.
  const segment* shared_memory() const { return segment_.get(); }

 private:
  bool is_of_another_ = false;
  wire::bytes own_;
  std::unique_ptr<segment> segment_;
};

}  // namespace rankwise::sharing
