// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/emitter.hpp>
#include <rankwise/map_reduce/combine/cuckoo_table.hpp>
#include <rankwise/map_reduce/combine/linear_table.hpp>
#include <rankwise/map_reduce/combine/part.hpp>
#include <rankwise/map_reduce/combine/shuffle.hpp>

#include "catch.hpp"
#include "thread_peers.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

/// A map_reduce's parts on ranks that are threads.
namespace rankwise::test {

using combine::cuckoo_table;
using combine::keyed_part;
using combine::linear_table;
using combine::part;
using combine::part_figures;
using combine::part_options;
using combine::shuffle_group;

template <class Value>
using sums = std::unordered_map<std::string, Value>;

/// What a job came to, over all ranks.
template <class Value>
struct outcome {
  sums<Value> all;
  std::uint64_t n_visited = 0;  // more than there are keys where one has two owners
  std::vector<part_figures> figures;
  std::vector<std::string> thrown;

  bool has_failed() const {
    return std::any_of(
        thrown.begin(), thrown.end(), [](const std::string& text) { return !text.empty(); });
  }

  std::uint64_t sum_of(std::uint64_t part_figures::*figure) const {
    std::uint64_t sum = 0;
    for (const part_figures& one : figures) sum += one.*figure;
    return sum;
  }
};

inline part_options options_for(std::uint64_t seed, std::uint64_t memory_bytes) {
  part_options how;
  how.channel = 7;
  how.hash_seed = seed;
  how.memory_bytes = memory_bytes;
  how.spill_directory = std::filesystem::temp_directory_path().string();
  return how;
}

/// Makes the part of one rank.
template <class Value>
using maker =
    std::function<std::unique_ptr<keyed_part<Value>>(thread_peers&, const shuffle_group&)>;

/// Emits what the rank of a row has.
template <class Key, class Value>
using emission = std::function<void(std::uint32_t row, emitter<Key, Value>&)>;

/// Runs `emit(row, emitter)` on each of `n_ranks` ranks with the part that `make(peers, group)`
/// gives, and looks at the result three times.
template <class Key, class Value>
outcome<Value> run_job(std::uint32_t n_ranks,
                       const maker<Value>& make,
                       const emission<Key, Value>& emit) {
  std::vector<std::vector<std::pair<std::string, Value>>> found(n_ranks);
  std::vector<std::array<std::vector<std::pair<std::string, Value>>, 2>> found_again(n_ranks);
  outcome<Value> all;
  all.figures.resize(n_ranks);
  all.thrown = run_on_threads(n_ranks, [&](thread_peers& peers) {
    const std::uint32_t row = peers.row();
    const auto mine = make(peers, shuffle_group{0, n_ranks, row});
    peers.meet();  // nobody emits before all parts are there
    emitter<Key, Value> out(*mine);
    emit(row, out);
    out.flush();
    peers.meet();
    mine->finish();
    peers.meet();
    all.figures[row] = mine->figures();
    mine->visit([&](std::string_view key, Value& value) { found[row].emplace_back(key, value); });
    for (auto& again : found_again[row])
      mine->visit([&](std::string_view key, Value& value) { again.emplace_back(key, value); });
  });
  for (std::uint32_t row = 0; row < n_ranks; ++row) {
    all.n_visited += found[row].size();
    if (!all.has_failed()) {
      for (auto& again : found_again[row]) {
        REQUIRE(again.size() == found[row].size());
        if (again.size() > 20'000) continue;  // sorting takes too long
        std::sort(found[row].begin(), found[row].end());
        std::sort(again.begin(), again.end());
        CHECK((again == found[row]));
      }
    }
    for (auto& [key, value] : found[row]) all.all.emplace(key, std::move(value));
  }
  return all;
}

template <class Value, class Combine, template <class> class Table>
maker<Value> maker_of(const part_options& how, const Combine& combine) {
  return [how, combine](thread_peers& peers, const shuffle_group& group) {
    part_options mine = how;
    mine.group = group;
    return std::make_unique<part<Value, Combine, Table>>(mine, combine, peers, peers.cancelled());
  };
}

/// `radix` and `radix_cuckoo`: tables are given up as soon as that can be, as where they outgrow
/// the cache.
enum class mode { linear, cuckoo, zynq, none, radix, radix_cuckoo };

template <class Value>
outcome<Value> run_mode(mode kind,
                        std::uint32_t n_ranks,
                        part_options how,
                        const emission<std::string, Value>& emit) {
  how.combine_here = kind != mode::zynq && kind != mode::none;
  how.zynq = kind == mode::zynq;
  if (kind == mode::radix || kind == mode::radix_cuckoo) {
    how.cache_bytes = 0;
    how.look_every = 1'000;
  }
  if (kind == mode::cuckoo || kind == mode::radix_cuckoo) {
    return run_job<std::string, Value>(
        n_ranks, maker_of<Value, std::plus<>, cuckoo_table>(how, {}), emit);
  }
  return run_job<std::string, Value>(
      n_ranks, maker_of<Value, std::plus<>, linear_table>(how, {}), emit);
}

}  // namespace rankwise::test
