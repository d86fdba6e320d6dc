// SPDX-License-Identifier: MIT
// Parts of a map_reduce on ranks that are threads, against the serial sums.
#include <rankwise/map_reduce/combine/dense_part.hpp>
#include <rankwise/map_reduce/combine/key_codec.hpp>
#include <rankwise/map_reduce/combine/list_sink.hpp>
#include <rankwise/random.hpp>

#include "catch.hpp"
#include "map_reduce/combine_job.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using rankwise::emitter;
using rankwise::random_stream;
using namespace rankwise::test;

namespace {

/// Keys as texts have them: some frequent, many once; short and long, one empty, some with NULs.
std::string key_of(std::uint32_t number) {
  std::string key = number == 0 ? "" : "k" + std::to_string(number);
  if (number % 7 == 3) key += " which is longer than fifteen bytes";
  if (number % 11 == 5) key += '\0';
  return key;
}

std::uint32_t number_of(random_stream& random, std::uint32_t n_keys) {
  return random() % (1U + random() % n_keys);
}

struct longer {
  std::string operator()(std::string left, std::string right) const {
    return right.size() > left.size() ? std::move(right) : std::move(left);
  }
};

struct append_list {
  std::vector<std::string> operator()(std::vector<std::string> left,
                                      std::vector<std::string> right) const {
    std::move(right.begin(), right.end(), std::back_inserter(left));
    return left;
  }
};

}  // namespace

TEST_CASE("sums are those of the serial program, in every mode, on any number of ranks") {
  const std::uint32_t n_ranks = GENERATE(1U, 2U, 3U, 5U);
  const auto kind =
      GENERATE(mode::linear, mode::cuckoo, mode::zynq, mode::none, mode::radix, mode::radix_cuckoo);
  const std::uint64_t memory = GENERATE(0U, 300'000U, 2'000U);
  const std::uint64_t seed = 11;
  CAPTURE(n_ranks, static_cast<int>(kind), memory, seed);
  const std::uint32_t n_emitted = 12'000;
  const auto emit_all = [&](std::uint32_t row, auto&& emit) {
    random_stream random(seed, row);
    for (std::uint32_t i = 0; i < n_emitted; ++i)
      emit(key_of(number_of(random, 6'000)), random() % 3 == 0 ? random() : 1U);
  };
  sums<std::uint64_t> expected;
  for (std::uint32_t row = 0; row < n_ranks; ++row) {
    emit_all(row, [&](const std::string& key, std::uint64_t value) { expected[key] += value; });
  }
  const auto found = run_mode<std::uint64_t>(
      kind, n_ranks, options_for(seed, memory), [&](std::uint32_t row, auto& emit) {
        emit_all(row, emit);
      });
  CHECK_FALSE(found.has_failed());
  CHECK(found.all == expected);
  CHECK(found.n_visited == expected.size());
  CHECK(found.sum_of(&part_figures::n_emitted) == std::uint64_t{n_emitted} * n_ranks);
  CHECK((found.sum_of(&part_figures::bytes_spilled) != 0) >= (memory == 2'000));
  CHECK((found.sum_of(&part_figures::bytes_spilled) != 0) <= (memory != 0));
  CHECK((found.sum_of(&part_figures::bytes_shuffled) != 0) == (n_ranks != 1));
}

TEST_CASE("many keys in little memory are merged piece by piece") {
  // Some 100 keys a segment, which take more than the limit: they are dealt out to smaller ones.
  const std::uint32_t n_ranks = GENERATE(1U, 2U);
  const auto kind = GENERATE(mode::linear, mode::cuckoo, mode::radix);
  CAPTURE(n_ranks, static_cast<int>(kind));
  const std::uint32_t n_keys = 100'000;
  const std::uint64_t memory = 2'000;
  const auto found = run_mode<std::uint64_t>(
      kind, n_ranks, options_for(3, memory), [&](std::uint32_t row, auto& emit) {
        for (std::uint32_t i = row; i < n_keys; i += n_ranks)
          emit(std::to_string(i * 7919 % n_keys), i % 5);
        emit(std::to_string(row), 1000);
      });
  CHECK_FALSE(found.has_failed());
  CHECK(found.n_visited == n_keys);
  std::uint64_t n_wrong = 0;
  for (std::uint32_t i = 0; i < n_keys; ++i) {
    const std::uint32_t key = i * 7919 % n_keys;
    const std::uint64_t expected = i % 5 + (key < n_ranks ? 1000 : 0);
    const auto place = found.all.find(std::to_string(key));
    n_wrong += place == found.all.end() || place->second != expected ? 1 : 0;
  }
  CHECK(n_wrong == 0);
  CHECK(found.sum_of(&part_figures::bytes_spilled) > 500'000);
}

TEST_CASE("memory stays near its limit, whatever waits when the last emission is in") {
  // Where the tables are about to grow when what waits is merged at the end, they grow beyond the
  // limit all at once.
  const auto kind = GENERATE(mode::none, mode::linear, mode::radix);
  const std::uint32_t too_many = kind == mode::linear ? 70'000 : 190'000;  // records take less
  for (const std::uint32_t n_keys : {30'000U,
                                     36'000U,
                                     42'000U,
                                     48'000U,
                                     54'000U,
                                     60'000U,
                                     66'000U,
                                     72'000U,
                                     78'000U,
                                     200'000U}) {
    CAPTURE(static_cast<int>(kind), n_keys);
    const std::uint64_t memory = 1'500'000;
    const auto found = run_mode<std::uint64_t>(
        kind, 1, options_for(n_keys, memory), [&](std::uint32_t, auto& emit) {
          for (std::uint32_t i = 0; i < n_keys; ++i) emit(std::to_string(i), 1U);
        });
    CHECK(found.thrown.front() == "");
    CHECK(found.n_visited == n_keys);
    CHECK(found.all.size() == n_keys);
    CHECK((found.figures.front().bytes_spilled != 0) >= (n_keys > too_many));
    CHECK(found.figures.front().most_bytes < memory + memory / 4);
  }
}

TEST_CASE("many keys, over and over, merged segment by segment") {
  // What waits for a segment is merged several times; what another rank owns is merged here first
  // where keys come again, and sent as it is where most are new.
  const std::uint32_t n_ranks = GENERATE(1U, 2U, 3U);
  const auto kind = GENERATE(mode::radix, mode::radix_cuckoo);
  const std::uint32_t n_keys = GENERATE(5'000U, 100'000U);
  CAPTURE(n_ranks, static_cast<int>(kind), n_keys);
  constexpr std::uint32_t n_emitted = 200'000;
  const auto emit_all = [&](std::uint32_t row, auto&& emit) {
    random_stream random(17, row);
    for (std::uint32_t i = 0; i < n_emitted; ++i) emit(random() % n_keys, std::uint64_t{i} << 20U);
  };
  std::vector<std::uint64_t> expected(n_keys, 0);
  std::uint64_t n_distinct = 0;
  for (std::uint32_t row = 0; row < n_ranks; ++row) {
    emit_all(row, [&](std::uint32_t key, std::uint64_t value) {
      if (expected[key] == 0) ++n_distinct;
      expected[key] += value + 1;
    });
  }
  const auto found =
      run_mode<std::uint64_t>(kind, n_ranks, options_for(3, 0), [&](std::uint32_t row, auto& emit) {
        emit_all(row, [&](std::uint32_t key, std::uint64_t value) {
          emit(std::to_string(key), value + 1);
        });
      });
  CHECK(found.thrown == std::vector<std::string>(n_ranks));
  CHECK(found.n_visited == n_distinct);
  std::uint64_t n_wrong = 0;
  for (std::uint32_t key = 0; key < n_keys; ++key) {
    const auto place = found.all.find(std::to_string(key));
    const std::uint64_t sum = place == found.all.end() ? 0 : place->second;
    n_wrong += sum == expected[key] ? 0 : 1;
  }
  CHECK(n_wrong == 0);
}

TEST_CASE("segments for which much waits are merged on the way") {
  const std::uint32_t n_ranks = GENERATE(1U, 2U);
  const auto kind = GENERATE(mode::none, mode::radix, mode::radix_cuckoo);
  CAPTURE(n_ranks, static_cast<int>(kind));
  part_options how = options_for(3, 0);
  // Keys of eight segments of 1,024, so that little work is enough.
  static const std::vector<std::string> keys = [hash = rankwise::combine::key_hash(how.hash_seed)] {
    std::vector<std::string> all;
    for (std::uint32_t i = 0; all.size() < 64'000; ++i) {
      std::string key = std::to_string(i);
      if ((hash(rankwise::combine::pack(key)) >> 54U) % 128 == 0) all.push_back(std::move(key));
    }
    return all;
  }();
  const auto emit_all = [&](std::uint32_t row, auto&& emit) {
    random_stream random(19, row);
    for (std::uint32_t i = 0; i < 500'000 / n_ranks; ++i)
      emit(keys[random() % keys.size()], std::uint64_t{i} << 20U);
  };
  sums<std::uint64_t> expected;
  for (std::uint32_t row = 0; row < n_ranks; ++row) {
    emit_all(row, [&](const std::string& key, std::uint64_t value) { expected[key] += value; });
  }
  std::vector<std::uint64_t> most_bytes;
  for (const std::uint64_t patient_bytes : {std::uint64_t{0}, std::uint64_t{1} << 30U}) {
    how.patient_bytes = patient_bytes;
    const auto found = run_mode<std::uint64_t>(
        kind, n_ranks, how, [&](std::uint32_t row, auto& emit) { emit_all(row, emit); });
    CHECK(found.thrown == std::vector<std::string>(n_ranks));
    CHECK(found.n_visited == expected.size());
    CHECK((found.all == expected));
    most_bytes.push_back(found.figures.front().most_bytes);
  }
  // Where there are two, how much waits at a time depends on when it comes from the other one.
  if (n_ranks == 1) CHECK(most_bytes.front() < most_bytes.back());
}

TEST_CASE("ranks that still combine in tables take what comes from one that no longer does") {
  const std::uint64_t memory = GENERATE(0U, 300'000U);
  CAPTURE(memory);
  const auto n_of = [](std::uint32_t row) { return row == 1 ? 300'000U : 500U; };
  const auto found = run_mode<std::uint64_t>(
      mode::radix, 3, options_for(3, memory), [&](std::uint32_t row, auto& emit) {
        for (std::uint32_t i = 0; i < n_of(row); ++i) {
          emit(std::to_string(i), 1U);
          if (i % 100 == 0) emit("more than fifteen bytes: " + std::to_string(i), 1U);
        }
      });
  CHECK(found.thrown == std::vector<std::string>(3));
  CHECK(found.n_visited == 303'000);
  REQUIRE(found.all.size() == 303'000);
  std::uint64_t n_wrong = 0;
  for (std::uint32_t i = 0; i < 300'000; ++i)
    n_wrong += found.all.at(std::to_string(i)) == (i < 500 ? 3 : 1) ? 0 : 1;
  CHECK(n_wrong == 0);
  CHECK(found.all.at("more than fifteen bytes: 400") == 3);
}

TEST_CASE("a key that is nearly everything") {
  const std::uint32_t n_ranks = GENERATE(1U, 3U);
  const auto kind = GENERATE(mode::linear, mode::cuckoo, mode::zynq, mode::none, mode::radix);
  const std::uint64_t memory = GENERATE(0U, 5'000U);
  CAPTURE(n_ranks, static_cast<int>(kind), memory);
  const std::string hot = GENERATE(std::string("hot"), std::string(40, 'h'));
  const auto found = run_mode<std::uint64_t>(
      kind, n_ranks, options_for(5, memory), [&](std::uint32_t row, auto& emit) {
        for (std::uint32_t i = 0; i < 20'000; ++i)
          emit(i % 100 == 99 ? std::to_string(i * n_ranks + row) : hot, 1U);
      });
  CHECK_FALSE(found.has_failed());
  CHECK(found.n_visited == 1 + 200 * n_ranks);
  REQUIRE(found.all.contains(hot));
  CHECK(found.all.at(hot) == 19'800 * n_ranks);
}

TEST_CASE("sums past 32 bits come through the zynq front") {
  const std::uint32_t n_ranks = GENERATE(1U, 3U);
  const auto found = run_mode<std::uint64_t>(
      mode::zynq, n_ranks, options_for(5, 0), [&](std::uint32_t row, auto& emit) {
        for (std::uint32_t i = 0; i < 5'000; ++i) {
          emit("small", std::uint64_t{1} << 31U);
          emit("large", std::uint64_t{1} << 40U);
          emit("longer than 8 bytes", UINT32_MAX);
          emit(std::to_string(i % 50), UINT32_MAX - row);
        }
      });
  CHECK_FALSE(found.has_failed());
  CHECK(found.n_visited == 53);
  CHECK(found.all.at("small") == (std::uint64_t{5'000} << 31U) * n_ranks);
  CHECK(found.all.at("large") == (std::uint64_t{5'000} << 40U) * n_ranks);
  CHECK(found.all.at("longer than 8 bytes") == std::uint64_t{5'000} * UINT32_MAX * n_ranks);
  std::uint64_t expected = 0;
  for (std::uint32_t row = 0; row < n_ranks; ++row)
    expected += std::uint64_t{100} * (UINT32_MAX - row);
  for (int i = 0; i < 50; ++i) CHECK(found.all.at(std::to_string(i)) == expected);
}

TEMPLATE_TEST_CASE_SIG(
    "values that no slot can hold", "", ((bool combine_here), combine_here), true, false) {
  const std::uint32_t n_ranks = GENERATE(1U, 2U, 5U);
  const std::uint64_t memory = GENERATE(0U, 20'000U);
  const std::uint64_t seed = 23;
  CAPTURE(n_ranks, memory, seed, combine_here);
  part_options how = options_for(seed, memory);
  how.combine_here = combine_here;
  const auto emit_all = [&](std::uint32_t row, auto&& emit) {
    random_stream random(seed, row);
    for (int i = 0; i < 3'000; ++i) {
      std::string key = key_of(number_of(random, 700));
      const std::size_t n = random() % 5 == 0 ? 40 + key.size() : key.size() % 20;
      std::string value = key + std::string(n, static_cast<char>('a' + n % 26));
      emit(key, std::move(value));
    }
  };
  SECTION("strings, of which the longest is kept") {
    sums<std::string> expected;
    for (std::uint32_t row = 0; row < n_ranks; ++row) {
      emit_all(row, [&](const std::string& key, std::string value) {
        expected[key] = longer{}(std::move(expected[key]), std::move(value));
      });
    }
    const auto found = run_job<std::string, std::string>(
        n_ranks,
        maker_of<std::string, longer, linear_table>(how, {}),
        [&](std::uint32_t row, auto& emit) { emit_all(row, emit); });
    CHECK_FALSE(found.has_failed());
    CHECK(found.all == expected);
    CHECK(found.n_visited == expected.size());
    CHECK((found.sum_of(&part_figures::bytes_spilled) != 0) == (memory != 0));
  }
  SECTION("lists of all values") {
    sums<std::vector<std::string>> expected;
    for (std::uint32_t row = 0; row < n_ranks; ++row) {
      emit_all(row, [&](const std::string& key, std::string value) {
        expected[key].push_back(std::move(value));
      });
    }
    // One key has a list of its own size: that much there must be.
    if (memory != 0) how.memory_bytes = 200'000;
    auto found = run_job<std::string, std::vector<std::string>>(
        n_ranks,
        maker_of<std::vector<std::string>, append_list, linear_table>(how, {}),
        [&](std::uint32_t row, emitter<std::string, std::vector<std::string>>& lists) {
          emit_all(row, [&](const std::string& key, std::string value) {
            lists(key, {std::move(value)});
          });
        });
    CHECK(found.thrown == std::vector<std::string>(n_ranks));
    CHECK(found.n_visited == expected.size());
    for (auto* const all : {&found.all, &expected}) {
      for (auto& [key, list] : *all) std::sort(list.begin(), list.end());
    }
    CHECK(found.all == expected);
    CHECK((found.sum_of(&part_figures::bytes_spilled) != 0) == (memory != 0));
  }
}

TEST_CASE("a list sink makes lists of one") {
  struct keeping final : rankwise::combine::emit_sink<std::vector<int>> {
    void put_batch(std::span<rankwise::combine::batch_entry<std::vector<int>>> batch) override {
      for (auto& entry : batch) all[std::string(entry.key.text())].push_back(entry.value);
    }

    void put_text(std::string_view key, std::vector<int>&& value) override {
      all[std::string(key)].push_back(std::move(value));
    }

    std::map<std::string, std::vector<std::vector<int>>> all;
  };

  keeping kept;
  rankwise::combine::list_sink<int> lists(kept);
  emitter<std::string, int> emit(lists);
  for (int i = 0; i < 100; ++i) emit(i % 2 == 0 ? "even" : "odd, and longer than 15", i);
  emit.flush();
  REQUIRE(kept.all.size() == 2);
  for (const auto& [key, values] : kept.all) {
    REQUIRE(values.size() == 50);
    for (int i = 0; i < 50; ++i)
      CHECK(values[static_cast<std::size_t>(i)] ==
            std::vector<int>{2 * i + (key == "even" ? 0 : 1)});
  }
}

TEST_CASE("letters are as small as little memory wants them") {
  const auto thrown = run_on_threads(5, [](thread_peers& peers) {
    const shuffle_group group{0, 5, peers.row()};
    const auto none = [](std::span<const std::byte>) {};
    const rankwise::combine::shuffle<int> plenty(peers, 1, group, peers.cancelled(), none);
    const rankwise::combine::shuffle<int> little(
        peers, 2, group, peers.cancelled(), none, 8'000'000);
    if (peers.row() != 0) return;
    CHECK(plenty.bytes_at_most() >= 4U * (256U << 10U) * 10U);
    CHECK(little.bytes_at_most() <= 2'000'000);
    CHECK(little.bytes_at_most() > 1'900'000);
  });
  CHECK(thrown == std::vector<std::string>(5));
}

TEST_CASE("numbers as keys: an array, whose owners are the first ranks") {
  const std::uint32_t n_ranks = GENERATE(1U, 2U, 3U, 5U);
  const std::uint32_t n_keys = GENERATE(1U, 3U, 1'000U);
  CAPTURE(n_ranks, n_keys);
  using bin = rankwise::bin<1'000>;
  const auto make = [&](thread_peers& peers, const shuffle_group& group) {
    return std::make_unique<rankwise::combine::dense_part<std::uint64_t, std::plus<>>>(
        n_keys, 7, group, std::plus<>{}, peers, peers.cancelled());
  };
  const auto key_of_bin = [](std::uint32_t index) {
    return std::string(rankwise::combine::key_codec<bin>::pack({index}).text());
  };
  sums<std::uint64_t> expected;
  const auto emit_all = [&](std::uint32_t row, auto&& emit) {
    random_stream random(9, row);
    for (std::uint32_t i = 0; i < 2'000; ++i) {
      const std::uint32_t index = random() % n_keys;
      if (index % 10 != 7) emit(index, i);
    }
  };
  for (std::uint32_t row = 0; row < n_ranks; ++row) {
    emit_all(row, [&](std::uint32_t index, std::uint64_t value) {
      expected[key_of_bin(index)] += value;
    });
  }
  SECTION("sums") {
    const auto found =
        run_job<bin, std::uint64_t>(n_ranks, make, [&](std::uint32_t row, auto& emit) {
          emit_all(row, [&](std::uint32_t index, std::uint64_t value) { emit({index}, value); });
        });
    CHECK_FALSE(found.has_failed());
    CHECK(found.all == expected);
    CHECK(found.n_visited == expected.size());
  }
  SECTION("a number too large") {
    const auto found =
        run_job<bin, std::uint64_t>(n_ranks, make, [&](std::uint32_t row, auto& emit) {
          if (row == 0) emit({n_keys}, 1U);
        });
    CHECK(found.thrown[0] ==
          "bin " + std::to_string(n_keys) + " was emitted: there are " + std::to_string(n_keys));
  }
}
