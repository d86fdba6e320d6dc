// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/engine/access.hpp>
#include <rankwise/entry.hpp>
#include <rankwise/map_reduce/combine/held_bytes.hpp>
#include <rankwise/map_reduce/combine/key_codec.hpp>
#include <rankwise/map_reduce/combine/keyed_part.hpp>
#include <rankwise/map_reduce/combine/part_file.hpp>
#include <rankwise/map_reduce/combine/sorted_entries.hpp>
#include <rankwise/map_reduce/map_reduce_run.hpp>
#include <rankwise/map_reduce/options.hpp>
#include <rankwise/pool.hpp>
#include <rankwise/statistics.hpp>
#include <rankwise/task.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rankwise {

namespace combine {

/// Tasks that look at what a part owns; each runs once on each rank.
template <class Key, class Value>
struct count_entries {
  std::uint64_t part = 0;

  std::uint64_t operator()(task_context& context, std::uint32_t /*row*/) const {
    std::uint64_t n = 0;
    access::context(context).kept.template get<keyed_part<Value>>(part).visit(
        [&n](std::string_view, const Value&) { ++n; });
    return n;
  }
};

template <class Key, class Value>
struct gather_entries {
  std::uint64_t part = 0;

  std::vector<entry<Key, Value>> operator()(task_context& context, std::uint32_t /*row*/) const {
    std::vector<entry<Key, Value>> all;
    access::context(context).kept.template get<keyed_part<Value>>(part).visit(
        [&all](std::string_view key, const Value& value) {
          all.push_back({key_codec<Key>::decode(key), value});
        });
    return all;
  }
};

template <class Key, class Value, class Order>
struct first_entries {
  std::uint64_t part = 0;
  std::uint64_t n = 0;
  Order order = {};

  std::vector<entry<Key, Value>> operator()(task_context& context, std::uint32_t /*row*/) const {
    std::vector<entry<Key, Value>> first;  // a heap, the last of them in front
    access::context(context).kept.template get<keyed_part<Value>>(part).visit(
        [&](std::string_view key, const Value& value) {
          if (n == 0) return;
          if constexpr (requires { order.is_behind(value, first.front().value); }) {
            // Most are seen off by their values; their keys need not be made.
            if (first.size() == n && order.is_behind(value, first.front().value)) return;
          }
          entry<Key, Value> one{key_codec<Key>::decode(key), value};
          if (first.size() == n) {
            if (!order(one, first.front())) return;
            std::pop_heap(first.begin(), first.end(), order);
            first.pop_back();
          }
          first.push_back(std::move(one));
          std::push_heap(first.begin(), first.end(), order);
        });
    std::sort_heap(first.begin(), first.end(), order);
    return first;
  }
};

template <class Key, class Value, class Use>
struct use_entries {
  std::uint64_t part = 0;
  Use use = {};

  const Use& carried_task() const { return use; }

  void operator()(task_context& context, std::uint32_t /*row*/) const {
    access::context(context).kept.template get<keyed_part<Value>>(part).visit(
        [this](std::string_view key, const Value& value) {
          use(entry<Key, Value>{key_codec<Key>::decode(key), value});
        });
  }
};

/// How a rank sorts its part.
template <class Order>
struct sort_request {
  std::uint64_t part = 0;
  std::uint64_t memory_bytes = 0;
  std::string spill_directory = {};
  std::vector<std::uint64_t> wanted = {};  // what stays; of what was sorted before, nothing
  Order order = {};

  template <class Key, class Value>
  auto sort(exchange::rank_objects& kept) const {
    kept.keep_only(wanted);
    auto& sorted = kept.get<keyed_part<Value>>(part);
    sorted.make_room();
    return std::make_unique<sorted_entries<Key, Value, Order>>(
        sorted, order, memory_bytes / 2, spill_directory);
  }
};

template <class Key, class Value, class Order>
struct begin_sorted {
  std::uint64_t number = 0;
  sort_request<Order> request = {};

  void operator()(task_context& context, std::uint32_t /*row*/) const {
    exchange::rank_objects& kept = access::context(context).kept;
    kept.add(number, [&] { return request.template sort<Key, Value>(kept); });
  }
};

template <class Key, class Value, class Order>
struct next_sorted {
  static constexpr bool runs_once = true;

  std::uint64_t number = 0;
  std::vector<char> wanted = {};  // by row

  std::vector<entry<Key, Value>> operator()(task_context& context, std::uint32_t row) const {
    constexpr std::size_t bytes_at_most = std::size_t{512} << 10U;
    std::size_t n_bytes = 0;
    std::vector<entry<Key, Value>> batch;
    if (wanted.at(row) == 0) return batch;
    auto& sorted =
        access::context(context).kept.template get<sorted_entries<Key, Value, Order>>(number);
    while (n_bytes < bytes_at_most) {
      std::optional<entry<Key, Value>> one = sorted.next();
      if (!one) break;
      n_bytes += sizeof *one + held_bytes(one->key) + held_bytes(one->value);
      batch.push_back(std::move(*one));
    }
    return batch;
  }
};

template <class Key, class Value, class Order, class Format>
struct write_part {
  std::uint64_t number = 0;
  std::string directory = {};
  sort_request<Order> request = {};
  Format format = {};

  void operator()(task_context& context, std::uint32_t row) const {
    exchange::rank_objects& kept = access::context(context).kept;
    kept.add(number, [&] {
      auto file = std::make_unique<part_file>(part_path(directory, row));
      const auto sorted = request.template sort<Key, Value>(kept);
      while (const std::optional<entry<Key, Value>> one = sorted->next()) {
        format(*one, file->buffer());
        file->write_if_full();
      }
      file->complete();
      return file;
    });
  }
};

}  // namespace combine

/// The result of a map_reduce. It stays on the ranks, each of which owns a share of the keys; what
/// is asked of it is done there. It lives no longer than the pool that it comes from.
///
/// Throws: each call throws a task_error if a rank fails (a full disk).
template <class Key, class Value>
class distributed {
 public:
  using entry_type = entry<Key, Value>;

  distributed(pool ranks,
              map_reduce_options how,
              std::shared_ptr<const std::uint64_t> number,
              map_reduce_statistics statistics)
      : ranks_(std::move(ranks)),
        how_(std::move(how)),
        number_(std::move(number)),
        statistics_(statistics) {}

  /// The number of keys, on all ranks.
  std::uint64_t size() const {
    std::uint64_t all = 0;
    for (const std::uint64_t n : ranks_.on_each_rank(combine::count_entries<Key, Value>{*number_}))
      all += n;
    return all;
  }

  const map_reduce_statistics& statistics() const { return statistics_; }

  /// Returns all entries, on the root: in ascending order of `bin` keys, of other keys in no order.
  std::vector<entry_type> gather() const {
    std::vector<entry_type> all;
    for (auto& part : ranks_.on_each_rank(combine::gather_entries<Key, Value>{*number_}))
      std::move(part.begin(), part.end(), std::back_inserter(all));
    return all;
  }

  /// Returns the one value; none if nothing was emitted.
  std::optional<Value> value() const requires std::same_as<Key, single> {
    std::vector<entry_type> all = gather();
    if (all.empty()) return std::nullopt;
    return std::move(all.front().value);
  }

  /// Returns the first `n` entries in the order.
  template <class Order = by_value>
  std::vector<entry_type> top_k(std::uint64_t n, Order order = {}) const {
    std::vector<entry_type> all;
    for (auto& part :
         ranks_.on_each_rank(combine::first_entries<Key, Value, Order>{*number_, n, order})) {
      const auto old_end = static_cast<std::ptrdiff_t>(all.size());
      std::move(part.begin(), part.end(), std::back_inserter(all));
      std::inplace_merge(all.begin(), all.begin() + old_end, all.end(), order);
      if (all.size() > n) all.resize(n);
    }
    return all;
  }

  /// Calls `use(entry)` on the root for each entry in the order; entries come over in batches.
  template <class Order, std::invocable<const entry_type&> Use>
  void sorted(Order order, Use use) const {
    const auto stream = access::root(ranks_).object_numbers().add();
    ranks_.on_each_rank(combine::begin_sorted<Key, Value, Order>{*stream, sort_request_of(order)});
    const std::uint32_t n_rows = ranks_.n_workers();

    struct queue {
      std::vector<entry_type> entries;
      std::size_t next = 0;

      bool is_empty() const { return next == entries.size(); }
    };

    std::vector<queue> heads(n_rows);
    combine::next_sorted<Key, Value, Order> more{*stream, std::vector<char>(n_rows, 1)};
    std::vector<char> ended(n_rows, 0);
    const auto refill = [&] {
      auto batches = ranks_.on_each_rank(more);
      for (std::uint32_t row = 0; row < n_rows; ++row) {
        if (more.wanted[row] == 0) continue;
        if (batches[row].empty()) ended[row] = 1;
        heads[row] = {std::move(batches[row]), 0};
        more.wanted[row] = 0;
      }
    };
    refill();
    for (;;) {
      std::uint32_t least = n_rows;
      for (std::uint32_t row = 0; row < n_rows; ++row) {
        if (heads[row].is_empty()) continue;
        if (least == n_rows ||
            order(heads[row].entries[heads[row].next], heads[least].entries[heads[least].next]))
          least = row;
      }
      if (least == n_rows) return;
      use(std::as_const(heads[least].entries[heads[least].next]));
      if (++heads[least].next != heads[least].entries.size() || ended[least] != 0) continue;
      more.wanted[least] = 1;
      refill();
    }
  }

  /// Runs `use(entry)` for each entry on the rank that owns it; `use` is a task.
  template <class Use>
  void for_each(const Use& use) const {
    if constexpr (engine::require_travelling<Use>())
      ranks_.on_each_rank(combine::use_entries<Key, Value, Use>{*number_, use});
  }

  /// Writes one file for each rank, on its host: `directory`/part-00000 and so on, each sorted by
  /// `order`. `format(entry, text)`, a task, appends the entry's line to `text`. The files
  /// get their names only when all are complete.
  template <class Format, class Order = by_value>
  void write(const std::string& directory, const Format& format, Order order = {}) const {
    if constexpr (engine::require_travelling<Format>() && engine::require_no_shared<Format>()) {
      const auto files = access::root(ranks_).object_numbers().add();
      ranks_.on_each_rank(combine::write_part<Key, Value, Order, Format>{
          *files, directory, sort_request_of(order), format});
      combine::publish_parts(ranks_, *files);
    }
  }

 private:
  template <class Order>
  combine::sort_request<Order> sort_request_of(const Order& order) const {
    return {*number_,
            how_.memory_bytes,
            how_.spill_directory,
            access::root(ranks_).object_numbers().wanted(),
            order};
  }

  pool ranks_;  // whose calls are not shown
  map_reduce_options how_;
  std::shared_ptr<const std::uint64_t> number_;
  map_reduce_statistics statistics_;
};

}  // namespace rankwise
