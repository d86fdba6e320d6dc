// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/error.hpp>
#include <rankwise/files/spill_file.hpp>
#include <rankwise/map_reduce/combine/front_cache.hpp>
#include <rankwise/map_reduce/combine/key_hash.hpp>
#include <rankwise/map_reduce/combine/keyed_part.hpp>
#include <rankwise/map_reduce/combine/memory_use.hpp>
#include <rankwise/map_reduce/combine/packed_records.hpp>
#include <rankwise/map_reduce/combine/part_options.hpp>
#include <rankwise/map_reduce/combine/record_block.hpp>
#include <rankwise/map_reduce/combine/segment.hpp>
#include <rankwise/map_reduce/combine/shuffle.hpp>
#include <rankwise/map_reduce/combine/spilled_segment.hpp>
#include <rankwise/map_reduce/combine/waiting_records.hpp>
#include <rankwise/map_reduce/combine/zynq_front.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace rankwise::combine {

/// The part of a rank. The hashes are cut into segments, which ranks own in contiguous ranges. What
/// is emitted is combined in the segment's table here, also where another rank owns it; such
/// tables are sent to their owners at the end, or when memory runs short.
///
/// Where the tables outgrow the cache, each emission would wait for memory: then records are dealt
/// out to the segments, and those of a segment are merged at a stroke, in one table that stays in
/// the cache; between such merges its keys and values are packed. What others own is merged here
/// before it is sent, unless that combines few.
template <class Value, class Combine, template <class> class Table>
class part final : public keyed_part<Value> {
 public:
  part(const part_options& how,
       const Combine& combine,
       exchange::channels& others,
       const std::atomic<bool>& cancelled)
      : how_(how),
        combine_(combine),
        hash_(how.hash_seed),
        segment_bits_(bits_for(how.group.n_rows)),
        file_(how.spill_directory),
        direct_(how.combine_here),
        merges_foreign_(how.combine_here),
        block_bytes_(block_bytes(how, segment_bits_)),
        waiting_(std::size_t{1} << segment_bits_, block_bytes_, how.memory_bytes == 0, memory_),
        scratch_(hash_, segment_bits_, memory_),
        shuffle_(
            others,
            how.channel,
            how.group,
            cancelled,
            [this](auto records) { take(records); },
            how.memory_bytes,
            [this](auto index, auto block) { take_block(index, std::move(block)); }) {
    const std::size_t n_segments = std::size_t{1} << segment_bits_;
    for (std::size_t i = 0; i < n_segments; ++i) {
      segments_.emplace_back(hash_, segment_bits_, memory_);
      owner_.push_back(static_cast<std::uint32_t>(i * how.group.n_rows >> segment_bits_));
    }
    if (how.memory_bytes != 0) file_.check();
    look_again_at_ = how.look_every;
    const std::size_t fixed = shuffle_.bytes_at_most();
    limit_ = how.memory_bytes == 0          ? SIZE_MAX
             : how.memory_bytes > 2 * fixed ? how.memory_bytes - fixed
                                            : how.memory_bytes / 2;
  }

  void put_batch(std::span<batch_entry<Value>> batch) override {
    if (failure_) std::rethrow_exception(failure_);
    n_emitted_ += batch.size();
    add_emitted(batch);
    keep_within_limit();
    if (n_emitted_ >= look_again_at_) adapt();
  }

  void put_text(std::string_view key, Value&& value) override {
    if (failure_) std::rethrow_exception(failure_);
    if (key.size() > limit_ / 4) {
      throw config_error(fmt::format(
          "a key of {} bytes was emitted: with {} bytes of memory a rank, {} are accepted at most",
          key.size(),
          how_.memory_bytes,
          limit_ / 4));
    }
    ++n_emitted_;
    add_text(key, std::move(value));
    keep_within_limit();
  }

  void finish() override {
    if (failure_) std::rethrow_exception(failure_);
    const auto push_out = [this](const packed_key& key, const Value& value) {
      pass_on(key, hash_(key), value);
    };
    if constexpr (can_front<Value, Combine>) front_.drain(push_out);
    if constexpr (slot_value<Value>) cache_.drain(push_out);
    leave_tables();
    send_foreign();
    shuffle_.finish();
    shuffle_.wait_for_all();
    if (failure_) std::rethrow_exception(failure_);
    if (how_.memory_bytes != 0) merge_all();
  }

  void visit(const typename keyed_part<Value>::visitor& use) override {
    if (file_.size() != 0) spill_own();  // what is merged needs the room
    // Most results are looked at once. Who comes again finds them merged.
    if (std::exchange(was_visited_, true)) merge_all();
    for (std::size_t index = 0; index < segments_.size(); ++index) {
      segment_type& own = segments_[index];
      if (!own.runs().empty()) {
        const spill_file::put_back without_smaller_segments(file_);
        spilled_segment<Value, Combine, Table>(file_, combine_, how_.hash_seed, memory_, limit_)
            .visit(own.runs(), use);
      } else {
        visit_in_memory(index, use);
      }
    }
    scratch_.clear();
  }

  void make_room() override {
    merge_all();
    if (how_.memory_bytes != 0) spill_own();
  }

  part_figures figures() const override {
    return {n_emitted_, shuffle_.bytes_sent(), file_.size(), memory_.most_bytes};
  }

 private:
  using segment_type = segment<Value, Combine, Table>;

  /// So much of a segment is merged at once, or a multiple of what its keys take.
  static constexpr std::size_t merged_at_least = std::size_t{48} << 10U;
  /// Records take some ten bytes: if a new key comes for each 20, every second one was combined.
  static constexpr std::size_t bytes_a_new_key = 20;

  /// Enough segments that each table stays in a core's cache up to some ten million keys, and that
  /// ranks' shares differ little.
  static unsigned bits_for(std::uint32_t n_ranks) {
    unsigned bits = 10;
    while ((std::size_t{1} << bits) < std::size_t{16} * n_ranks) ++bits;
    return bits;
  }

  /// Where memory is limited, the first block of each segment takes an eighth of it in all.
  static std::size_t block_bytes(const part_options& how, unsigned segment_bits) {
    constexpr std::size_t most = std::size_t{16} << 10U;
    if (how.memory_bytes == 0) return most;
    return std::clamp<std::size_t>(how.memory_bytes / 8 >> segment_bits, 512, most);
  }

  bool is_own(std::size_t index) const { return owner_[index] == how_.group.row; }

  std::size_t index_of(std::uint64_t hash) const { return hash >> (64U - segment_bits_); }

  void add_batch(std::span<batch_entry<Value>> batch) {
    std::uint64_t hashes[batch_size];
    if (direct_) {
      for (std::size_t i = 0; i != batch.size(); ++i) {
        hashes[i] = hash_(batch[i].key);
        segments_[index_of(hashes[i])].prefetch(hashes[i]);
      }
      for (std::size_t i = 0; i != batch.size(); ++i) {
        n_new_ += segments_[index_of(hashes[i])].add(
            batch[i].key, hashes[i], std::move(batch[i].value), combine_);
      }
    } else {
      for (batch_entry<Value>& entry : batch) pass_on(entry.key, hash_(entry.key), entry.value);
    }
  }

  /// What is emitted here goes through a front, where there is one.
  void add_emitted(std::span<batch_entry<Value>> batch) {
    if constexpr (can_front<Value, Combine>) {
      if (how_.zynq) {
        const auto evict = [this](packed_key key, Value value) { pass_on(key, hash_(key), value); };
        for (const batch_entry<Value>& entry : batch)
          front_.add(entry.key, hash_(entry.key), entry.value, evict);
        return;
      }
    }
    if constexpr (slot_value<Value>) {
      if (!direct_ && how_.combine_here) {
        add_through_cache(batch);
        return;
      }
    }
    add_batch(batch);
  }

  /// What is pushed out of the cache is gathered before it is passed on: whether something is can't
  /// be foretold, and where it goes is fetched side by side.
  void add_through_cache(std::span<batch_entry<Value>> batch) requires slot_value<Value> {
    const key_hash hash = hash_;
    std::array<std::uint64_t, batch_size> hashes;
    for (std::size_t i = 0; i != batch.size(); ++i) {
      hashes[i] = hash(batch[i].key);
      cache_.prefetch(hashes[i]);
    }
    std::array<slot<Value>, batch_size> pushed_out;
    std::size_t n = 0;
    for (std::size_t i = 0; i != batch.size(); ++i)
      n += cache_.add(batch[i].key, hashes[i], batch[i].value, combine_, pushed_out[n]) ? 1 : 0;
    for (std::size_t i = 0; i != n; ++i)
      pass_on(pushed_out[i].key, hash(pushed_out[i].key), pushed_out[i].value);
  }

  void add_text(std::string_view key, Value&& value) {
    const std::uint64_t hash = hash_(key);
    if (direct_) {
      n_new_ += segments_[index_of(hash)].add(key, hash, std::move(value), combine_);
    } else {
      pass_on(key, hash, value);
    }
  }

  template <class Key>
  [[gnu::always_inline]] void pass_on(const Key& key, std::uint64_t hash, const Value& value) {
    const std::size_t index = index_of(hash);
    if constexpr (slot_value<Value> && std::same_as<Key, packed_key>) {
      if (waiting_.put(index, key, value)) return;
      make_block(index);
      waiting_.put(index, key, value);
    } else if (is_own(index)) {
      segments_[index].add(key, hash, Value(value), combine_);
    } else {
      shuffle_.put(owner_[index], key, value);
    }
  }

  /// Sees that there is room for another record of a segment.
  void make_block(std::size_t index) {
    if (!is_own(index) && !merges_foreign_) {
      send_waiting(index);
    } else if (has_enough(index)) {
      merge(index);
    }
    waiting_.begin_block(index);
  }

  /// Whether so much waits for a segment that merging it pays.
  bool has_enough(std::size_t index) const {
    const std::size_t n_bytes = waiting_.bytes(index);
    return n_bytes >= 2 * block_bytes_ &&
           n_bytes >= std::max(merged_at_least,
                               waiting_a_packed_byte() * segments_[index].packed().bytes());
  }

  /// What waits for a segment is merged when it comes to so much as a multiple of what is packed.
  /// Where most keys are new, merging early saves little memory, and what is packed is merged again
  /// each time.
  std::size_t waiting_a_packed_byte() const {
    if (how_.memory_bytes != 0) return 2;
    if (!are_mostly_new_) return 4;
    return memory_.bytes < how_.patient_bytes ? 32 : 8;
  }

  void merge(std::size_t index) {
    if constexpr (slot_value<Value>) {
      if (waiting_.is_empty(index)) return;
      const std::size_t n_new =
          segments_[index].merge_packed(waiting_, index, scratch_, packer_, combine_);
      note_merge(index, n_new);
      waiting_.drop(index);
    }
  }

  /// Merges all that waits, after the last has come.
  void merge_all() {
    for (std::size_t index = 0; index < segments_.size(); ++index) {
      merge(index);
      if (memory_.bytes > limit_) spill_own();
    }
    scratch_.clear();
  }

  void visit_in_memory(std::size_t index, const typename keyed_part<Value>::visitor& use) {
    if constexpr (slot_value<Value>) {
      if (!waiting_.is_empty(index)) {
        segments_[index].visit_with_waiting(waiting_, index, scratch_, combine_, use);
        return;
      }
    }
    segments_[index].visit(use);
  }

  /// Where most of what others own is new here, they would have to merge it all again.
  void note_merge(std::size_t index, std::size_t n_new) {
    const std::size_t n_bytes = waiting_.bytes(index);
    are_mostly_new_ = n_new * bytes_a_new_key >= n_bytes;
    if (is_own(index)) return;
    merged_bytes_ += n_bytes;
    n_merged_new_ += n_new;
    if (merged_bytes_ < how_.look_every) return;
    merges_foreign_ = n_merged_new_ * bytes_a_new_key < merged_bytes_;
    merged_bytes_ = 0;
    n_merged_new_ = 0;
  }

  void send_waiting(std::size_t index) {
    waiting_.for_each_block(index, [&](std::span<const std::byte> records) {
      shuffle_.put_block(owner_[index], index, record_block::copy_of(records));
    });
    waiting_.drop(index);
  }

  /// Takes a block of what waits, or was merged, on another rank, since this one owns its keys.
  void take_block(std::uint64_t index, record_block block) {
    if (failure_) return;
    try {
      if (index >= segments_.size() || !is_own(index))
        throw wire::decode_error("a block of records for another rank");
      if (direct_) {
        // Its sender has found that tables are too slow here. Nothing else changes in a message.
        segments_[index].merge(block.records(), combine_);
        leaves_tables_ = true;
        look_again_at_ = 0;
      } else {
        waiting_.keep(index, std::move(block));
        if (has_enough(index)) merge(index);
      }
      if (memory_.bytes > limit_) free_own();
    } catch (...) {
      failure_ = std::current_exception();  // told when this rank's next task comes here
    }
  }

  /// Takes records that another rank has sent, since this one owns their keys.
  void take(std::span<const std::byte> records) {
    if (failure_) return;
    try {
      record_reader<Value> reader(records);
      batch_entry<Value> batch[batch_size];
      while (!reader.at_end()) {
        std::size_t n = 0;
        while (n != batch_size && !reader.at_end()) {
          std::string_view text;
          reader.next(batch[n].key, text, batch[n].value);
          if (batch[n].key.is_empty()) {
            add_text(text, std::move(batch[n].value));
          } else {
            ++n;
          }
        }
        add_batch({batch, n});
      }
      if (memory_.bytes > limit_) free_own();
    } catch (...) {
      failure_ = std::current_exception();  // told when this rank's next task comes here
    }
  }

  void keep_within_limit() {
    if (memory_.bytes <= limit_) return;
    send_foreign();
    if (memory_.bytes > limit_ / 4 * 3) free_own();
  }

  /// Merging may be enough.
  void free_own() {
    for (std::size_t index = 0; index < segments_.size(); ++index) {
      if (is_own(index)) merge(index);
    }
    if (memory_.bytes > limit_ / 4 * 3) spill_own();
  }

  /// Sends what other ranks own to them; nothing of it is left here.
  void send_foreign() {
    for (std::size_t step = 0; step < segments_.size(); ++step) {
      // Each rank begins behind its own, so that not all send to the same one.
      const std::size_t index =
          (step + segments_.size() * (how_.group.row + 1) / how_.group.n_rows) % segments_.size();
      segment_type& foreign = segments_[index];
      if (is_own(index)) continue;
      if (merges_foreign_) merge(index);
      send_waiting(index);
      for (record_block& block : foreign.release_packed())
        shuffle_.put_block(owner_[index], index, std::move(block));
      if (foreign.size() == 0) continue;
      foreign.for_each([&](packed_key key, std::string_view text, const Value& value) {
        if (key.is_empty()) {
          shuffle_.put(owner_[index], text, value);
        } else {
          shuffle_.put(owner_[index], key, value);
        }
      });
      foreign.clear();
    }
  }

  void spill_own() {
    for (std::size_t index = 0; index < segments_.size(); ++index) {
      if (!is_own(index)) continue;
      merge(index);
      segments_[index].spill(file_);
    }
  }

  /// Whether to go on combining at once, from what the last emissions were like.
  void adapt() {
    look_again_at_ = n_emitted_ + how_.look_every;
    const bool grows = n_new_ > how_.look_every / 64;
    n_new_ = 0;
    if (direct_ && grows && memory_.bytes > how_.cache_bytes) leaves_tables_ = true;
    leave_tables();
  }

  /// From here on emissions wait for their segments, if that was found to be faster.
  void leave_tables() {
    if constexpr (slot_value<Value>) {
      if (!direct_ || !leaves_tables_) return;
      direct_ = false;
      for (segment_type& one : segments_) one.pack(packer_);
    }
  }

  part_options how_;
  Combine combine_;
  key_hash hash_;
  unsigned segment_bits_;
  memory_use memory_;
  spill_file file_;
  std::vector<segment_type> segments_;
  std::vector<std::uint32_t> owner_;  // row, by segment
  bool direct_;                       // else emissions wait for their segments
  bool leaves_tables_ = false;
  bool was_visited_ = false;
  bool merges_foreign_;  // here, before they are sent
  std::size_t block_bytes_;
  bool are_mostly_new_ = false;  // the keys of what was merged last
  zynq_front front_;
  std::conditional_t<slot_value<Value>, front_cache<Value>, std::monostate> cache_;
  waiting_records<Value> waiting_;
  segment_type scratch_;
  record_packer<Value> packer_;
  std::size_t merged_bytes_ = 0;  // of what others own, since the last look
  std::size_t n_merged_new_ = 0;  // keys of it that were new
  std::size_t limit_ = 0;
  std::uint64_t n_emitted_ = 0;
  std::uint64_t n_new_ = 0;  // keys, since the last look
  std::uint64_t look_again_at_ = 0;
  std::exception_ptr failure_;
  shuffle<Value> shuffle_;  // last: it uses the others
};

}  // namespace rankwise::combine
