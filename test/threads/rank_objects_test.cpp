// SPDX-License-Identifier: MIT
// What stays on the ranks between calls can be used again, however a call on it has ended.
#include <rankwise/map_reduce.hpp>
#include <rankwise/pipeline.hpp>

#include "catch.hpp"
#include "frozen_rank.hpp"
#include "in_process_job.hpp"
#include "temporary_directory.hpp"

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <optional>
#include <ranges>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using rankwise::pool;
using rankwise::rank_id;
using namespace rankwise::test;  // NOLINT: the test is all about it

constexpr std::uint32_t n_ranks = 3;
constexpr rank_id frozen{2};

using numbers = std::vector<std::uint64_t>;

constexpr std::uint64_t n_items = 100;

std::atomic<std::uint64_t>& bad_item() {
  static std::atomic<std::uint64_t> one{n_items};
  return one;
}

std::uint64_t add_one(std::uint64_t value) {
  if (value == bad_item()) throw std::runtime_error("a bad item");
  return value + 1;
}

std::uint64_t twice(std::uint64_t value) {
  return value * 2;
}

/// A pipeline through all ranks.
auto make_line(const pool& ranks) {
  return ranks.make_pipeline<std::uint64_t>(
      rankwise::stage(rankwise::fn<add_one>, {.ranks = {rank_id{1}}}),
      rankwise::stage(rankwise::fn<twice>, {.replicas = n_ranks}),
      rankwise::stage(rankwise::fn<twice>, {.ranks = {frozen}}));
}

using line = decltype(make_line(std::declval<pool>()));

/// Where `at` comes out of the source, `strike` is called.
numbers run(const line& through,
            std::uint64_t at = n_items,
            const std::function<void()>& strike = {}) {
  numbers found;
  std::uint64_t next = 0;
  through.run(
      [&]() -> std::optional<std::uint64_t> {
        if (next == at && strike) strike();
        return next == n_items ? std::nullopt : std::optional(next++);
      },
      [&found](std::uint64_t value) { found.push_back(value); });
  return found;
}

numbers expected() {
  numbers all;
  for (std::uint64_t item = 0; item < n_items; ++item) all.push_back((item + 1) * 4);
  return all;
}

}  // namespace

TEST_CASE("a pipeline runs again after a stage, its source or its sink has thrown") {
  in_process_job job(n_ranks);
  const line through = make_line(job.pool());
  for (const std::uint64_t at :
       {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{50}, n_items - 1}) {
    INFO(at);
    bad_item() = at;
    CHECK(holds(thrown_by([&] { run(through); }), "a bad item"));
    bad_item() = n_items;
    CHECK(run(through) == expected());
    CHECK(holds(
        thrown_by([&] { run(through, at, [] { throw std::runtime_error("a dry source"); }); }),
        "a dry source"));
    CHECK(run(through) == expected());
    const auto full_sink = [&](std::uint64_t item, std::uint64_t) {
      if (item == at) throw std::runtime_error("a full sink");
    };
    CHECK(holds(
        thrown_by([&] { through.run(std::views::iota(std::uint64_t{0}, n_items), full_sink); }),
        "a full sink"));
    CHECK(run(through) == expected());
  }
}

TEST_CASE("a pipeline runs again when a rank that was frozen in a run is back") {
  in_process_job job(n_ranks);
  const line through = make_line(job.pool());
  std::ptrdiff_t n_frozen = 0;
  for (const std::uint64_t at : {std::uint64_t{0}, std::uint64_t{20}, n_items}) {
    INFO(at);
    const auto freeze = [&] { job.network().freeze(frozen, freeze_time); };
    CHECK(holds(thrown_by([&] { run(through, at, freeze); }),
                "rank 2 on here was lost during pool::pipeline, which needs all ranks"));
    // It is not back yet: the call is over before any rank has begun it.
    CHECK(holds(thrown_by([&] { run(through); }),
                "rank 2 on here was lost before pool::pipeline, which needs all ranks"));
    REQUIRE(is_rank_2_back(job, ++n_frozen));
    CHECK(run(through) == expected());
    CHECK(run(through) == expected());
  }
}

namespace {

constexpr std::uint64_t n_keys = 20'000;
constexpr std::uint64_t bad_key = 777;

std::atomic<bool>& is_key_bad() {
  static std::atomic<bool> one{false};
  return one;
}

std::atomic<std::uint64_t>& n_used() {
  static std::atomic<std::uint64_t> one{0};
  return one;
}

using entry = rankwise::entry<std::uint64_t, std::uint64_t>;

void check_key(const entry& one) {
  if (is_key_bad() && one.key == bad_key) throw std::runtime_error("a bad key");
}

void use(const entry& one) {
  check_key(one);
  n_used() += one.value;
}

struct as_line {
  void operator()(const entry& one, std::string& text) const {
    check_key(one);
    text += std::to_string(one.key) + '\n';
  }
};

/// Looks at each entry.
struct careful_order {
  bool operator()(const entry& left, const entry& right) const {
    check_key(left);
    return left.key < right.key;
  }
};

void emit_keys(std::uint64_t first, rankwise::emitter<std::uint64_t, std::uint64_t>& emit) {
  for (std::uint64_t key = first; key < n_keys; key += 100) emit(key, std::uint64_t{1});
}

using counts = rankwise::distributed<std::uint64_t, std::uint64_t>;

/// A result that lies on disk for the most part.
counts count_keys(const pool& ranks) {
  return ranks.map_reduce(std::views::iota(std::uint64_t{0}, std::uint64_t{100}),
                          rankwise::fn<emit_keys>,
                          std::plus<>{},
                          {.memory_bytes = 256 << 10});
}

std::uint64_t lines_in(const std::string& directory) {
  std::uint64_t n = 0;
  for (const auto& file : std::filesystem::directory_iterator(directory)) {
    std::ifstream in(file.path());
    for (std::string text; std::getline(in, text);) ++n;
  }
  return n;
}

/// What can be asked of a result: whether the answer is right.
struct question {
  std::string name;
  std::function<bool(const counts&)> is_answer_right;
};

const std::vector<question>& questions() {
  static int n_written = 0;
  static const temporary_directory here;
  static const std::vector<question> all{
      {"size", [](const counts& of) { return of.size() == n_keys; }},
      {"gather", [](const counts& of) { return of.gather().size() == n_keys; }},
      {"top_k",
       [](const counts& of) {
         const auto first = of.top_k(1, careful_order{});
         return first.size() == 1 && first[0].key == 0;
       }},
      {"for_each",
       [](const counts& of) {
         n_used() = 0;
         of.for_each(rankwise::fn<use>);
         return n_used() == n_keys;
       }},
      {"sorted",
       [](const counts& of) {
         std::uint64_t next = 0;
         bool is_in_order = true;
         of.sorted(careful_order{}, [&](const entry& one) {
           is_in_order = is_in_order && one.key == next++;
           if (is_key_bad() && next == n_keys / 2) throw std::runtime_error("a bad key");
         });
         return is_in_order && next == n_keys;
       }},
      {"write", [](const counts& of) {
         const std::string directory = here / std::to_string(n_written++);
         of.write(directory, as_line{}, careful_order{});
         return lines_in(directory) == n_keys;
       }}};
  return all;
}

}  // namespace

TEST_CASE("a result can be asked again after a task that looked at it has thrown") {
  in_process_job job(n_ranks);
  const counts result = count_keys(job.pool());
  for (int round = 0; round < 2; ++round) {
    for (const question& asked : questions()) {
      INFO(asked.name);
      is_key_bad() = true;
      const std::string found = thrown_by([&] { asked.is_answer_right(result); });
      is_key_bad() = false;
      if (asked.name != "size" && asked.name != "gather") CHECK(holds(found, "a bad key"));
      for (const question& next : questions()) {
        INFO("then " << next.name);
        CHECK(next.is_answer_right(result));
      }
    }
  }
}

TEST_CASE("a result can be asked again when a rank that was frozen meanwhile is back") {
  in_process_job job(n_ranks);
  const counts result = count_keys(job.pool());
  std::ptrdiff_t n_frozen = 0;
  for (const question& asked : questions()) {
    if (asked.name != "gather" && asked.name != "sorted" && asked.name != "write") continue;
    INFO(asked.name);
    job.network().freeze(frozen, freeze_time);
    CHECK(holds(thrown_by([&] { asked.is_answer_right(result); }),
                "rank 2 on here was lost during rankwise::distributed, which needs all ranks"));
    REQUIRE(is_rank_2_back(job, ++n_frozen));
    CHECK(asked.is_answer_right(result));
  }
  CHECK(count_keys(job.pool()).size() == n_keys);
}
