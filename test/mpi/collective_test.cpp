// SPDX-License-Identifier: MIT
#include <rankwise/collective.hpp>
#include <rankwise/rankwise.hpp>

#include "catch.hpp"
#include "temporary_directory.hpp"

#include <boost/mpi/communicator.hpp>
#include <mpi.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <list>
#include <optional>
#include <ranges>
#include <stdexcept>
#include <string>
#include <typeinfo>
#include <unistd.h>
#include <vector>

namespace {

const rankwise::collective_options on_all{.everywhere = true, .options = {.quiet = true}};
const rankwise::collective_options on_root{.everywhere = false, .options = {.quiet = true}};

int rank_of(MPI_Comm communicator) {
  int rank = 0;
  MPI_Comm_rank(communicator, &rank);
  return rank;
}

/// The sum over all ranks: the program's own collective, which hangs if some rank is elsewhere.
int sum_over_ranks(int mine) {
  int sum = 0;
  MPI_Allreduce(&mine, &sum, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
  return sum;
}

/// What rank 0 has, on all ranks.
std::string text_of_root(const std::string& mine) {
  std::vector<char> text(4096);
  mine.copy(text.data(), text.size() - 1);
  MPI_Bcast(text.data(), static_cast<int>(text.size()), MPI_CHAR, 0, MPI_COMM_WORLD);
  return text.data();
}

template <class Error>
std::string text_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return typeid(error) == typeid(Error) ? error.what() : std::string();
  }
  return {};
}

/// What is printed on stderr while `work` runs.
std::string printed_by(const std::function<void()>& work) {
  const rankwise::test::temporary_directory scratch;
  const std::string path = (scratch.path() / "stderr").string();
  std::fflush(stderr);
  const int before = ::dup(STDERR_FILENO);
  REQUIRE(std::freopen(path.c_str(), "w", stderr) != nullptr);
  work();
  std::fflush(stderr);
  ::dup2(before, STDERR_FILENO);
  ::close(before);
  std::FILE* const file = std::fopen(path.c_str(), "r");
  std::string text(4096, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file));
  std::fclose(file);
  return text;
}

}  // namespace

TEST_CASE("a lambda with captures maps inputs of its own rank, results on all ranks") {
  std::vector<double> table(1000);
  for (std::size_t i = 0; i < table.size(); ++i) table[i] = 0.5 * static_cast<double>(i);
  const double factor = 3;
  // Pointers mean something on their own rank: nothing of the inputs travels.
  std::vector<const double*> inputs;
  for (const double& value : table) inputs.push_back(&value);
  const auto results = rankwise::map(
      MPI_COMM_WORLD, inputs, [&](const double* value) { return *value * factor; }, on_all);
  REQUIRE(results.size() == table.size());
  for (std::size_t i = 0; i < table.size(); ++i) CHECK(results[i] == table[i] * factor);
}

TEST_CASE("results stay on rank 0 where they are not asked for elsewhere") {
  const auto results = rankwise::map(
      boost::mpi::communicator(), std::views::iota(0, 100), [](int i) { return i; }, on_root);
  CHECK(results.size() == (rank_of(MPI_COMM_WORLD) == 0 ? 100 : 0));
  const std::vector<int> none;
  CHECK(rankwise::map(
            MPI_COMM_WORLD, none, [](int i) { return i; }, on_all)
            .empty());
}

TEST_CASE("reduce, find_first and for_each") {
  const int step = 7;
  const std::list<int> inputs{3, 1, 4, 1, 5, 9, 2, 6};
  CHECK(rankwise::reduce(
            MPI_COMM_WORLD,
            inputs,
            std::string("0"),
            [&](const std::string& left, const std::string& right) { return left + right; },
            [&](int i) { return std::to_string(i + step); },
            on_all) ==
        "010811812169"
        "13");
  const auto place = rankwise::find_first(
      MPI_COMM_WORLD, inputs, [&](int i) { return i + step > 11; }, on_all);
  CHECK(place == std::optional<std::uint64_t>(4));
  const auto found = rankwise::find_first(
      MPI_COMM_WORLD,
      inputs,
      [&](int i) { return i > 8 ? std::optional<int>(i * step) : std::nullopt; },
      on_all);
  REQUIRE(found.has_value());
  CHECK(found->index == 5);
  CHECK(found->value == 63);
  int sum = 0;
  rankwise::for_each(
      MPI_COMM_WORLD,
      inputs,
      [&](rankwise::task_context& context, int i) {
        sum += i + static_cast<int>(context.index());
        return 0;
      },
      on_all);
  CHECK(sum_over_ranks(sum) == 31 + 28);
}

TEST_CASE("a stream: source and sink of rank 0, the task of each rank") {
  const boost::mpi::communicator world;
  rankwise::options quiet;
  quiet.quiet = true;
  for (const bool everywhere : {false, true}) {
    const int factor = 3;
    std::vector<int> found;
    const auto report = rankwise::stream(
        world,
        std::views::iota(1),
        [&factor](int value) { return factor * value; },
        [&found](int value) {
          found.push_back(value);
          return value < 300;
        },
        {},
        {.everywhere = everywhere, .options = quiet});
    CHECK(found.size() == (world.rank() == 0 ? 100U : 0U));
    CHECK(report.n_delivered == (world.rank() == 0 || everywhere ? 100U : 0U));
  }
  CHECK_THROWS_AS(rankwise::stream(
                      world,
                      std::views::iota(0, 10),
                      [](int value) {
                        if (value == 5) throw std::runtime_error("five");
                        return value;
                      },
                      [](int /*value*/) {}),
                  rankwise::task_error);
}

TEST_CASE("what the body returns, on all ranks") {
  const auto squares =
      rankwise::run_everywhere(MPI_COMM_WORLD, {.quiet = true}, [](const rankwise::pool& pool) {
        return pool.map(std::views::iota(0, 1000), [](int i) { return i * i; });
      });
  REQUIRE(squares.size() == 1000);
  CHECK(squares[999] == 999 * 999);
}

TEST_CASE("each half of the ranks has a map of its own") {
  const int rank = rank_of(MPI_COMM_WORLD);
  MPI_Comm half = MPI_COMM_NULL;
  MPI_Comm_split(MPI_COMM_WORLD, rank % 2, -rank, &half);
  for (int round = 0; round < 20; ++round) {
    const int offset = 1000 * (rank % 2) + round;
    const auto results = rankwise::map(
        half, std::views::iota(0, 50 + rank % 2), [&](int i) { return i + offset; }, on_all);
    REQUIRE(results.size() == static_cast<std::size_t>(50 + rank % 2));
    CHECK(results.back() == 49 + rank % 2 + offset);
  }
  MPI_Comm_free(&half);
}

TEST_CASE("a task that throws: all ranks throw the same, and can go on together") {
  const int limit = 77;
  for (int round = 0; round < 20; ++round) {
    const std::string text = text_of<rankwise::task_error>([&] {
      rankwise::map(
          MPI_COMM_WORLD,
          std::views::iota(0, 1000),
          [&](int i) {
            if (i == limit) throw std::runtime_error("no luck");
            return i;
          },
          round % 2 == 0 ? on_all : on_root);
    });
    CHECK(text.starts_with("task 77 failed on rank "));
    CHECK(text.ends_with(": no luck"));
    CHECK(text == text_of_root(text));
  }
  CHECK(sum_over_ranks(1) > 0);
}

TEST_CASE("what else the body throws: a config_error is one on all ranks") {
  const std::string text = text_of<rankwise::config_error>([] {
    rankwise::run(MPI_COMM_WORLD, {.quiet = true}, [](const rankwise::pool&) {
      throw rankwise::config_error("bad");
    });
  });
  CHECK(text == "bad");
  const std::string lost = text_of<rankwise::rank_lost>([] {
    rankwise::run(MPI_COMM_WORLD, {.quiet = true}, [](const rankwise::pool&) {
      throw rankwise::rank_lost("gone");
    });
  });
  CHECK(lost == "gone");
}

TEST_CASE("a communicator that can't be used is refused in words") {
  const auto map_on = [](MPI_Comm communicator) {
    return text_of<rankwise::config_error>([&] {
      rankwise::map(
          communicator, std::views::iota(0, 3), [](int i) { return i; }, on_all);
    });
  };
  CHECK(map_on(MPI_COMM_NULL).starts_with("found MPI_COMM_NULL, accepted: "));
  int n_ranks = 0;
  MPI_Comm_size(MPI_COMM_WORLD, &n_ranks);
  if (n_ranks == 1) return;
  const int rank = rank_of(MPI_COMM_WORLD);
  MPI_Comm half = MPI_COMM_NULL;
  MPI_Comm between = MPI_COMM_NULL;
  MPI_Comm_split(MPI_COMM_WORLD, rank % 2, rank, &half);
  MPI_Intercomm_create(half, 0, MPI_COMM_WORLD, rank % 2 == 0 ? 1 : 0, 1, &between);
  CHECK(map_on(between).starts_with("found an inter-communicator, accepted: "));
  MPI_Comm_free(&between);
  MPI_Comm_free(&half);
}

TEST_CASE("ranks that come in different calls are refused on all ranks") {
  int n_ranks = 0;
  MPI_Comm_size(MPI_COMM_WORLD, &n_ranks);
  if (n_ranks == 1) return;
  const bool is_last = rank_of(MPI_COMM_WORLD) == n_ranks - 1;
  const auto same = [](int i) { return i; };
  const std::string inputs = text_of<rankwise::config_error>(
      [&] { rankwise::map(MPI_COMM_WORLD, std::views::iota(0, is_last ? 12 : 10), same, on_all); });
  CHECK(inputs ==
        "found rankwise::map, results everywhere, of 12 inputs on rank " +
            std::to_string(n_ranks - 1) +
            " and rankwise::map, results everywhere, of 10 inputs on rank 0, accepted: the "
            "same call, with the same inputs, on all ranks of the communicator");
  const std::string calls = text_of<rankwise::config_error>([&] {
    if (is_last) {
      rankwise::for_each(MPI_COMM_WORLD, std::views::iota(0, 10), same, on_root);
    } else {
      rankwise::map(MPI_COMM_WORLD, std::views::iota(0, 10), same, on_root);
    }
  });
  CHECK(calls.find("rankwise::for_each of 10 inputs") != std::string::npos);
  CHECK(calls.find("rankwise::map of 10 inputs") != std::string::npos);
}

TEST_CASE("a call inside another is refused, and the outer one goes on") {
  const auto inner = [](int i) {
    rankwise::map(
        MPI_COMM_WORLD, std::views::iota(0, 3), [](int j) { return j; }, on_root);
    return i;
  };
  const std::string in_task = text_of<rankwise::task_error>(
      [&] { rankwise::map(MPI_COMM_WORLD, std::views::iota(0, 10), inner, on_root); });
  CHECK(in_task.find("found a collective call of rankwise inside another") != std::string::npos);
  const auto outer = rankwise::map(
      MPI_COMM_WORLD,
      std::views::iota(0, 100),
      [&](int i) {
        try {
          return inner(i);
        } catch (const std::logic_error&) {
          return -i;
        }
      },
      on_all);
  CHECK(outer.back() == -99);
}

TEST_CASE("a journal is refused") {
  const rankwise::collective_options journaled{.everywhere = false,
                                               .options = {.quiet = true, .journal = "never.db"}};
  CHECK(text_of<rankwise::config_error>([&] {
          rankwise::for_each(
              MPI_COMM_WORLD, std::views::iota(0, 3), [](int) {}, journaled);
        }).starts_with("found a journal for a collective call, accepted: none"));
}

TEST_CASE("quiet means that nothing is printed, summary means that one is") {
  const auto doubled = [](rankwise::collective_options how) {
    rankwise::map(
        MPI_COMM_WORLD, std::views::iota(0, 30), [](int i) { return 2 * i; }, how);
  };
  CHECK(printed_by([&] { doubled(on_all); }).empty());
  CHECK(printed_by([&] { doubled({}); }).empty() == (rank_of(MPI_COMM_WORLD) != 0));
}

TEST_CASE("a result that travels in several parts comes whole to all ranks") {
  const auto bytes = rankwise::map(
      MPI_COMM_WORLD,
      std::views::iota(0, 4),
      [](int i) { return std::string(3'000'000, static_cast<char>('a' + i)); },
      on_all);
  REQUIRE(bytes.size() == 4);
  CHECK(bytes[3] == std::string(3'000'000, 'd'));
}
