// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/types.hpp>
#include <rankwise/engine/call/chunk_scope.hpp>
#include <rankwise/engine/call/root_call.hpp>
#include <rankwise/engine/call/shared_values.hpp>
#include <rankwise/engine/call/task_registry.hpp>
#include <rankwise/engine/call/travelling.hpp>
#include <rankwise/expansion/bundle.hpp>
#include <rankwise/expansion/bundle_run.hpp>
#include <rankwise/wire/buffer.hpp>
#include <rankwise/wire/codec.hpp>

#include <boost/core/demangle.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <typeinfo>
#include <unordered_map>
#include <utility>
#include <vector>

namespace rankwise::engine {

/// `pool::expand`. Its items are bundles: the root keeps of each what is still to be expanded, and
/// what has come of all that is.
template <class Item, class Value, class Combine, class Task>
class expand_call final : public root_call {
  using items = std::vector<Item>;

 public:
  class remote final : public remote_call {
   public:
    static std::unique_ptr<remote_call> make(std::span<const std::byte> call) {
      return std::make_unique<remote>(call);
    }

    explicit remote(std::span<const std::byte> call)
        : task_(travelling<Task>::decode(call)), combine_(travelling<Combine>::decode(call)) {}

    void run(chunk_scope& scope, std::span<const std::byte> bundles) override {
      run_bundle(scope, task_, combine_, bundle<Item>::decode(bundles));
    }

   private:
    Task task_;
    Combine combine_;
  };

  /// `roots` are cut into `n_bundles` at first.
  expand_call(const items& roots, std::uint64_t n_bundles, const Combine& combine, const Task& task)
      : task_(task),
        combine_(combine),
        n_bundles_(std::min<std::uint64_t>(roots.size(), n_bundles)) {
    for (std::uint64_t index = 0; index < n_bundles_; ++index) {
      const auto cut = [&](std::uint64_t bundle) {
        return roots.begin() + static_cast<std::ptrdiff_t>(roots.size() * bundle / n_bundles_);
      };
      bundle<Item>::encode(false, items(cut(index), cut(index + 1)), bundles_[index]);
    }
  }

  std::uint64_t n_items() const override { return n_bundles_; }

  bool splits_items() const override { return true; }

  bool may_have_twins() const override { return false; }

  std::uint64_t name_hash() const override { return registration<remote>::name_hash(); }

  std::string task_name() const override { return boost::core::demangle(typeid(Task).name()); }

  void encode_call(wire::bytes& out) const override {
    travelling<Task>::encode(task_, out);
    travelling<Combine>::encode(combine_, out);
  }

  void require_shared_values(const abstract_root& root) const override {
    require_shared_values_of(root, task_);
  }

  /// Of a chunk, which is one bundle.
  void encode_inputs(core::item_range chunk, wire::bytes& out) const override {
    const std::lock_guard held(lock_);
    const wire::bytes& its = bundles_.at(chunk.first);
    wire::append(out, its.data(), its.size());
  }

  void take(core::item_range chunk, std::span<const std::byte> results) override {
    add(bundle_outcome<Value>::decode(results));
    const std::lock_guard held(lock_);
    bundles_.erase(chunk.first);
  }

  void take_split(std::uint64_t index,
                  std::uint64_t other,
                  std::span<const std::byte> results) override {
    add(bundle_outcome<Value>::decode(results));
    const bundle_halves halves = bundle_halves::decode(results);
    const std::lock_guard held(lock_);
    bundles_[index].assign(halves.kept.begin(), halves.kept.end());
    bundles_[other].assign(halves.given.begin(), halves.given.end());
  }

  void take_part(std::uint64_t index, std::span<const std::byte> results) override {
    add(bundle_outcome<Value>::decode(results));
    const std::lock_guard held(lock_);
    bundles_[index].assign(results.begin(), results.end());
  }

  void run(chunk_scope& scope) override {
    run_bundle(scope, task_, combine_, bundle_at(scope.items().first));
  }

  /// Of items, as far as they are known: each bundle that is not done has one at least.
  call_figures figures(const call_figures& known) const override {
    return {n_expanded_, n_expanded_ + bundles_.size(), known.failures, known.task_s};
  }

  /// What has come of all items; none if there were none.
  std::optional<Value>& value() { return value_; }

 private:
  static void run_bundle(chunk_scope& scope,
                         const Task& task,
                         const Combine& combine,
                         bundle<Item> given) {
    if (!fetch_shared_values(scope, task)) return;
    bundle_run<Item, Value, Combine, Task>(scope, task, combine, std::move(given)).run();
  }

  bundle<Item> bundle_at(std::uint64_t index) const {
    const std::lock_guard held(lock_);
    return bundle<Item>::decode(bundles_.at(index));
  }

  void add(bundle_outcome<Value> outcome) {
    n_expanded_ += outcome.n_items;
    if (value_) {
      value_.emplace(combine_(std::move(*value_), std::move(outcome.value)));
    } else {
      value_.emplace(std::move(outcome.value));
    }
  }

  Task task_;
  Combine combine_;
  std::uint64_t n_bundles_;
  std::uint64_t n_expanded_ = 0;  // items
  std::optional<Value> value_;    // of those
  // Those that are not done. They change under the lock of the rank and this one; the thread that
  // runs them has this one alone.
  std::unordered_map<std::uint64_t, wire::bytes> bundles_;
  mutable std::mutex lock_;
};

}  // namespace rankwise::engine
