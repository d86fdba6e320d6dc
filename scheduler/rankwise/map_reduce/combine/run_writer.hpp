// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/files/spill_file.hpp>
#include <rankwise/map_reduce/combine/records.hpp>

#include <cstddef>
#include <utility>
#include <vector>

namespace rankwise::combine {

/// Writes records to a spill file, in runs that hold whole records and fit into little memory.
template <class Value>
class run_writer {
 public:
  /// A run takes no more, but for its last record.
  static constexpr std::size_t run_bytes = std::size_t{64} << 10U;

  explicit run_writer(spill_file& file) : file_(&file) {}

  /// The key is a `packed_key`, or a string_view where that can't hold it.
  template <class Key>
  void put(Key key, const Value& value) {
    out_.put(key, value);
    if (out_.size() >= run_bytes) write();
  }

  /// Where all that was put lies, in the order that it was put.
  std::vector<extent> release() {
    write();
    out_ = record_writer<Value>();
    return std::exchange(runs_, {});
  }

 private:
  void write() {
    if (out_.size() == 0) return;
    runs_.push_back(file_->write(out_.bytes()));
    out_.clear();
  }

  spill_file* file_;
  record_writer<Value> out_;
  std::vector<extent> runs_;
};

}  // namespace rankwise::combine
