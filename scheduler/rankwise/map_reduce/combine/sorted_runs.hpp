// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/files/spill_file.hpp>
#include <rankwise/map_reduce/combine/records.hpp>
#include <rankwise/map_reduce/combine/run_writer.hpp>
#include <rankwise/wire/buffer.hpp>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace rankwise::combine {

/// Entries on disk, in an order, read from front to back: a piece of them is in memory, and one
/// entry of its own.
template <class Entry>
class sorted_run {
 public:
  sorted_run(const spill_file& file, std::vector<extent> extents)
      : file_(&file), extents_(std::move(extents)) {
    advance();
  }

  /// The next entry; none at the end.
  std::optional<Entry>& front() { return front_; }

  const std::optional<Entry>& front() const { return front_; }

  void advance() {
    if (reader_.at_end() && !read_piece()) {
      front_.reset();
      return;
    }
    packed_key key;
    std::string_view text;
    reader_.next(key, text, front_.emplace());
  }

 private:
  bool read_piece() {
    if (next_ == extents_.size()) {
      records_ = {};
      return false;
    }
    const extent piece = extents_[next_++];
    records_.resize(piece.n_bytes + record_slack);
    file_->read(piece.offset, std::span(records_).first(piece.n_bytes));
    reader_ = record_reader<Entry>(std::span(records_).first(piece.n_bytes));
    return true;
  }

  const spill_file* file_;
  std::vector<extent> extents_;
  std::size_t next_ = 0;
  wire::bytes records_;
  record_reader<Entry> reader_{std::span<const std::byte>()};
  std::optional<Entry> front_;
};

/// Sorted runs of entries in a spill file, and the merge of them. Of few runs at a time a piece is
/// in memory: where there are more, they are merged in several passes.
template <class Entry, class Order>
class sorted_runs {
 public:
  /// The pieces of all runs that are merged at once take about `memory_bytes`.
  sorted_runs(spill_file& file, const Order& order, std::size_t memory_bytes)
      : file_(&file),
        order_(order),
        runs_at_once_(std::max<std::size_t>(2, memory_bytes / run_writer<Entry>::run_bytes)) {}

  std::size_t runs_at_once() const { return runs_at_once_; }

  bool empty() const { return written_.empty(); }

  /// Writes a run; `entries` are in the order.
  void write(const std::vector<Entry>& entries) {
    run_writer<Entry> out(*file_);
    for (const Entry& one : entries) out.put(std::string_view(), one);
    written_.push_back(out.release());
  }

  /// No more runs are written: merges them until all that are left are merged at once.
  void begin() {
    std::size_t n_done = 0;
    while (written_.size() - n_done > runs_at_once_) {
      // No more than needed, so that the last pass has as many as it can.
      const std::size_t n = std::min(runs_at_once_, written_.size() - n_done - runs_at_once_ + 1);
      open(n_done, n);
      n_done += n;
      run_writer<Entry> out(*file_);
      while (const std::optional<Entry> one = next()) out.put(std::string_view(), *one);
      written_.push_back(out.release());
    }
    open(n_done, written_.size() - n_done);
  }

  /// The next entry of all in the order; none at the end.
  std::optional<Entry> next() {
    if (heap_.empty()) return std::nullopt;
    std::pop_heap(heap_.begin(), heap_.end(), is_later());
    sorted_run<Entry>& run = *heap_.back();
    std::optional<Entry> found = std::move(run.front());
    run.advance();
    if (run.front()) {
      std::push_heap(heap_.begin(), heap_.end(), is_later());
    } else {
      heap_.pop_back();
    }
    return found;
  }

 private:
  auto is_later() const {
    return [this](const sorted_run<Entry>* left, const sorted_run<Entry>* right) {
      return order_(*right->front(), *left->front());
    };
  }

  void open(std::size_t first, std::size_t n) {
    heap_.clear();
    open_.clear();
    open_.reserve(n);  // the heap points to them
    for (std::size_t i = first; i < first + n; ++i) {
      open_.emplace_back(*file_, std::exchange(written_[i], {}));
      if (open_.back().front()) heap_.push_back(&open_.back());
    }
    std::make_heap(heap_.begin(), heap_.end(), is_later());
  }

  spill_file* file_;
  Order order_;
  std::size_t runs_at_once_;
  std::vector<std::vector<extent>> written_;
  std::vector<sorted_run<Entry>> open_;
  std::vector<sorted_run<Entry>*> heap_;  // the one that has the first entry in front
};

}  // namespace rankwise::combine
