// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

namespace rankwise {

/// Where a task of `pool::expand` puts the items that it finds: `more.push(child)`.
template <class Item>
class expansion {
 public:
  using item_type = Item;

  /// Made by the library.
  explicit expansion(std::vector<Item>& items) : items_(&items) {}

  expansion(const expansion&) = delete;
  expansion& operator=(const expansion&) = delete;
  expansion(expansion&&) = delete;
  expansion& operator=(expansion&&) = delete;
  ~expansion() = default;

  /// The task is called for `item` as well, once this one has returned.
  void push(Item item) { items_->push_back(std::move(item)); }

 private:
  std::vector<Item>* items_;
};

namespace engine {

/// The items of a bundle that wait, the youngest on top: so they are as many as the tree is deep,
/// times the children of an item.
template <class Item>
class work_stack {
 public:
  explicit work_stack(std::vector<Item> items = {}) : items_(std::move(items)), more_(items_) {}

  work_stack(const work_stack&) = delete;
  work_stack& operator=(const work_stack&) = delete;
  work_stack(work_stack&&) = delete;
  work_stack& operator=(work_stack&&) = delete;
  ~work_stack() = default;

  bool empty() const { return items_.empty(); }

  std::size_t size() const { return items_.size(); }

  const std::vector<Item>& items() const { return items_; }

  /// What a task sees of this.
  expansion<Item>& more() { return more_; }

  Item take() {
    Item youngest = std::move(items_.back());
    items_.pop_back();
    return youngest;
  }

  /// Takes out every other item, the oldest among them. In this way both halves have old items,
  /// which may stand for much, and young ones.
  std::vector<Item> take_half() {
    std::vector<Item> half;
    half.reserve((items_.size() + 1) / 2);
    std::size_t n_kept = 0;
    for (std::size_t i = 0; i < items_.size(); ++i) {
      if (i % 2 == 0) {
        half.push_back(std::move(items_[i]));
      } else {
        items_[n_kept++] = std::move(items_[i]);
      }
    }
    items_.resize(n_kept);
    return half;
  }

 private:
  std::vector<Item> items_;
  expansion<Item> more_;
};

}  // namespace engine
}  // namespace rankwise
