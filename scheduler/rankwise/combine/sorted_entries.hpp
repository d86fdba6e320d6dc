// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/combine/key_codec.hpp>
#include <rankwise/combine/keyed_part.hpp>
#include <rankwise/combine/run_writer.hpp>
#include <rankwise/combine/spill_file.hpp>
#include <rankwise/engine/residents.hpp>
#include <rankwise/entry.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rankwise::combine {

/// The entries of a part, one by one, in an order. Where they do not fit into memory, sorted runs
/// of them go to disk, and are merged while they are read.
template <class Key, class Value, class Order>
class sorted_entries final : public engine::resident {
 public:
  using entry_type = entry<Key, Value>;

  /// Takes about `memory_bytes`, where that is not 0.
  sorted_entries(keyed_part<Value>& part,
                 const Order& order,
                 std::size_t memory_bytes,
                 const std::string& spill_directory)
      : order_(order), file_(spill_directory) {
    std::size_t taken = 0;
    part.visit([&](std::string_view key, const Value& value) {
      here_.push_back({key_codec<Key>::decode(key), value});
      taken += sizeof(entry_type) + key.size() + held_bytes(value);
      if (memory_bytes != 0 && taken > memory_bytes) {
        write_run();
        taken = 0;
      }
    });
    if (runs_.empty()) {
      sort();
    } else {
      write_run();
      here_.shrink_to_fit();
      for (std::size_t i = 0; i < runs_.size(); ++i) fill(i);
    }
  }

  /// The next entry in the order; none at the end.
  std::optional<entry_type> next() {
    if (runs_.empty()) {
      if (position_ == here_.size()) return std::nullopt;
      return std::move(here_[position_++]);
    }
    std::size_t least = runs_.size();
    for (std::size_t i = 0; i < runs_.size(); ++i) {
      if (runs_[i].ready.empty()) continue;
      if (least == runs_.size() || order_(runs_[i].ready.back(), runs_[least].ready.back()))
        least = i;
    }
    if (least == runs_.size()) return std::nullopt;
    entry_type found = std::move(runs_[least].ready.back());
    runs_[least].ready.pop_back();
    if (runs_[least].ready.empty()) fill(least);
    return found;
  }

 private:
  struct run {
    std::vector<extent> extents;
    std::size_t next_extent = 0;
    std::vector<entry_type> ready;  // in memory, the next one last
  };

  void sort() { std::sort(here_.begin(), here_.end(), order_); }

  void write_run() {
    sort();
    run_writer<entry_type> out(file_);
    for (const entry_type& one : here_) out.put(std::string_view(), one);
    runs_.push_back({out.release(), 0, {}});
    here_.clear();
  }

  /// Reads the next piece of run `i`.
  void fill(std::size_t i) {
    run& from = runs_[i];
    if (from.next_extent == from.extents.size()) return;
    const extent piece = from.extents[from.next_extent++];
    wire::bytes records(piece.n_bytes + record_slack);
    file_.read(piece.offset, std::span(records).first(piece.n_bytes));
    record_reader<entry_type> reader{std::span(records).first(piece.n_bytes)};
    while (!reader.at_end()) {
      packed_key key;
      std::string_view text;
      reader.next(key, text, from.ready.emplace_back());
    }
    std::reverse(from.ready.begin(), from.ready.end());
  }

  Order order_;
  spill_file file_;
  std::vector<entry_type> here_;
  std::size_t position_ = 0;
  std::vector<run> runs_;
};

}  // namespace rankwise::combine
