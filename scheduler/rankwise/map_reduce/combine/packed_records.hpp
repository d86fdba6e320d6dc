// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/map_reduce/combine/record_block.hpp>
#include <rankwise/map_reduce/combine/records.hpp>
#include <rankwise/map_reduce/combine/value_codec.hpp>

#include <array>
#include <cstddef>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace rankwise::combine {

/// Keys that are held whole, each once, and their values, as records: a third of the memory that a
/// table takes for them.
template <class Value>
class packed_records {
 public:
  std::size_t n_keys() const { return n_keys_; }

  /// Memory taken, in bytes.
  std::size_t bytes() const { return bytes_; }

  const std::vector<record_block>& blocks() const { return blocks_; }

  /// The blocks; none are left here.
  std::vector<record_block> release() {
    n_keys_ = 0;
    bytes_ = 0;
    return std::exchange(blocks_, {});
  }

  /// Calls `use(key, value)` for each key.
  template <class Use>
  void for_each(Use use) const {
    packed_key key;
    std::string_view text;
    Value value{};
    for (const record_block& block : blocks_) {
      record_reader<Value> reader(block.records());
      while (!reader.at_end()) {
        reader.next(key, text, value);
        use(key, value);
      }
    }
  }

 private:
  template <class>
  friend class record_packer;

  std::vector<record_block> blocks_;
  std::size_t n_keys_ = 0;
  std::size_t bytes_ = 0;
};

/// Makes packed records of keys and values; its own memory stays for the next ones.
template <class Value>
class record_packer {
 public:
  /// Drops what an earlier use has left, which failed before `release`.
  void begin() {
    size_ = 0;
    packed_ = {};
  }

  void put(const packed_key& key, const Value& value) requires slot_value<Value> {
    if (size_ > full_at) end_block();
    std::byte* const begin = out_.data() + size_;
    size_ += static_cast<std::size_t>(record_writer<Value>::put_at(begin, key, value) - begin);
    ++packed_.n_keys_;
  }

  /// What was put since `begin`.
  packed_records<Value> release() {
    if (size_ != 0) end_block();
    return std::exchange(packed_, {});
  }

 private:
  /// With its slack no larger than the blocks in which records wait.
  static constexpr std::size_t block_bytes = std::size_t{16} << 10U;
  static constexpr std::size_t full_at =
      block_bytes - record_slack - record_writer<Value>::record_bytes_at_most;

  void end_block() {
    packed_.blocks_.push_back(record_block::copy_of(std::span(out_).first(size_)));
    packed_.bytes_ += packed_.blocks_.back().bytes();
    size_ = 0;
  }

  std::array<std::byte, block_bytes> out_;
  std::size_t size_ = 0;
  packed_records<Value> packed_;
};

}  // namespace rankwise::combine
