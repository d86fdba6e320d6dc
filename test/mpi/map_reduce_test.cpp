// SPDX-License-Identifier: MIT
// map_reduce and group_by over MPI, each against the serial program on the same input.
#include <rankwise/map_reduce.hpp>
#include <rankwise/rankwise.hpp>
#include <rankwise/readers.hpp>

#include "catch.hpp"
#include "on_pool.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <tuple>
#include <unistd.h>
#include <utility>
#include <vector>

namespace {

template <class Key, class Value>
using entries = std::vector<rankwise::entry<Key, Value>>;

/// Input `seed` stands for these words: some are long, one is empty, one has a NUL.
std::vector<std::string> words_of(int seed) {
  std::vector<std::string> words;
  rankwise::random_stream random(7, static_cast<std::uint64_t>(seed));
  for (int i = 0; i < 2000; ++i) {
    const std::uint32_t number = random() % (1U + random() % 3000U);
    std::string word = fmt::format("w{}", number);
    if (number % 7 == 0) word += " which is longer than fifteen bytes";
    if (number % 11 == 0) word += '\0';
    words.push_back(number == 1 ? std::string() : word);
  }
  return words;
}

void emit_words(int seed, rankwise::emitter<std::string, std::uint64_t>& emit) {
  for (const std::string& word : words_of(seed)) emit(word, 1);
}

std::map<std::string, std::uint64_t> counted_serially(int n_inputs) {
  std::map<std::string, std::uint64_t> counts;
  for (int seed = 0; seed < n_inputs; ++seed) {
    for (const std::string& word : words_of(seed)) ++counts[word];
  }
  return counts;
}

void emit_lines(rankwise::input& text, rankwise::emitter<rankwise::single, std::uint64_t>& emit) {
  rankwise::for_each_line(text, [&](rankwise::token) { emit(1); });
}

std::vector<int> seeds(int n) {
  std::vector<int> all;
  for (int seed = 0; seed < n; ++seed) all.push_back(seed);
  return all;
}

template <class Key, class Value>
std::map<Key, Value> as_map(const entries<Key, Value>& all) {
  std::map<Key, Value> made;
  for (const auto& [key, value] : all) made[key] = value;
  REQUIRE(made.size() == all.size());
  return made;
}

}  // namespace

namespace {

struct point {
  std::int32_t x;
  std::string name;

  bool operator==(const point&) const = default;

  bool operator<(const point& other) const {
    return std::tie(x, name) < std::tie(other.x, other.name);
  }
};

void emit_points(int seed, rankwise::emitter<point, double>& emit) {
  for (int i = 0; i < 100; ++i)
    emit(point{(seed + i) % 13, i % 3 == 0 ? "a name of more than fifteen bytes" : "b"}, 0.5);
}

void emit_numbers(int seed, rankwise::emitter<std::int16_t, std::int64_t>& emit) {
  for (int i = 0; i < 500; ++i) emit(static_cast<std::int16_t>(seed * i % 301 - 150), -i);
}

void emit_bins(int seed, rankwise::emitter<rankwise::bin<50>, std::uint64_t>& emit) {
  for (std::uint32_t i = 0; i < 40; ++i) emit({(i * static_cast<std::uint32_t>(seed)) % 45}, i);
}

void emit_text(int seed, rankwise::emitter<std::uint64_t, std::string>& emit) {
  emit(static_cast<std::uint64_t>(seed % 5), std::string(static_cast<std::size_t>(seed), 'x'));
}

struct keep_longer {
  std::string operator()(const std::string& left, const std::string& right) const {
    return left.size() < right.size() ? right : left;
  }
};

void emit_seed(int seed, rankwise::emitter<rankwise::single, std::uint64_t>& emit) {
  emit(static_cast<std::uint64_t>(seed));
}

void emit_nothing(int /*seed*/, rankwise::emitter<rankwise::single, std::uint64_t>& /*emit*/) {}

void emit_out_of_range(int /*seed*/, rankwise::emitter<rankwise::bin<3>, std::uint64_t>& emit) {
  emit({3}, 1);
}

void emit_and_throw(rankwise::task_context& context,
                    int seed,
                    rankwise::emitter<std::string, std::uint64_t>& emit) {
  emit_words(seed, emit);
  if (context.index() == 17) throw std::runtime_error("no luck with 17");
}

void emit_words_with_place(int seed, rankwise::emitter<std::string, int>& emit) {
  for (const std::string& word : words_of(seed)) emit(word, seed);
}

struct write_entry {
  void operator()(const rankwise::entry<std::string, std::uint64_t>& one, std::string& text) const {
    text += fmt::format("{} {}\n", one.value, one.key);
  }
};

/// A task of `distributed::for_each`, which has nothing to tell but what it throws.
struct refuse {
  std::string key = {};

  void operator()(const rankwise::entry<std::string, std::uint64_t>& one) const {
    if (one.key == key) throw std::runtime_error(fmt::format("{} stands {} times", key, one.value));
  }
};

std::string read_all(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

TEST_CASE("words are counted as by the serial program, with every combiner and little memory") {
  const auto expected = counted_serially(60);
  on_pool([&](rankwise::pool& pool) {
    for (const auto combiner : {rankwise::combiner_kind::linear,
                                rankwise::combiner_kind::cuckoo,
                                rankwise::combiner_kind::zynq,
                                rankwise::combiner_kind::none}) {
      for (const std::uint64_t memory : {std::uint64_t{0}, rankwise::memory_bytes_at_least}) {
        rankwise::map_reduce_options how;
        how.combiner = combiner;
        how.memory_bytes = memory;
        const auto counts =
            pool.map_reduce(seeds(60), rankwise::fn<emit_words>, std::plus<>{}, how);
        CHECK(as_map(counts.gather()) == expected);
        CHECK(counts.size() == expected.size());
        CHECK(counts.statistics().n_emitted == 60 * 2000);
        CHECK((counts.statistics().bytes_shuffled == 0) == (pool.n_workers() == 1));
      }
    }
  });
}

TEST_CASE("the first entries and all of them come in order") {
  on_pool([&](rankwise::pool& pool) {
    const auto counts = pool.map_reduce(seeds(40), rankwise::fn<emit_words>, std::plus<>{});
    entries<std::string, std::uint64_t> expected;
    for (const auto& [key, value] : counted_serially(40)) expected.push_back({key, value});

    entries<std::string, std::uint64_t> in_order;
    counts.sorted(rankwise::by_key{}, [&](const auto& one) { in_order.push_back(one); });
    CHECK(in_order == expected);

    std::stable_sort(expected.begin(), expected.end(), [](const auto& left, const auto& right) {
      return left.value > right.value;
    });
    in_order.clear();
    counts.sorted(rankwise::by_value{}, [&](const auto& one) { in_order.push_back(one); });
    CHECK(in_order == expected);
    CHECK(counts.top_k(0).empty());
    CHECK(counts.top_k(1'000'000) == expected);
    expected.resize(10);
    CHECK(counts.top_k(10) == expected);
  });
}

TEST_CASE("keys and values of other types") {
  on_pool([&](rankwise::pool& pool) {
    std::map<point, double> points;
    std::map<std::int16_t, std::int64_t> numbers;
    std::map<std::uint64_t, std::string> texts;
    for (int seed = 0; seed < 30; ++seed) {
      for (int i = 0; i < 100; ++i) {
        points[{(seed + i) % 13, i % 3 == 0 ? "a name of more than fifteen bytes" : "b"}] += 0.5;
      }
      for (int i = 0; i < 500; ++i) numbers[static_cast<std::int16_t>(seed * i % 301 - 150)] -= i;
      texts[static_cast<std::uint64_t>(seed % 5)] =
          std::string(static_cast<std::size_t>(seed), 'x');
    }
    CHECK(as_map(pool.map_reduce(seeds(30), rankwise::fn<emit_points>, std::plus<>{}).gather()) ==
          points);
    CHECK(as_map(pool.map_reduce(seeds(30), rankwise::fn<emit_numbers>, std::plus<>{}).gather()) ==
          numbers);
    CHECK(as_map(pool.map_reduce(seeds(30), rankwise::fn<emit_text>, keep_longer{}).gather()) ==
          texts);
  });
}

TEST_CASE("bins come in order, and single values by themselves") {
  on_pool([&](rankwise::pool& pool) {
    std::map<std::uint32_t, std::uint64_t> expected;
    for (std::uint32_t seed = 0; seed < 20; ++seed) {
      for (std::uint32_t i = 0; i < 40; ++i) expected[i * seed % 45] += i;
    }
    const auto bins = pool.map_reduce(seeds(20), rankwise::fn<emit_bins>, std::plus<>{}).gather();
    REQUIRE(bins.size() == expected.size());
    auto next = expected.begin();
    for (const auto& [key, value] : bins) {
      CHECK(key.index == next->first);
      CHECK(value == next->second);
      ++next;
    }
    CHECK(pool.map_reduce(seeds(20), rankwise::fn<emit_seed>, std::plus<>{}).value() == 190U);
    CHECK(pool.map_reduce(seeds(20), rankwise::fn<emit_nothing>, std::plus<>{}).value() ==
          std::nullopt);
    CHECK(pool.map_reduce(seeds(0), rankwise::fn<emit_words>, std::plus<>{}).gather().empty());
  });
}

TEST_CASE("group_by gives all values of a key, also with little memory") {
  std::map<std::string, std::vector<int>> expected;
  for (int seed = 0; seed < 30; ++seed) {
    for (const std::string& word : words_of(seed)) expected[word].push_back(seed);
  }
  on_pool([&](rankwise::pool& pool) {
    for (const std::uint64_t memory : {std::uint64_t{0}, rankwise::memory_bytes_at_least}) {
      rankwise::map_reduce_options how;
      how.memory_bytes = memory;
      auto found =
          as_map(pool.group_by(seeds(30), rankwise::fn<emit_words_with_place>, how).gather());
      for (auto& [word, places] : found) std::sort(places.begin(), places.end());
      CHECK(found == expected);
    }
  });
}

TEST_CASE("for_each comes to each entry, where it is") {
  on_pool([&](rankwise::pool& pool) {
    const auto counts = pool.map_reduce(seeds(10), rankwise::fn<emit_words>, std::plus<>{});
    CHECK_NOTHROW(counts.for_each(refuse{"no such word"}));
    const auto expected = counted_serially(10);
    for (const std::string key : {"w2", "w7 which is longer than fifteen bytes"}) {
      try {
        counts.for_each(refuse{key});
        FAIL("nothing was thrown");
      } catch (const rankwise::task_error& error) {
        REQUIRE(error.failures().size() == 1);
        CHECK(error.failures().front().text ==
              fmt::format("{} stands {} times", key, expected.at(key)));
      }
    }
  });
}

TEST_CASE("several results live side by side") {
  on_pool([&](rankwise::pool& pool) {
    const auto first = pool.map_reduce(seeds(10), rankwise::fn<emit_words>, std::plus<>{});
    const auto second = pool.map_reduce(seeds(20), rankwise::fn<emit_words>, std::plus<>{});
    CHECK(as_map(second.gather()) == counted_serially(20));
    CHECK(as_map(first.gather()) == counted_serially(10));
  });
}

TEST_CASE("what a mapper throws comes home, and the next call is not touched by it") {
  on_pool([&](rankwise::pool& pool) {
    try {
      pool.map_reduce(seeds(40), rankwise::fn<emit_and_throw>, std::plus<>{});
      FAIL("nothing was thrown");
    } catch (const rankwise::task_error& error) {
      REQUIRE(error.failures().size() == 1);
      CHECK(error.failures().front().index == 17);
      CHECK(error.failures().front().text == "no luck with 17");
    }
    CHECK_THROWS_AS(pool.map_reduce(seeds(1), rankwise::fn<emit_out_of_range>, std::plus<>{}),
                    rankwise::task_error);
    const auto counts = pool.map_reduce(seeds(40), rankwise::fn<emit_words>, std::plus<>{});
    CHECK(as_map(counts.gather()) == counted_serially(40));
  });
}

TEST_CASE("a file that changes after the job has looked at it is an error on every rank") {
  on_pool([&](rankwise::pool& pool) {
    const std::string path =
        (std::filesystem::temp_directory_path() / fmt::format("map_reduce_test_{}.txt", ::getpid()))
            .string();
    const auto lines = [&] {
      rankwise::input_files::options small;
      small.split_bytes = 50'000;
      return rankwise::input_files(pool, {path}, small);
    };
    const auto count = [&](const rankwise::input_files& files) {
      return pool.map_reduce(files, rankwise::fn<emit_lines>, std::plus<>{}).value();
    };
    std::ofstream(path) << std::string(100'000, '\n');
    const auto whole = lines();
    CHECK(count(whole) == 100'000U);
    const auto refused = [&] {
      try {
        count(whole);
      } catch (const rankwise::task_error& error) {
        CHECK(error.is_configuration());
        return error.failures().front().text;
      }
      return std::string("nothing was thrown");
    };
    std::ofstream(path, std::ios::app) << "more\n";
    CHECK_THAT(refused(), Catch::Matchers::EndsWith("it had 100000 bytes, and has 100005"));
    std::filesystem::resize_file(path, 60'006);
    CHECK_THAT(refused(), Catch::Matchers::EndsWith("it had 100000 bytes, and has 60006"));
    CHECK(count(lines()) == 60'006U);
    std::filesystem::remove(path);
  });
}

TEST_CASE("a map_reduce that can't be done is refused before anything runs") {
  on_pool([&](rankwise::pool& pool) {
    rankwise::options retry = pool.options();
    retry.on_error = rankwise::on_error_kind::retry;
    CHECK_THROWS_AS(pool.with(retry).map_reduce(seeds(1), rankwise::fn<emit_words>, std::plus<>{}),
                    rankwise::config_error);
    rankwise::map_reduce_options zynq;
    zynq.combiner = rankwise::combiner_kind::zynq;
    CHECK_THROWS_AS(pool.map_reduce(seeds(1), rankwise::fn<emit_points>, std::plus<>{}, zynq),
                    rankwise::config_error);
    rankwise::map_reduce_options nowhere;
    nowhere.memory_bytes = rankwise::memory_bytes_at_least;
    nowhere.spill_directory = "/nowhere at all";
    try {
      pool.map_reduce(seeds(1), rankwise::fn<emit_words>, std::plus<>{}, nowhere);
      FAIL("nothing was thrown");
    } catch (const rankwise::task_error& error) {
      CHECK(error.is_configuration());
      CHECK(error.failures().front().text ==
            "spill directory '/nowhere at all': no file can be made there: No such file or "
            "directory; --spill-dir names another directory");
    }
  });
}

TEST_CASE("each rank writes its sorted part, and nothing is overwritten") {
  const std::filesystem::path directory =
      std::filesystem::temp_directory_path() / fmt::format("map_reduce_test_{}", ::getppid());
  on_pool([&](rankwise::pool& pool) {
    std::filesystem::remove_all(directory);
    const auto counts = pool.map_reduce(seeds(10), rankwise::fn<emit_words>, std::plus<>{});
    counts.write(directory.string(), write_entry{}, rankwise::by_key{});
    std::string expected;
    for (const auto& [key, value] : counted_serially(10))
      expected += fmt::format("{} {}\n", value, key);
    std::vector<std::string> lines;
    std::uint32_t n_files = 0;
    for (const auto& file : std::filesystem::directory_iterator(directory)) {
      ++n_files;
      const std::string text = read_all(file.path());
      std::size_t begin = 0;
      while (begin < text.size()) {
        const std::size_t end = text.find('\n', begin);
        lines.push_back(text.substr(begin, end - begin));
        begin = end + 1;
      }
    }
    CHECK(n_files == pool.n_workers());
    std::sort(lines.begin(), lines.end(), [](const std::string& left, const std::string& right) {
      return left.substr(left.find(' ')) < right.substr(right.find(' '));
    });
    std::string together;
    for (const std::string& line : lines) together += line + "\n";
    CHECK(together == expected);
    CHECK_THROWS_AS(counts.write(directory.string(), write_entry{}), rankwise::task_error);
    std::filesystem::remove_all(directory);
  });
}

TEST_CASE("every rank runs a call once, at the same time") {
  on_pool([&](rankwise::pool& pool) {
    struct where {
      std::int32_t operator()(rankwise::task_context& context, std::uint32_t row) const {
        return 100 * static_cast<std::int32_t>(context.rank()) + static_cast<std::int32_t>(row);
      }
    };
    for (const bool root_works : {true, false}) {
      rankwise::options how = pool.options();
      how.root_works = root_works;
      const auto all = pool.with(how).on_each_rank(where{});
      const std::int32_t first = root_works || pool.n_ranks() == 1 ? 0 : 1;
      REQUIRE(all.size() == pool.n_ranks() - static_cast<std::uint32_t>(first));
      for (std::size_t row = 0; row < all.size(); ++row)
        CHECK(all[row] ==
              100 * (static_cast<std::int32_t>(row) + first) + static_cast<std::int32_t>(row));
      CHECK(as_map(pool.with(how)
                       .map_reduce(seeds(20), rankwise::fn<emit_words>, std::plus<>{})
                       .gather()) == counted_serially(20));
    }
  });
}

TEST_CASE("a map_reduce is one call, in which its mappers draw random numbers") {
  on_pool({.seed = 3}, [](rankwise::pool& pool) {
    const auto draw = [](rankwise::task_context& context,
                         int value,
                         rankwise::emitter<int, std::uint32_t>& emit) {
      emit(value, context.random()());
    };
    const auto add = [](std::uint32_t left, std::uint32_t right) { return left + right; };
    for (std::uint32_t number = 0; number < 3; ++number) {
      const auto all = pool.map_reduce(std::vector<int>{0, 1, 2, 3, 4, 5, 6}, draw, add);
      CHECK(all.size() == 7);
      all.sorted(rankwise::by_key{}, [&](const rankwise::entry<int, std::uint32_t>& one) {
        CHECK(one.value ==
              rankwise::random_stream(3, static_cast<std::uint64_t>(one.key), number)());
      });
    }
  });
}
