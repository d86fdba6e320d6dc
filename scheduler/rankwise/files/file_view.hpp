// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/error.hpp>
#include <rankwise/exchange/channels.hpp>
#include <rankwise/exchange/rank_objects.hpp>
#include <rankwise/files/file_wire.hpp>
#include <rankwise/readers/byte_source.hpp>
#include <rankwise/readers/input.hpp>
#include <rankwise/readers/open_file.hpp>
#include <rankwise/readers/split.hpp>
#include <rankwise/wire/buffer.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rankwise::files {

/// The name that stands for the path of the root's standard input.
inline constexpr std::string_view standard_input = "standard input";

/// The answers of the root that this rank waits for.
class pending_blocks {
 public:
  pending_blocks(exchange::channels& others,
                 std::uint64_t channel,
                 const std::atomic<bool>& cancelled)
      : others_(&others), channel_(channel), cancelled_(&cancelled) {}

  pending_blocks(const pending_blocks&) = delete;
  pending_blocks& operator=(const pending_blocks&) = delete;
  pending_blocks(pending_blocks&&) = delete;
  pending_blocks& operator=(pending_blocks&&) = delete;

  ~pending_blocks() {
    if (last_ != 0) others_->close(channel_);
  }

  /// Asks the root for a block; returns the number of the request.
  std::uint64_t ask(const block_request& asked) {
    wire::bytes content = exchange::channels::new_message();
    wire::append_value(content, asked);
    if (last_ == 0)
      others_->open(channel_, [this](const exchange::channel_message& what) { keep(what); });
    answers_[++last_];
    others_->post(root_rank, channel_, last_, std::move(content));
    return last_;
  }

  /// Waits for the answer to request `number`.
  ///
  /// Throws: std::runtime_error if the call is cancelled meanwhile.
  wire::bytes take(std::uint64_t number) {
    try {
      exchange::poll_until(*others_, *cancelled_, [&] { return !answers_.at(number).empty(); });
    } catch (...) {
      forget(number);
      throw;
    }
    return std::move(answers_.extract(number).mapped());
  }

  /// Drops request `number`: nobody waits for its answer any more.
  void forget(std::uint64_t number) { answers_.erase(number); }

 private:
  void keep(const exchange::channel_message& what) {
    const auto place = answers_.find(what.subject);
    if (place == answers_.end()) return;  // nobody waits for it any more
    const std::span<const std::byte> content = what.content();
    place->second.assign(content.begin(), content.end());
  }

  exchange::channels* others_;
  std::uint64_t channel_;
  const std::atomic<bool>* cancelled_;
  std::map<std::uint64_t, wire::bytes> answers_;  // by request; empty: not here yet
  std::uint64_t last_ = 0;
};

/// A file that only the root's host has, read over the network, some blocks ahead.
class remote_source final : public byte_source {
 public:
  remote_source(pending_blocks& blocks, const split& part)
      : blocks_(&blocks), name_(part.path), file_(part.file), file_bytes_(part.file_bytes) {}

  remote_source(const remote_source&) = delete;
  remote_source& operator=(const remote_source&) = delete;
  remote_source(remote_source&&) = delete;
  remote_source& operator=(remote_source&&) = delete;

  ~remote_source() override { forget_all(); }

  std::size_t read_at(std::uint64_t offset, std::span<char> target) override {
    if (offset >= file_bytes_) return 0;
    if (offset < block_begin_ || offset >= block_begin_ + content().size()) go_to(offset);
    const std::size_t skipped = static_cast<std::size_t>(offset - block_begin_);
    const std::size_t n = std::min(target.size(), content().size() - skipped);
    std::memcpy(target.data(), content().data() + skipped, n);
    return n;
  }

  const std::string& name() const override { return name_; }

 private:
  struct request {
    std::uint64_t number = 0;
    std::uint64_t offset = 0;
  };

  std::span<const std::byte> content() const {
    return std::span(block_).subspan(std::min<std::size_t>(block_.size(), 1));
  }

  /// Goes to the block that begins at `offset`, and waits for it; asks for it if it is not under
  /// way.
  void go_to(std::uint64_t offset) {
    if (asked_.empty() || asked_.front().offset != offset) {
      forget_all();
      ask_from_ = offset;
    }
    while (asked_.size() < blocks_ahead && ask_from_ < file_bytes_) {
      const auto n =
          static_cast<std::uint32_t>(std::min<std::uint64_t>(block_bytes, file_bytes_ - ask_from_));
      asked_.push_back({blocks_->ask({file_, n, ask_from_}), ask_from_});
      ask_from_ += n;
    }
    const request next = asked_.front();
    asked_.pop_front();
    block_.clear();
    wire::bytes answer = blocks_->take(next.number);
    if (static_cast<block_answer>(answer[0]) == block_answer::failure) {
      const auto text = std::span(answer).subspan(1);
      throw config_error(std::string(reinterpret_cast<const char*>(text.data()), text.size()));
    }
    block_ = std::move(answer);
    block_begin_ = offset;
    if (content().empty()) {
      throw rankwise::detail::input_error(
          name_, offset, "the root's file ends here: it has become shorter");
    }
  }

  void forget_all() {
    for (const request& one : asked_) blocks_->forget(one.number);
    asked_.clear();
  }

  pending_blocks* blocks_;
  std::string name_;
  std::uint32_t file_;
  std::uint64_t file_bytes_;
  wire::bytes block_;  // an answer
  std::uint64_t block_begin_ = 0;
  std::deque<request> asked_;
  std::uint64_t ask_from_ = 0;
};

/// The files of a list, each opened here if this host has it, and through the root if not.
class file_view final : public exchange::rank_object {
 public:
  /// `is_here` says which files this host has, by their numbers in the list.
  file_view(exchange::channels& others,
            std::uint64_t channel,
            const std::atomic<bool>& cancelled,
            std::vector<char> is_here)
      : is_here_(std::move(is_here)), blocks_(others, channel, cancelled) {}

  input open(const split& part) {
    if (is_here_.at(part.file) != 0) return input::open(part);
    return {
        unpack(part.packed, std::make_unique<remote_source>(blocks_, part)), part.first, part.last};
  }

 private:
  std::vector<char> is_here_;
  pending_blocks blocks_;
};

}  // namespace rankwise::files
