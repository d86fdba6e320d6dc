// SPDX-License-Identifier: MIT
// Damaged journals: refused with the file's name, or what they hold is what was written.
#include "catch.hpp"
#ifdef RANKWISE_HAS_SQLITE
#include <rankwise/error.hpp>
#include <rankwise/journal/sqlite_journal.hpp>

#include "fuzz.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <span>
#include <string>
#include <vector>

using rankwise::observe::journal_result;
using rankwise::observe::journal_use;
using rankwise::observe::sqlite_journal;

namespace fs = std::filesystem;

namespace {

std::string contents(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

/// What a whole journal holds: items i to i + 2, i = 0, 3, 6 ..., each with as many bytes as i.
std::string make_journal(const fs::path& file) {
  {
    sqlite_journal book(file, "app", journal_use::begin, {"host"});
    book.begin({1, "pool::map", "task", 300, 5});
    for (std::uint64_t first = 0; first < 300; first += 3) {
      journal_result row;
      row.call = 1;
      row.items = {first, 3};
      row.payload = rankwise::wire::bytes(first, static_cast<std::byte>(first));
      book.add(std::move(row));
    }
    book.add(rankwise::observe::journal_failure{1, 299, 0, "host", "text", false, true});
  }
  return contents(file);
}

}  // namespace

TEST_CASE("damaged journals") {
  std::string name = fs::temp_directory_path() / "fuzz-journal-XXXXXX";
  const fs::path folder = ::mkdtemp(name.data());
  const std::vector<std::string> texts{make_journal(folder / "whole.db")};
  const std::string file = folder / "run.db";
  int n_read = 0;
  int n_refused = 0;
  const auto use = [&](std::uint64_t, rankwise::random_stream& chance) {
    for (const char* const suffix : {"", "-wal", "-shm", "-journal"}) fs::remove(file + suffix);
    const bool is_log = chance() % 8 == 0;
    std::ofstream(file, std::ios::binary)
        << (is_log ? texts.front() : fuzz::changed(texts, chance));
    if (is_log) std::ofstream(file + "-wal", std::ios::binary) << fuzz::changed(texts, chance);
    try {
      sqlite_journal book(file, "app", journal_use::resume, {"host"});
      book.begin({1, "pool::map", "task", 300, 5});
      book.read_results(1, [](const journal_result& row, std::span<const std::byte> payload) {
        REQUIRE(row.items.count == 3);
        REQUIRE(payload.size() == row.items.first);
        for (const std::byte one : payload) REQUIRE(one == static_cast<std::byte>(row.items.first));
      });
      static_cast<void>(book.read_failures(1));
      ++n_read;
    } catch (const rankwise::config_error& error) {
      REQUIRE(std::string(error.what()).starts_with(file + ": "));
      ++n_refused;
    } catch (const rankwise::journal_error& error) {
      REQUIRE(std::string(error.what()).starts_with(file + ": "));
      ++n_refused;
    }
  };
  fuzz::run(use, 300);
  CHECK(n_read > 0);
  CHECK(n_refused > 0);
  fs::remove_all(folder);
}
#else
TEST_CASE("damaged journals are left out, since there is no SQLite here") {
  WARN("there is no SQLite here");
}
#endif
