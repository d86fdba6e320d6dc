// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/map_reduce/combine/keyed_part.hpp>

#include <array>
#include <cstddef>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace rankwise::combine {

/// Makes a list of one out of each value on its way to a part.
template <class Value>
class list_sink final : public emit_sink<Value> {
 public:
  explicit list_sink(emit_sink<std::vector<Value>>& to) : to_(&to) {}

  void put_batch(std::span<batch_entry<Value>> batch) override {
    std::array<batch_entry<std::vector<Value>>, batch_size> lists;
    for (std::size_t i = 0; i != batch.size(); ++i) {
      lists[i].key = batch[i].key;
      lists[i].value.push_back(std::move(batch[i].value));
    }
    to_->put_batch(std::span(lists).first(batch.size()));
  }

  void put_text(std::string_view key, Value&& value) override {
    std::vector<Value> list;
    list.push_back(std::move(value));
    to_->put_text(key, std::move(list));
  }

 private:
  emit_sink<std::vector<Value>>* to_;
};

}  // namespace rankwise::combine
