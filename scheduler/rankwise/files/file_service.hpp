// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/exchange/channels.hpp>
#include <rankwise/files/file_wire.hpp>
#include <rankwise/readers/byte_source.hpp>
#include <rankwise/wire/buffer.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

namespace rankwise::files {

/// The root's side of files that other ranks do not have: it reads blocks for them.
///
/// Local: `answer` is called by one thread at a time.
class file_service {
 public:
  /// Opens a file of the list, by its number; as it is stored.
  using opener = std::function<std::unique_ptr<byte_source>(std::uint32_t file)>;

  explicit file_service(opener open) : open_(std::move(open)) {}

  /// Appends the block that `what` asks for, or why it can't be read.
  void answer(const exchange::channel_message& what, wire::bytes& out) {
    const std::size_t begin = out.size();
    try {
      const auto asked = wire::reader(what.content()).take_value<block_request>();
      wire::append_value(out, block_answer::bytes);
      std::size_t left = std::min<std::size_t>(asked.n_bytes, block_bytes);
      std::uint64_t offset = asked.offset;
      while (left != 0) {
        const std::size_t size = out.size();
        auto* const place = reinterpret_cast<char*>(wire::extend(out, left));
        const std::size_t n_read = source(asked.file).read_at(offset, std::span(place, left));
        out.resize(size + n_read);
        if (n_read == 0) break;
        left -= n_read;
        offset += n_read;
        bytes_served_ += n_read;
      }
    } catch (const std::exception& error) {
      out.resize(begin);
      wire::append_value(out, block_answer::failure);
      const std::string_view text = error.what();
      wire::append(out, text.data(), text.size());
    }
  }

  /// Bytes that went to other ranks so far.
  std::uint64_t bytes_served() const { return bytes_served_.load(); }

 private:
  static constexpr std::size_t open_at_most = 16;

  byte_source& source(std::uint32_t file) {
    const auto place = sources_.find(file);
    if (place != sources_.end()) return *place->second;
    if (sources_.size() == open_at_most) sources_.erase(sources_.begin());
    return *sources_.emplace(file, open_(file)).first->second;
  }

  opener open_;
  std::map<std::uint32_t, std::unique_ptr<byte_source>> sources_;
  std::atomic<std::uint64_t> bytes_served_{0};
};

}  // namespace rankwise::files
