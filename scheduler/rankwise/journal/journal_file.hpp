// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/types.hpp>
#include <rankwise/error.hpp>
#include <rankwise/journal/sqlite.hpp>
#include <rankwise/transport/machine.hpp>

#include <fmt/core.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <fcntl.h>
#include <string>
#include <string_view>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace rankwise::observe {

/// What a journal's file looks like: SQLite in WAL mode, with these marks in its header.
namespace journal_format {

inline constexpr std::int64_t application_id = 0x726b7773;  // "rkws"
inline constexpr std::int64_t version = 1;

/// A row of `done` is a report of a rank: items side by side, with their results as they travel.
/// Times are seconds since 1970.
inline constexpr const char* schema = R"sql(
  CREATE TABLE job (program TEXT NOT NULL, made_by TEXT NOT NULL);
  CREATE TABLE run (id INTEGER PRIMARY KEY, started REAL NOT NULL, ended REAL, outcome TEXT);
  CREATE TABLE rank (run INTEGER NOT NULL, rank INTEGER NOT NULL, host TEXT NOT NULL);
  CREATE TABLE call (number INTEGER PRIMARY KEY, name TEXT NOT NULL, task TEXT NOT NULL,
                     n_items INTEGER NOT NULL, digest INTEGER NOT NULL);
  CREATE TABLE done (call INTEGER NOT NULL, first INTEGER NOT NULL, count INTEGER NOT NULL,
                     inputs INTEGER NOT NULL, run INTEGER NOT NULL, rank INTEGER NOT NULL,
                     at REAL NOT NULL, task_s REAL NOT NULL, sum INTEGER NOT NULL, payload BLOB NOT NULL);
  CREATE INDEX done_by_item ON done (call, first);
  CREATE TABLE failure (call INTEGER NOT NULL, item INTEGER NOT NULL, run INTEGER NOT NULL,
                        rank INTEGER NOT NULL, host TEXT NOT NULL, at REAL NOT NULL,
                        is_configuration INTEGER NOT NULL, is_final INTEGER NOT NULL, text TEXT NOT NULL);
  CREATE INDEX failure_by_item ON failure (call, item);
)sql";

/// What the program was asked for: its own options, its operands and the seed. For people: what
/// fits is told by the digests of calls. Older journals lack it.
inline constexpr const char* setting_schema =
    "CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL)";

/// The name of a file system on which SQLite's locks can't be trusted, by its number in statfs(2);
/// empty for others.
inline std::string_view shared_filesystem(std::uint32_t type) {
  constexpr std::array<std::pair<std::uint32_t, std::string_view>, 6> all{
      {{0x6969U, "NFS"},
       {0xff534d42U, "SMB"},
       {0xfe534d42U, "SMB"},
       {0x517bU, "SMB"},
       {0x01021997U, "9P"},
       {0x0bd00bd0U, "Lustre"}}};
  for (const auto& [number, name] : all) {
    if (number == type) return name;
  }
  return {};
}

}  // namespace journal_format

/// Throws: config_error that begins with the file's name.
[[noreturn]] inline void refuse_journal(const std::string& path,
                                        std::string_view found,
                                        std::string_view accepted) {
  throw config_error(fmt::format("{}: found {}, accepted: {}", path, found, accepted));
}

/// `path`, which is to be a journal's.
///
/// Throws: config_error for a name that SQLite's own tools take for something else than a file's.
inline std::string require_journal_name(std::string path) {
  if (path.empty()) refuse_journal("--journal", "an empty name", "a file's name");
  if (path.starts_with(':') || path.starts_with("file:"))
    refuse_journal(path, "a name that SQLite takes for more than a file's", "./" + path);
  return path;
}

/// Runs `use`; that a file is damaged becomes a config_error.
template <class Use>
decltype(auto) with_journal(const std::string& path, Use use) {
  try {
    return use();
  } catch (const sqlite_error& error) {
    if (error.is_damage()) {
      refuse_journal(path,
                     fmt::format("damage ({})", error.what()),
                     "a whole journal: a copy of it, or a new file");
    }
    throw config_error(fmt::format("{}: {}", path, error.what()));
  }
}

/// A file that one job at a time may write to. The lock goes with the process.
class journal_lock {
 public:
  /// Makes the file where it is not there. Waits up to `patience` for another job that has it.
  ///
  /// Throws: config_error.
  journal_lock(const std::string& path, core::duration patience, transport::machine& machine)
      : fd_(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY, S_IRUSR | S_IWUSR)) {
    try {
      if (fd_ < 0) fail(path);

      struct statfs where {};

      struct stat what {};

      if (::fstatfs(fd_, &where) != 0 || ::fstat(fd_, &what) != 0) fail(path);
      if (!S_ISREG(what.st_mode)) refuse_journal(path, "no regular file", "one, or a new name");
      const std::string_view shared =
          journal_format::shared_filesystem(static_cast<std::uint32_t>(where.f_type));
      if (!shared.empty()) {
        refuse_journal(path,
                       fmt::format("a file on {}, where locks can't be trusted", shared),
                       "one on a disk of the first rank's host");
      }
      const core::duration end = machine.now() + patience;
      while (::flock(fd_, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK) fail(path);
        if (machine.now() < end) {
          machine.sleep(std::chrono::milliseconds(100));
          continue;
        }
        refuse_journal(path, "another job that writes to it", "one job at a time");
      }
    } catch (...) {
      if (fd_ >= 0) ::close(fd_);
      throw;
    }
  }

  journal_lock(const journal_lock&) = delete;
  journal_lock& operator=(const journal_lock&) = delete;
  journal_lock(journal_lock&&) = delete;
  journal_lock& operator=(journal_lock&&) = delete;

  /// To be closed after SQLite's own descriptors: with any of them the locks of all go.
  ~journal_lock() { ::close(fd_); }

 private:
  [[noreturn]] static void fail(const std::string& path) {
    throw config_error(
        fmt::format("{}: can't be opened: {}", path, std::generic_category().message(errno)));
  }

  int fd_;
};

/// A journal to look at. Where no job writes to it, nothing is made beside it.
///
/// Throws: sqlite_error.
inline sqlite_database open_to_read(const std::string& path) {
  if (::access((path + "-wal").c_str(), F_OK) != 0) return sqlite_database::unchanging(path);
  return {path, SQLITE_OPEN_READONLY};
}

/// Checks that a database is a journal that this version can read; an empty one is none.
///
/// Throws: config_error; sqlite_error where the file is damaged.
inline void require_journal(const sqlite_database& database, const std::string& path) {
  const auto header = [&](const char* sql) {
    sqlite_statement asked(database, sql);
    return asked.next() ? asked.number(0) : 0;
  };
  if (header("PRAGMA application_id") != journal_format::application_id)
    refuse_journal(path, "a database of another program", "a journal");
  const std::int64_t version = header("PRAGMA user_version");
  if (version != journal_format::version) {
    refuse_journal(path,
                   fmt::format("a journal of format {}", version),
                   fmt::format("format {}", journal_format::version));
  }
  sqlite_statement checked(database, "PRAGMA quick_check(1)");
  if (checked.next() && checked.text(0) != "ok")
    throw sqlite_error(SQLITE_CORRUPT, checked.text(0));
}

}  // namespace rankwise::observe
