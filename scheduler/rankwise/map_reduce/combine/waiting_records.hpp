// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/map_reduce/combine/memory_use.hpp>
#include <rankwise/map_reduce/combine/packed_key.hpp>
#include <rankwise/map_reduce/combine/record_block.hpp>
#include <rankwise/map_reduce/combine/records.hpp>
#include <rankwise/map_reduce/combine/value_codec.hpp>
#include <rankwise/wire/buffer.hpp>

#include <cstddef>
#include <cstring>
#include <utility>
#include <vector>

namespace rankwise::combine {

/// Records that wait, segment by segment in blocks, until there are so many of a segment that they
/// are merged at a stroke: then its keys come into the cache once for all of them.
template <class Value>
class waiting_records {
 public:
  /// Memory is taken as blocks are begun.
  waiting_records(std::size_t n_segments, std::size_t block_bytes, memory_use& memory)
      : block_bytes_(block_bytes), ends_(n_segments), segments_(n_segments), memory_(&memory) {}

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
    waiting& here = segments_[index];
    here.open = wire::bytes(exchange::channel_headroom);
    here.open.reserve(block_bytes_);
    count(here, here.open.capacity());
    ends_[index].at = here.open.data() + exchange::channel_headroom;
    ends_[index].full_at =
        here.open.data() + block_bytes_ - record_slack - record_writer<Value>::record_bytes_at_most;
  }

  /// Adds a block that came from elsewhere.
  void keep(std::size_t index, record_block block) {
    waiting& here = segments_[index];
    count(here, block.bytes());
    here.full.push_back(std::move(block));
  }

  /// All that waits for a segment.
  const std::vector<record_block>& blocks(std::size_t index) {
    end_block(index);
    return segments_[index].full;
  }

  /// The same, which no longer waits.
  std::vector<record_block> release(std::size_t index) {
    end_block(index);
    waiting& here = segments_[index];
    memory_->change(here.bytes, 0);
    here.bytes = 0;
    return std::exchange(here.full, {});
  }

  /// Memory that what waits for a segment takes, in bytes.
  std::size_t bytes(std::size_t index) const { return segments_[index].bytes; }

 private:
  /// Where the next record of a segment goes; looked at for each, and so apart from the rest.
  struct end {
    std::byte* at = nullptr;
    std::byte* full_at = nullptr;
  };

  struct waiting {
    wire::bytes open;
    std::vector<record_block> full;
    std::size_t bytes = 0;
  };

  void count(waiting& here, std::size_t more_bytes) {
    memory_->change(0, more_bytes);
    here.bytes += more_bytes;
  }

  void end_block(std::size_t index) {
    end& last = ends_[index];
    if (last.at == nullptr) return;
    waiting& here = segments_[index];
    std::memset(last.at, 0, record_slack);
    here.open.resize(static_cast<std::size_t>(last.at - here.open.data()) + record_slack);
    here.full.emplace_back(std::move(here.open));
    last = {};
  }

  std::size_t block_bytes_;
  std::vector<end> ends_;
  std::vector<waiting> segments_;
  memory_use* memory_;
};

}  // namespace rankwise::combine
