// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/map_reduce/combine/keyed_part.hpp>
#include <rankwise/map_reduce/combine/packed_key.hpp>
#include <rankwise/map_reduce/combine/records.hpp>
#include <rankwise/map_reduce/combine/shuffle.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rankwise::combine {

/// The part of a rank where keys are numbers from 0 to n_keys - 1: an array of values. The first
/// ranks own equal shares of the numbers.
template <class Value, class Combine>
class dense_part final : public keyed_part<Value> {
 public:
  dense_part(std::uint32_t n_keys,
             std::uint64_t channel,
             const shuffle_group& group,
             const Combine& combine,
             exchange::channels& others,
             const std::atomic<bool>& cancelled)
      : group_(group),
        combine_(combine),
        values_(n_keys),
        shuffle_(others, channel, group, cancelled, [this](auto records) { take(records); }) {}

  void put_batch(std::span<batch_entry<Value>> batch) override {
    n_emitted_ += batch.size();
    for (batch_entry<Value>& entry : batch) {
      if (entry.key.low >= values_.size()) {
        throw std::out_of_range("bin " + std::to_string(entry.key.low) +
                                " was emitted: there are " + std::to_string(values_.size()));
      }
      add(entry.key.low, std::move(entry.value));
    }
  }

  void put_text(std::string_view /*key*/, Value&& /*value*/) override {
    throw std::logic_error("keys of an array have no text");
  }

  void finish() override {
    for (std::size_t index = 0; index < values_.size(); ++index) {
      if (owner_of(index) == group_.row || !values_[index]) continue;
      shuffle_.put(owner_of(index), key_of(index), *values_[index]);
      values_[index].reset();
    }
    shuffle_.finish();
    shuffle_.wait_for_all();
    if (failure_) std::rethrow_exception(failure_);
  }

  void visit(const typename keyed_part<Value>::visitor& use) override {
    for (std::size_t index = 0; index < values_.size(); ++index) {
      const packed_key key = key_of(index);
      if (values_[index]) use(key.text(), *values_[index]);
    }
  }

  void make_room() override {}

  part_figures figures() const override {
    return {n_emitted_, shuffle_.bytes_sent(), 0, values_.size() * sizeof(std::optional<Value>)};
  }

 private:
  static packed_key key_of(std::size_t index) {
    return {index, std::uint64_t{sizeof(std::uint32_t)} << 56U};
  }

  std::uint32_t owner_of(std::size_t index) const {
    return static_cast<std::uint32_t>(index * group_.n_rows / values_.size());
  }

  void add(std::size_t index, Value&& value) {
    std::optional<Value>& here = values_[index];
    here = here ? combine_(std::move(*here), std::move(value)) : std::move(value);
  }

  void take(std::span<const std::byte> records) {
    try {
      record_reader<Value> reader(records);
      while (!reader.at_end()) {
        packed_key key;
        std::string_view text;
        Value value{};
        reader.next(key, text, value);
        if (key.low >= values_.size()) throw wire::decode_error("a record of a bin that is not");
        add(key.low, std::move(value));
      }
    } catch (...) {
      failure_ = std::current_exception();
    }
  }

  shuffle_group group_;
  Combine combine_;
  std::vector<std::optional<Value>> values_;
  std::uint64_t n_emitted_ = 0;
  std::exception_ptr failure_;
  shuffle<Value> shuffle_;  // last: it uses the others
};

}  // namespace rankwise::combine
