// SPDX-License-Identifier: MIT
// What of a part goes to disk: spilled segments, sorted runs, and the files of a result.
#include <rankwise/emitter.hpp>
#include <rankwise/entry.hpp>
#include <rankwise/error.hpp>
#include <rankwise/files/spill_file.hpp>
#include <rankwise/map_reduce/combine/linear_table.hpp>
#include <rankwise/map_reduce/combine/memory_use.hpp>
#include <rankwise/map_reduce/combine/packed_key.hpp>
#include <rankwise/map_reduce/combine/part.hpp>
#include <rankwise/map_reduce/combine/part_file.hpp>
#include <rankwise/map_reduce/combine/run_writer.hpp>
#include <rankwise/map_reduce/combine/sorted_entries.hpp>
#include <rankwise/map_reduce/combine/sorted_runs.hpp>
#include <rankwise/map_reduce/combine/spilled_segment.hpp>
#include <rankwise/random.hpp>

#include "catch.hpp"
#include "thread_peers.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace fs = std::filesystem;
using rankwise::emitter;
using rankwise::random_stream;
using rankwise::combine::linear_table;
using rankwise::combine::part;
using rankwise::combine::part_options;
using rankwise::test::run_on_threads;
using rankwise::test::thread_peers;

namespace {

part_options options_for(std::uint64_t seed, std::uint64_t memory_bytes) {
  part_options how;
  how.channel = 7;
  how.hash_seed = seed;
  how.memory_bytes = memory_bytes;
  how.spill_directory = fs::temp_directory_path().string();
  return how;
}

/// Short and long ones, one empty, some with NULs.
std::string key_of(std::uint32_t number) {
  std::string key = number == 0 ? "" : "k" + std::to_string(number);
  if (number % 7 == 3) key += " which is longer than fifteen bytes";
  if (number % 11 == 5) key += '\0';
  return key;
}

struct append_list {
  std::vector<std::string> operator()(std::vector<std::string> left,
                                      std::vector<std::string> right) const {
    std::move(right.begin(), right.end(), std::back_inserter(left));
    return left;
  }
};

}  // namespace

TEST_CASE("what a spilled segment holds is visited once, on as many levels as it takes") {
  const std::uint64_t seed = GENERATE(range(1U, 4U));
  CAPTURE(seed);
  rankwise::combine::spill_file file(fs::temp_directory_path());
  rankwise::combine::run_writer<std::uint64_t> out(file);
  random_stream random(seed, 0);
  std::map<std::string, std::uint64_t> expected;
  for (std::uint32_t i = 0; i < 60'000; ++i) {
    const std::string key = key_of(random() % 20'000);
    expected[key] += i;
    if (rankwise::combine::fits_inline(key.size())) {
      out.put(rankwise::combine::pack(key), i);
    } else {
      out.put(std::string_view(key), i);
    }
  }
  const auto runs = out.release();
  REQUIRE(runs.size() > 5);
  const std::uint64_t n_bytes = file.size();
  rankwise::combine::memory_use memory;
  const std::plus<> combine;
  for (const std::size_t limit :
       {std::size_t{100'000'000}, std::size_t{100'000}, std::size_t{4'000}}) {
    CAPTURE(limit);
    memory = {};
    std::map<std::string, std::uint64_t> found;
    std::uint64_t n_visited = 0;
    rankwise::combine::spilled_segment<std::uint64_t, std::plus<>, linear_table>(
        file, combine, seed, memory, limit)
        .visit(runs, [&](std::string_view key, std::uint64_t value) {
          found[std::string(key)] += value;
          ++n_visited;
        });
    CHECK(found == expected);
    CHECK(n_visited == expected.size());
    CHECK(memory.bytes == 0);
    CHECK((file.size() > n_bytes) == (limit < 100'000'000));  // dealt out, or not
    // A run is merged before anybody looks.
    CHECK(memory.most_bytes < limit + 400'000);
    file.cut(n_bytes);
  }
  SECTION("what the visitor throws leaves no memory counted") {
    const auto refuse = [](std::string_view, std::uint64_t) {
      throw std::runtime_error("no more");
    };
    rankwise::combine::spilled_segment<std::uint64_t, std::plus<>, linear_table> again(
        file, combine, seed, memory, 50'000);
    CHECK_THROWS_WITH(again.visit(runs, refuse), "no more");
    CHECK(memory.bytes == 0);
  }
}

TEST_CASE("one key whose value is too large for the memory is refused at once") {
  rankwise::combine::spill_file file(fs::temp_directory_path());
  rankwise::combine::run_writer<std::vector<std::string>> out(file);
  for (int i = 0; i < 100; ++i)
    out.put(rankwise::combine::pack("hot"), std::vector<std::string>{std::string(2'000, 'x')});
  const auto runs = out.release();
  const std::uint64_t n_bytes = file.size();
  rankwise::combine::memory_use memory;
  const append_list combine;
  rankwise::combine::spilled_segment<std::vector<std::string>, append_list, linear_table> segment(
      file, combine, 1, memory, 50'000);
  CHECK_THROWS_WITH(segment.visit(runs, [](std::string_view, auto&) {}),
                    "--memory: too little for this job: one key and its value take more than the "
                    "50000 bytes that there are for tables");
  CHECK(memory.bytes == 0);
  CHECK(file.size() == n_bytes);
}

TEST_CASE("what looks at a spilled part leaves the spill file as it was") {
  const auto thrown = run_on_threads(1, [](thread_peers& peers) {
    const part_options how = options_for(1, 2'000);
    part<std::uint64_t, std::plus<>, linear_table> mine(how, {}, peers, peers.cancelled());
    emitter<std::uint32_t, std::uint64_t> emit(mine);
    for (std::uint32_t i = 0; i < 100'000; ++i) emit(i, 1);
    emit.flush();
    mine.finish();
    mine.make_room();
    const std::uint64_t n_bytes = mine.figures().bytes_spilled;
    for (int i = 0; i < 2; ++i) mine.visit([](std::string_view, std::uint64_t) {});
    CHECK(mine.figures().bytes_spilled == n_bytes);  // of the one thread that checks now
  });
  CHECK(thrown.front() == "");
}

TEST_CASE("a rank's keys in order, in memory and from several runs") {
  using rankwise::entry;
  const std::uint64_t memory = GENERATE(0U, 3'000'000U, 100'000U, 10'000U);
  const bool by_value = GENERATE(true, false);
  CAPTURE(memory, by_value);
  using entry_type = entry<std::string, std::uint64_t>;
  std::vector<entry_type> expected;
  for (std::uint32_t i = 0; i < 20'000; ++i) expected.push_back({key_of(i), i * 7919 % 1'000});
  std::vector<entry_type> found;
  const auto thrown = run_on_threads(1, [&](thread_peers& peers) {
    part<std::uint64_t, std::plus<>, linear_table> mine(
        options_for(1, memory), {}, peers, peers.cancelled());
    emitter<std::string, std::uint64_t> emit(mine);
    for (const auto& [key, value] : expected) emit(key, value);
    emit.flush();
    mine.finish();
    const auto take_all = [&]<class Order>(Order order) {
      rankwise::combine::sorted_entries<std::string, std::uint64_t, Order> sorted(
          mine, order, memory, fs::temp_directory_path().string());
      while (auto one = sorted.next()) found.push_back(std::move(*one));
      CHECK_FALSE(sorted.next().has_value());
    };
    if (by_value) {
      take_all(rankwise::by_value{});
    } else {
      take_all(rankwise::by_key{});
    }
  });
  CHECK(thrown.front() == "");
  std::sort(expected.begin(), expected.end(), [&](const auto& left, const auto& right) {
    return by_value ? rankwise::by_value{}(left, right) : rankwise::by_key{}(left, right);
  });
  CHECK(found == expected);
}

TEST_CASE("sorted runs are merged few at a time, however many there are") {
  using entry_type = rankwise::entry<std::string, std::uint64_t>;
  using rankwise::combine::sorted_runs;
  const std::size_t n_runs = GENERATE(0U, 1U, 2U, 3U, 4U, 7U, 8U, 9U, 64U, 65U, 200U);
  const std::size_t at_once = GENERATE(2U, 3U, 8U);
  CAPTURE(n_runs, at_once);
  rankwise::combine::spill_file file(fs::temp_directory_path());
  sorted_runs<entry_type, rankwise::by_key> runs(
      file, {}, at_once * rankwise::combine::run_writer<entry_type>::run_bytes);
  CHECK(runs.runs_at_once() == at_once);
  CHECK(runs.empty());
  std::vector<entry_type> expected;
  for (std::size_t i = 0; i < n_runs; ++i) {
    std::vector<entry_type> one;
    // Some runs take several pieces, some are empty.
    const std::size_t n = i % 50 == 3 ? 9'000 : i % 5;
    for (std::size_t k = 0; k < n; ++k) one.push_back({std::to_string(k * n_runs + i), i});
    std::sort(one.begin(), one.end(), rankwise::by_key{});
    runs.write(one);
    expected.insert(expected.end(), one.begin(), one.end());
  }
  runs.begin();
  std::vector<entry_type> found;
  while (auto one = runs.next()) found.push_back(std::move(*one));
  CHECK_FALSE(runs.next().has_value());
  std::sort(expected.begin(), expected.end(), rankwise::by_key{});
  CHECK(found == expected);
}

TEST_CASE("sorting in little memory takes no more for eight times the keys") {
  // What this process takes at most, as the system counts it, may not grow by what a merge of all
  // runs at once would take: 64 KiB for each 64 KiB run.
  const auto growth_kib = [](std::uint32_t n_keys) {
    const pid_t child = ::fork();
    if (child == 0) {
      constexpr std::size_t memory = std::size_t{1} << 20U;
      std::uint64_t n_found = 0;
      run_on_threads(1, [&](thread_peers& peers) {
        part<std::uint64_t, std::plus<>, linear_table> mine(
            options_for(1, memory), {}, peers, peers.cancelled());
        emitter<std::uint32_t, std::uint64_t> emit(mine);
        for (std::uint32_t i = 0; i < n_keys; ++i) emit(i, 1);
        emit.flush();
        mine.finish();
        mine.make_room();
        rankwise::combine::sorted_entries<std::uint32_t, std::uint64_t, rankwise::by_key> sorted(
            mine, {}, memory / 2, fs::temp_directory_path().string());
        while (sorted.next()) ++n_found;
      });
      ::_exit(n_found == n_keys ? 0 : 1);
    }
    int status = -1;
    rusage usage{};
    CHECK(::wait4(child, &status, 0, &usage) == child);
    CHECK(status == 0);
    return usage.ru_maxrss;
  };
  const long few = growth_kib(250'000);
  const long many = growth_kib(2'000'000);
  CAPTURE(few, many);
#ifndef __SANITIZE_ADDRESS__  // which keeps for a while what is given back
  CHECK(many < few + 4'096);
#endif
}

TEST_CASE("a part's file has no name before it is published, and leaves nothing without") {
  using rankwise::combine::part_file;
  const fs::path directory =
      fs::temp_directory_path() / ("rankwise_part_file_test " + std::to_string(::getpid()));
  fs::remove_all(directory);
  const fs::path path = directory / "part-00000";
  {
    part_file file(path);
    file.buffer() = "lost";
    file.write();
    CHECK(fs::is_directory(directory));
    CHECK(fs::is_empty(directory));
  }
  CHECK_FALSE(fs::exists(directory));  // it was made, and is gone again

  fs::create_directory(directory);
  { part_file file(path); }
  CHECK(fs::is_directory(directory));  // it was there before
  CHECK(fs::is_empty(directory));
  std::string expected;
  {
    part_file file(path);
    for (int i = 0; i < 100'000; ++i) {
      file.buffer() += std::to_string(i);
      expected += std::to_string(i);
      file.write_if_full();
    }
    CHECK(file.buffer().size() < expected.size() - 100'000);
    file.write();
    CHECK(fs::is_empty(directory));
    file.publish();
    CHECK(fs::exists(path));
  }
  std::ifstream published(path, std::ios::binary);
  CHECK(std::string(std::istreambuf_iterator<char>(published), {}) == expected);
  CHECK_THROWS_WITH(part_file(path), path.string() + ": is there already: nothing is overwritten");
  CHECK(fs::exists(path));
  part_file other(directory / "part-00001");
  std::ofstream(directory / "part-00001") << "somebody else's";
  CHECK_THROWS_AS(other.publish(), rankwise::config_error);
  CHECK(fs::file_size(directory / "part-00001") == 15);
  CHECK_THROWS_AS(part_file("/dev/null/part-00000"), rankwise::config_error);
  fs::remove_all(directory);
}

TEST_CASE("ranks of one host look at a directory side by side") {
  const fs::path directory =
      fs::temp_directory_path() / ("rankwise_part_files_test " + std::to_string(::getpid()));
  fs::remove_all(directory);
  for (int round = 0; round < 200; ++round) {
    const auto thrown = run_on_threads(4, [&](thread_peers& peers) {
      // Each makes the directory where it is missing, and removes it where it has made it.
      rankwise::combine::part_file(directory / ("part-" + std::to_string(peers.row())));
    });
    CHECK(thrown == std::vector<std::string>(4));
  }
  CHECK_FALSE(fs::exists(directory));
}
