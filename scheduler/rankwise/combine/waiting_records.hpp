// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/combine/memory_use.hpp>
#include <rankwise/combine/packed_key.hpp>
#include <rankwise/combine/records.hpp>
#include <rankwise/combine/value_codec.hpp>

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>
#include <span>
#include <vector>

namespace rankwise::combine {

/// Records that wait, in a block for each segment, until there are enough to be merged at a stroke:
/// then the segment's table comes into the cache once for all of them.
template <class Value>
class waiting_records {
 public:
  /// Memory is taken as blocks are first used.
  waiting_records(std::size_t n_blocks, std::size_t block_bytes, memory_use& memory)
      : block_bytes_(block_bytes), blocks_(n_blocks), memory_(&memory) {}

  /// Adds a record to block `index`; false where there is no room, and then nothing is added.
  bool put(std::size_t index, packed_key key, const Value& value) requires slot_value<Value> {
    block& to = blocks_[index];
    if (to.at >= to.full_at) return false;  // also where there is no memory yet
    to.at = record_writer<Value>::put_at(to.at, key, value);
    return true;
  }

  /// The records of block `index`, behind which stands their slack.
  std::span<const std::byte> records(std::size_t index) const {
    const block& from = blocks_[index];
    return {from.begin.get(), static_cast<std::size_t>(from.at - from.begin.get())};
  }

  /// Empties block `index`, and sees that it has memory.
  void clear(std::size_t index) {
    block& emptied = blocks_[index];
    if (emptied.begin == nullptr) {
      emptied.begin.reset(static_cast<std::byte*>(std::malloc(block_bytes_)));
      if (emptied.begin == nullptr) throw std::bad_alloc();
      emptied.full_at = emptied.begin.get() + block_bytes_ - record_slack -
                        record_writer<Value>::record_bytes_at_most;
      memory_->change(0, block_bytes_);
    }
    emptied.at = emptied.begin.get();
  }

  /// Gives the memory of block `index` back.
  void release(std::size_t index) {
    if (blocks_[index].begin != nullptr) memory_->change(block_bytes_, 0);
    blocks_[index] = {};
  }

 private:
  struct free_memory {
    void operator()(std::byte* place) const noexcept { std::free(place); }
  };

  struct block {
    std::unique_ptr<std::byte, free_memory> begin;
    std::byte* at = nullptr;
    std::byte* full_at = nullptr;
  };

  std::size_t block_bytes_;
  std::vector<block> blocks_;
  memory_use* memory_;
};

}  // namespace rankwise::combine
