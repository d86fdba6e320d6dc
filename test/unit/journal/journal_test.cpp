// SPDX-License-Identifier: MIT
// What a journal keeps, what it refuses, and what is left of it after a loss of power.
#ifdef RANKWISE_HAS_SQLITE
#include <rankwise/error.hpp>
#include <rankwise/journal/journal_file.hpp>
#include <rankwise/journal/sqlite_journal.hpp>
#include <rankwise/random.hpp>
#include <rankwise/wire/buffer.hpp>

#include "catch.hpp"
#include "temporary_directory.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using rankwise::config_error;
using rankwise::core::item_range;
using rankwise::observe::journal_call;
using rankwise::observe::journal_failure;
using rankwise::observe::journal_result;
using rankwise::observe::journal_use;
using rankwise::observe::sqlite_journal;
using rankwise::test::temporary_directory;

namespace fs = std::filesystem;

namespace {

const journal_call squares{1, "pool::map", "square", 100, 77};

journal_result result_of(item_range items, std::uint32_t call = 1) {
  journal_result row;
  row.call = call;
  row.items = items;
  row.inputs = items.first + 5;
  row.rank = 2;
  row.payload = rankwise::wire::bytes(static_cast<std::size_t>(items.count), std::byte{7});
  return row;
}

/// The first items of all results of call 1.
std::vector<std::uint64_t> firsts(sqlite_journal& book) {
  std::vector<std::uint64_t> found;
  book.read_results(1, [&](const journal_result& row, std::span<const std::byte> payload) {
    found.push_back(row.items.first);
    CHECK(payload.size() == row.items.count);
    CHECK(row.inputs == row.items.first + 5);
    CHECK(row.rank == 2);
  });
  return found;
}

sqlite_journal resumed(const std::string& path) {
  return {path, "app", journal_use::resume, {"here", "there"}};
}

std::string message_of(const std::string& path, journal_use use = journal_use::resume) {
  try {
    const sqlite_journal book(path, "app", use, {"here"});
  } catch (const config_error& error) {
    return error.what();
  }
  return "no error";
}

void make_journal(const std::string& path) {
  sqlite_journal book(path, "app", journal_use::begin, {"here", "there"});
  book.begin(squares);
  book.add(result_of({10, 2}));
  book.add(result_of({0, 10}));
  book.add(journal_failure{1, 50, 1, "there", "too large", true, true});
  book.end("done");
}

void cut(const std::string& path, std::uintmax_t size) {
  fs::resize_file(path, size);
}

}  // namespace

TEST_CASE("a journal gives back what was added, in the order of the items") {
  const temporary_directory here;
  const std::string path = here / "run.db";
  make_journal(path);
  sqlite_journal book = resumed(path);
  CHECK(book.is_resumed());
  book.begin(squares);
  CHECK(firsts(book) == std::vector<std::uint64_t>{0, 10});
  const std::vector<journal_failure> failures = book.read_failures(1);
  REQUIRE(failures.size() == 1);
  CHECK(failures[0].item == 50);
  CHECK(failures[0].text == "too large");
  CHECK(failures[0].host == "there");
  CHECK(failures[0].is_configuration);
  CHECK(book.read_failures(2).empty());
  book.add(result_of({50, 1}));
  CHECK(book.read_failures(1).empty());  // made good
  CHECK(fs::status(path).permissions() == (fs::perms::owner_read | fs::perms::owner_write));
}

TEST_CASE("failures are not held where they are to be tried again") {
  const temporary_directory here;
  make_journal(here / "run.db");
  sqlite_journal book(here / "run.db", "app", journal_use::retry_failed, {"here"});
  CHECK(book.read_failures(1).empty());
}

TEST_CASE("a journal that is there is not taken for a new one, unless it holds nothing") {
  const temporary_directory here;
  const std::string path = here / "run.db";
  {
    sqlite_journal book(path, "app", journal_use::begin, {"here"});
    book.begin({1, "pool::map", "cube", 5, 1});
  }
  {
    sqlite_journal book(path, "app", journal_use::begin, {"here"});
    book.begin(squares);
    book.add(result_of({0, 1}));
  }
  CHECK(message_of(path, journal_use::begin) ==
        path +
            ": found a journal that holds 1 results and 0 failures already, accepted: --resume "
            "to go on from there, or a new file");
}

TEST_CASE("a call that does not fit is named") {
  const temporary_directory here;
  make_journal(here / "run.db");
  sqlite_journal book = resumed(here / "run.db");
  const auto message = [&](const journal_call& call) {
    try {
      book.begin(call);
    } catch (const config_error& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  CHECK_THAT(message({1, "pool::reduce", "square", 100, 77}),
             Catch::Contains("call 1 of the body does not fit: found pool::reduce, and the journal "
                             "has pool::map"));
  CHECK_THAT(message({1, "pool::map", "cube", 100, 77}),
             Catch::Contains("found cube, and the journal has square"));
  CHECK_THAT(message({1, "pool::map", "square", 99, 77}),
             Catch::Contains("found 99 items, and the journal has 100 items"));
  CHECK_THAT(message({1, "pool::map", "square", 100, 78}), Catch::Contains("another --seed"));
  CHECK(message(squares).empty());
  CHECK(message({2, "pool::map", "cube", 5, 1}).empty());
}

TEST_CASE("a later call with the random numbers of the first is refused in words") {
  const temporary_directory here;
  const std::string path = here / "run.db";
  {
    sqlite_journal book(path, "app", journal_use::begin, {"here"});
    book.begin({1, "pool::map", "dice", 100, 77});
    book.begin({2, "pool::map", "dice", 100, 77});
    book.add(result_of({0, 5}, 2));
  }
  sqlite_journal book = resumed(path);
  book.begin({1, "pool::map", "dice", 100, 77});  // the first call's numbers are what they were
  try {
    book.begin({2, "pool::map", "dice", 100, 78, 77});
    FAIL("taken for the same");
  } catch (const config_error& error) {
    CHECK(error.what() ==
          path +
              ": found call 2 of the body (pool::map) as an earlier version of rankwise has run "
              "it, with the random numbers of the first call, accepted: a new journal: each call "
              "has random numbers of its own now");
  }
}

TEST_CASE("what does not fit is told by the options that differ") {
  const temporary_directory here;
  const std::string path = here / "run.db";
  const auto open = [&](journal_use use, std::map<std::string, std::string> settings) {
    return std::make_unique<sqlite_journal>(
        path, "app", use, std::vector<std::string>{"here"}, std::move(settings));
  };
  {
    const auto book =
        open(journal_use::begin, {{"--bits", "1024"}, {"--fast", ""}, {"--seed", "0"}});
    book->begin(squares);
    book->add(result_of({0, 1}));
  }
  const auto other = open(journal_use::resume, {{"--bits", "2048"}, {"--seed", "0"}});
  journal_call changed = squares;
  changed.digest += 1;
  CHECK_THROWS_WITH(other->begin(changed),
                    Catch::Contains("call 1 of the body does not fit: found --bits 2048, no "
                                    "--fast, and the journal has --bits 1024, --fast; accepted:"));
}

TEST_CASE("results that count no more are forgotten") {
  const temporary_directory here;
  const std::string path = here / "run.db";
  make_journal(path);
  {
    sqlite_journal book = resumed(path);
    book.forget(1, {10, 2});
    book.add(result_of({10, 1}));
    book.flush();
    CHECK(firsts(book) == std::vector<std::uint64_t>{0, 10});
  }
  sqlite_journal book = resumed(path);
  std::vector<std::uint64_t> counts;
  book.read_results(1, [&](const journal_result& row, std::span<const std::byte>) {
    counts.push_back(row.items.count);
  });
  CHECK(counts == std::vector<std::uint64_t>{10, 1});
}

TEST_CASE("a name is a file's, whatever SQLite makes of it") {
  const temporary_directory here;
  for (const char* name : {":memory:", ":x", "file:run.db?mode=memory"}) {
    CHECK(message_of(name) ==
          fmt::format("{0}: found a name that SQLite takes for more than a file's, accepted: ./{0}",
                      name));
  }
  CHECK(message_of("") == "--journal: found an empty name, accepted: a file's name");
  const fs::path before = fs::current_path();
  fs::current_path(here / "");
  for (const char* name : {"./:memory:", "./file:x?mode=memory", "a b%41?#.db", "-x"}) {
    make_journal(name);
    CHECK(fs::file_size(name) > 0);
    sqlite_journal book = resumed(name);
    CHECK(firsts(book) == std::vector<std::uint64_t>{0, 10});
  }
  fs::current_path(before);
}

TEST_CASE("a look at a journal that nobody writes to leaves nothing beside it") {
  const temporary_directory here;
  const std::string path = here / "a b%41?#.db";
  make_journal(path);
  const auto n_files = [&] {
    return std::distance(fs::directory_iterator(here / ""), fs::directory_iterator());
  };
  REQUIRE(n_files() == 1);
  {
    const auto database = rankwise::observe::open_to_read(path);
    rankwise::observe::require_journal(database, path);
    CHECK(n_files() == 1);
  }
  CHECK(n_files() == 1);
}

TEST_CASE("what is no journal is refused, and stays as it is") {
  const temporary_directory here;
  const std::string path = here / "run.db";
  std::ofstream(path) << std::string(5000, 'x');
  CHECK_THAT(message_of(path), Catch::Contains(path + ": found damage (file is not a database)"));
  CHECK(fs::file_size(path) == 5000);

  const std::string foreign = here / "foreign.db";
  rankwise::observe::sqlite_database(foreign, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE)
      .run("CREATE TABLE t (x)");
  CHECK(message_of(foreign) ==
        foreign + ": found a database of another program, accepted: a journal");

  const std::string later = here / "later.db";
  make_journal(later);
  rankwise::observe::sqlite_database(later, SQLITE_OPEN_READWRITE).run("PRAGMA user_version = 9");
  CHECK(message_of(later) == later + ": found a journal of format 9, accepted: format 1");

  const std::string other = here / "other.db";
  { const sqlite_journal book(other, "other", journal_use::begin, {"here"}); }
  CHECK(message_of(other) ==
        other + ": found the journal of other, accepted: one of app, or a new file");

  CHECK(message_of(here / "none/run.db") ==
        (here / "none/run.db").string() + ": can't be opened: No such file or directory");
  CHECK_THAT(message_of(here / ""), Catch::Contains("can't be opened: Is a directory"));
}

TEST_CASE("a journal belongs to one job at a time") {
  const temporary_directory here;
  const std::string path = here / "run.db";
  const sqlite_journal book(path, "app", journal_use::begin, {"here"});
  CHECK(message_of(path, journal_use::begin) ==
        path + ": found another job that writes to it, accepted: one job at a time");
}

TEST_CASE("a job that goes on waits for the root of the one before") {
  const temporary_directory here;
  const std::string path = here / "run.db";
  make_journal(path);
  std::optional<sqlite_journal> before(std::in_place,
                                       path,
                                       std::string("app"),
                                       journal_use::resume,
                                       std::vector<std::string>{"here"});
  std::thread ends([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    before.reset();
  });
  CHECK(message_of(path) == "no error");
  ends.join();
}

TEST_CASE("a changed result is found by its sum") {
  const temporary_directory here;
  const std::string path = here / "run.db";
  make_journal(path);
  rankwise::observe::sqlite_database(path, SQLITE_OPEN_READWRITE)
      .run("UPDATE done SET payload = x'0809' WHERE first = 10");
  sqlite_journal book = resumed(path);
  CHECK_THROWS_WITH(book.read_results(1, [](const journal_result&, std::span<const std::byte>) {}),
                    Catch::Contains("items 10 to 11 of call 1 do not match their sum"));
}

TEST_CASE("file systems of several hosts are known by their numbers") {
  using rankwise::observe::journal_format::shared_filesystem;
  CHECK(shared_filesystem(0x6969) == "NFS");
  CHECK(shared_filesystem(0xff534d42U) == "SMB");
  CHECK(shared_filesystem(0xef53).empty());      // ext4
  CHECK(shared_filesystem(0x01021994).empty());  // tmpfs
}

TEST_CASE("what was flushed is there after a loss of power") {
  const temporary_directory here;
  const std::string path = here / "run.db";
  const std::string wal = path + "-wal";
  const std::string copy = here / "copy.db";
  rankwise::random_stream chance(1, 2);
  sqlite_journal book(path, "app", journal_use::begin, {"here"});
  book.begin(squares);
  std::uint64_t n_safe = 0;
  for (int round = 0; round < 40; ++round) {
    const std::uint64_t n_new = 1 + chance() % 20;
    for (std::uint64_t i = 0; i < n_new; ++i) {
      journal_result row = result_of({n_safe + i, 1});
      row.payload.resize(std::size_t{1} << chance() % 14U, std::byte{7});
      book.add(std::move(row));
    }
    book.flush();
    n_safe += n_new;
    const std::uintmax_t safe_bytes = fs::file_size(wal);
    fs::copy_file(path, here / "safe.db", fs::copy_options::overwrite_existing);
    const std::uintmax_t database_bytes = fs::file_size(path);

    // More is on its way to the disk when the power goes.
    book.add(result_of({1'000'000 + n_safe, 1}));
    book.flush();
    if (fs::file_size(path) != database_bytes || fs::file_size(wal) < safe_bytes)
      continue;  // the log was moved into the database meanwhile
    fs::remove(copy + "-shm");
    fs::copy_file(here / "safe.db", copy, fs::copy_options::overwrite_existing);
    fs::copy_file(wal, copy + "-wal", fs::copy_options::overwrite_existing);
    cut(copy + "-wal", safe_bytes + chance() % (fs::file_size(wal) - safe_bytes + 1));
    if (chance() % 2 == 0) std::ofstream(copy + "-wal", std::ios::app) << std::string(3000, '\x5a');

    std::set<std::uint64_t> found;
    sqlite_journal after = resumed(copy);
    after.read_results(1, [&](const journal_result& row, std::span<const std::byte>) {
      if (row.items.first < 1'000'000) found.insert(row.items.first);
    });
    CHECK(found.size() == n_safe);
  }
}
#else
#include "catch.hpp"

TEST_CASE("journals are left out, since there is no SQLite here") {
  WARN("there is no SQLite here");
}
#endif
