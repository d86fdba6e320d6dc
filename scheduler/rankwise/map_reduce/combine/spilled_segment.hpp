// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/error.hpp>
#include <rankwise/files/spill_file.hpp>
#include <rankwise/map_reduce/combine/key_hash.hpp>
#include <rankwise/map_reduce/combine/keyed_part.hpp>
#include <rankwise/map_reduce/combine/memory_use.hpp>
#include <rankwise/map_reduce/combine/run_writer.hpp>
#include <rankwise/map_reduce/combine/segment.hpp>

#include <fmt/core.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace rankwise::combine {

/// A segment whose records lie on disk, in several runs. They are merged in memory; where that is
/// too small for the keys, the records are dealt out to smaller segments under another hash, and
/// so on.
template <class Value, class Combine, template <class> class Table>
class spilled_segment {
 public:
  spilled_segment(spill_file& file,
                  const Combine& combine,
                  std::uint64_t hash_seed,
                  memory_use& memory,
                  std::size_t limit)
      : file_(&file), combine_(&combine), hash_seed_(hash_seed), memory_(&memory), limit_(limit) {}

  /// Calls `use` once for each key in `runs`.
  ///
  /// Throws: config_error where the spill directory fails, or where one key and its value do not
  /// fit into memory.
  void visit(const std::vector<extent>& runs,
             const typename keyed_part<Value>::visitor& use,
             std::uint32_t level = 1) {
    segment_type whole(key_hash(hash_seed_, level), level == 1 ? 0 : smaller_bits, *memory_);
    std::vector<run_writer<Value>> smaller;
    wire::bytes records;
    for (const extent& run : runs) {
      records.resize(run.n_bytes + record_slack);
      file_->read(run.offset, std::span(records).first(run.n_bytes));
      whole.merge(std::span(records).first(run.n_bytes), *combine_);
      if (memory_->bytes <= limit_) continue;
      if (level == levels_at_most || whole.size() == 1) {
        throw config_error(fmt::format(
            "--memory: too little for this job: one key and its value take more than the {} bytes "
            "that there are for tables",
            limit_));
      }
      deal_out(whole, smaller, level);
    }
    if (smaller.empty()) {
      whole.for_each(
          [&](packed_key /*key*/, std::string_view text, Value& value) { use(text, value); });
      whole.clear();
      return;
    }
    deal_out(whole, smaller, level);
    for (run_writer<Value>& one : smaller) visit(one.release(), use, level + 1);
  }

 private:
  using segment_type = segment<Value, Combine, Table>;

  static constexpr unsigned smaller_bits = 4;
  static constexpr std::uint32_t levels_at_most = 12;

  /// Moves what is in `whole` to disk, by the next level's hash.
  void deal_out(segment_type& whole, std::vector<run_writer<Value>>& smaller, std::uint32_t level) {
    if (smaller.empty()) smaller.resize(std::size_t{1} << smaller_bits, run_writer<Value>(*file_));
    const key_hash hash(hash_seed_, level + 1);
    whole.for_each([&](packed_key key, std::string_view text, const Value& value) {
      if (key.is_empty()) {
        smaller[hash(text) >> (64U - smaller_bits)].put(text, value);
      } else {
        smaller[hash(key) >> (64U - smaller_bits)].put(key, value);
      }
    });
    whole.clear();
  }

  spill_file* file_;
  const Combine* combine_;
  std::uint64_t hash_seed_;
  memory_use* memory_;
  std::size_t limit_;
};

}  // namespace rankwise::combine
