// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/map_reduce/combine/block_pool.hpp>
#include <rankwise/map_reduce/combine/memory_use.hpp>
#include <rankwise/map_reduce/combine/packed_key.hpp>
#include <rankwise/map_reduce/combine/record_block.hpp>
#include <rankwise/map_reduce/combine/records.hpp>
#include <rankwise/map_reduce/combine/value_codec.hpp>

#include <cstddef>
#include <cstring>
#include <span>
#include <utility>
#include <vector>

namespace rankwise::combine {

/// Records that wait, segment by segment in blocks, until there are so many of a segment that they
/// are merged at a stroke: then its keys come into the cache once for all of them.
template <class Value>
class waiting_records {
 public:
  /// Memory is taken as blocks are begun; where it `keeps_blocks`, it stays here for the next ones.
  waiting_records(std::size_t n_segments,
                  std::size_t block_bytes,
                  bool keeps_blocks,
                  memory_use& memory)
      : pool_(block_bytes, keeps_blocks),
        ends_(n_segments),
        segments_(n_segments),
        memory_(&memory) {}

  waiting_records(const waiting_records&) = delete;
  waiting_records(waiting_records&&) = delete;
  waiting_records& operator=(const waiting_records&) = delete;
  waiting_records& operator=(waiting_records&&) = delete;

  ~waiting_records() {
    for (std::size_t index = 0; index != segments_.size(); ++index) drop(index);
  }

  /// Adds a record to the open block of a segment; false where it has no room or there is none, and
  /// then nothing is added.
  bool put(std::size_t index,
           const packed_key& key,
           const Value& value) requires slot_value<Value> {
    end& to = ends_[index];
    if (to.at >= to.full_at) return false;
    to.at = record_writer<Value>::put_at(to.at, key, value);
    return true;
  }

  /// Opens another block for a segment; what was put before waits on.
  void begin_block(std::size_t index) {
    end_block(index);
    std::byte* const block = take_block(index);
    segments_[index].open = block;
    ends_[index].at = block;
    ends_[index].full_at =
        block + pool_.block_bytes() - record_slack - record_writer<Value>::record_bytes_at_most;
  }

  /// Adds a block that came from elsewhere: copied, if a block of ours has room for it.
  void keep(std::size_t index, record_block block) {
    waiting& here = segments_[index];
    const std::span<const std::byte> records = block.records();
    if (records.size() + record_slack > pool_.block_bytes()) {
      count(here, block.bytes());
      here.kept.push_back(std::move(block));
      return;
    }
    std::byte* const copy = take_block(index);
    here.full.push_back({copy, records.size()});
    if (!records.empty()) std::memcpy(copy, records.data(), records.size());
    std::memset(copy + records.size(), 0, record_slack);
  }

  bool is_empty(std::size_t index) const { return segments_[index].bytes == 0; }

  /// Calls `use(records)` for each block that waits for a segment; `record_slack` stands behind
  /// the records.
  template <class Use>
  void for_each_block(std::size_t index, Use use) {
    end_block(index);
    const waiting& here = segments_[index];
    for (const filled& one : here.full) use(std::span<const std::byte>(one.begin, one.n_bytes));
    for (const record_block& one : here.kept) use(one.records());
  }

  /// Nothing waits for a segment any more.
  void drop(std::size_t index) {
    waiting& here = segments_[index];
    if (ends_[index].at != nullptr) pool_.give_back(here.open);
    ends_[index] = {};
    for (const filled& one : here.full) pool_.give_back(one.begin);
    here.full.clear();
    here.kept.clear();
    memory_->change(here.bytes, 0);
    here.bytes = 0;
  }

  /// Memory that what waits for a segment takes, in bytes.
  std::size_t bytes(std::size_t index) const { return segments_[index].bytes; }

 private:
  /// Where the next record of a segment goes; looked at for each, and so apart from the rest.
  struct end {
    std::byte* at = nullptr;
    std::byte* full_at = nullptr;
  };

  /// A block of the pool.
  struct filled {
    std::byte* begin;
    std::size_t n_bytes;  // of records
  };

  struct waiting {
    std::byte* open = nullptr;  // the block whose end stands apart
    std::vector<filled> full;
    std::vector<record_block> kept;  // too large for one
    std::size_t bytes = 0;
  };

  void count(waiting& here, std::size_t more_bytes) {
    memory_->change(0, more_bytes);
    here.bytes += more_bytes;
  }

  std::byte* take_block(std::size_t index) {
    std::byte* const block = pool_.take();
    count(segments_[index], pool_.block_bytes());
    return block;
  }

  void end_block(std::size_t index) {
    end& last = ends_[index];
    if (last.at == nullptr) return;
    waiting& here = segments_[index];
    std::memset(last.at, 0, record_slack);
    here.full.push_back({here.open, static_cast<std::size_t>(last.at - here.open)});
    last = {};
  }

  block_pool pool_;
  std::vector<end> ends_;
  std::vector<waiting> segments_;
  memory_use* memory_;
};

}  // namespace rankwise::combine
