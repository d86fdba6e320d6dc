// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/entry.hpp>
#include <rankwise/exchange/rank_objects.hpp>
#include <rankwise/files/spill_file.hpp>
#include <rankwise/map_reduce/combine/held_bytes.hpp>
#include <rankwise/map_reduce/combine/key_codec.hpp>
#include <rankwise/map_reduce/combine/keyed_part.hpp>
#include <rankwise/map_reduce/combine/sorted_runs.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rankwise::combine {

/// The entries of a part, one by one, in an order. Where they do not fit into memory, sorted runs
/// of them go to disk, and are merged while they are read, in as much memory.
template <class Key, class Value, class Order>
class sorted_entries final : public exchange::rank_object {
 public:
  using entry_type = entry<Key, Value>;

  /// Takes about `memory_bytes`, where that is not 0.
  sorted_entries(keyed_part<Value>& part,
                 const Order& order,
                 std::size_t memory_bytes,
                 const std::string& spill_directory)
      : order_(order), file_(spill_directory), runs_(file_, order, memory_bytes) {
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
      here_ = {};
      runs_.begin();
    }
  }

  /// The next entry in the order; none at the end.
  std::optional<entry_type> next() {
    if (!runs_.empty()) return runs_.next();
    if (position_ == here_.size()) return std::nullopt;
    return std::move(here_[position_++]);
  }

 private:
  void sort() { std::sort(here_.begin(), here_.end(), order_); }

  void write_run() {
    sort();
    runs_.write(here_);
    here_.clear();
  }

  Order order_;
  spill_file file_;
  std::vector<entry_type> here_;
  std::size_t position_ = 0;
  sorted_runs<entry_type, Order> runs_;
};

}  // namespace rankwise::combine
