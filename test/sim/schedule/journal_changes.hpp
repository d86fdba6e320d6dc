// SPDX-License-Identifier: MIT
// Journals that are not what they were when the last job opens them.
#pragma once

#include <rankwise/journal/sqlite.hpp>
#include <rankwise/wire/digest.hpp>

#include "schedule/plan.hpp"
#include "volatile_disk.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <fcntl.h>
#include <optional>
#include <span>
#include <string>
#include <sys/file.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace rankwise::test {

/// A name that no journal can have.
struct odd_journal_name {
  const char* name;
  const char* refusal;
};

inline constexpr std::array<odd_journal_name, 5> odd_journal_names{
    {{"", "--journal: found an empty name, accepted: a file's name"},
     {":memory:", ":memory:: found a name that SQLite takes for more than a file's"},
     {"file:job.db", "accepted: ./file:job.db"},
     {"/dev/null", "/dev/null: found no regular file, accepted: one, or a new name"},
     {"/", "/: can't be opened: Is a directory"}}};

/// The lock that a job has on its journal, whose file is there.
class file_lock {
 public:
  explicit file_lock(const std::string& file) : fd_(::open(file.c_str(), O_RDWR | O_CLOEXEC)) {
    ::flock(fd_, LOCK_EX | LOCK_NB);
  }

  file_lock(file_lock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

  file_lock(const file_lock&) = delete;
  file_lock& operator=(const file_lock&) = delete;
  file_lock& operator=(file_lock&&) = delete;

  ~file_lock() { release(); }

  void release() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

 private:
  int fd_;
};

/// Changes journals on a simulated disk, while no job has them open.
class journal_changes {
 public:
  journal_changes(std::string file, volatile_disk& disk, random_stream& chance)
      : file_(std::move(file)), disk_(disk), chance_(chance) {}

  /// Makes `what` of the journal. Returns a part of the message with which the next job must refuse
  /// it, or one of that job's calls; none if it must go on.
  std::optional<std::string> make(journal_change what) {
    if (what == journal_change::in_use)
      return ": found another job that writes to it, accepted: one job at a time";
    if (!is_journal()) return std::nullopt;  // the job before was killed too early
    switch (what) {
      case journal_change::of_another_program:
        run("UPDATE job SET program = 'other'");
        return ": found the journal of other, accepted: one of simulated, or a new file";
      case journal_change::no_journal:
        run("PRAGMA application_id = 7");
        return ": found a database of another program, accepted: a journal";
      case journal_change::newer:
        run("PRAGMA user_version = 2");
        return ": found a journal of format 2, accepted: format 1";
      case journal_change::older:
        run("DROP TABLE setting");
        return std::nullopt;
      case journal_change::other_call:
        return change_call();
      case journal_change::other_settings:
        if (!change_call()) return std::nullopt;
        return "found --limit 8, no --quick, and the journal has --limit 7, --quick; accepted: ";
      case journal_change::begun_again:
        return count("SELECT (SELECT count(*) FROM done) + (SELECT count(*) FROM failure)") == 0
                   ? std::optional<std::string>()
                   : " failures already, accepted: --resume to go on from there, or a new file";
      case journal_change::wiped_header:
        return wipe(0, 100);
      case journal_change::wiped_page:
        return wipe_page();
      case journal_change::changed_result:
      case journal_change::too_many_results:
      case journal_change::doubled_result:
      case journal_change::other_input:
      case journal_change::unreadable_result:
        return change_result(what);
      default:
        return std::nullopt;
    }
  }

 private:
  /// A row of results.
  struct row {
    std::int64_t id = 0;
    std::uint64_t call = 0;
    std::uint64_t first = 0;
    std::uint64_t count = 0;
    std::uint64_t inputs = 0;
    std::vector<std::byte> payload;
  };

  observe::sqlite_database open() const { return {file_, SQLITE_OPEN_READWRITE}; }

  void run(const char* sql) const { open().run(sql); }

  std::int64_t count(const char* sql) const {
    const observe::sqlite_database database = open();
    observe::sqlite_statement asked(database, sql);
    return asked.next() ? asked.number(0) : 0;
  }

  bool is_journal() const {
    return count("SELECT count(*) FROM sqlite_schema WHERE name = 'done'") != 0 &&
           count("SELECT count(*) FROM job") != 0;
  }

  std::int64_t up_to(std::int64_t most) const {
    return static_cast<std::int64_t>(chance_() % static_cast<std::uint64_t>(most + 1));
  }

  std::optional<std::string> change_call() const {
    constexpr std::array changes{
        "name = 'pool::other'", "task = 'another'", "n_items = n_items + 1", "digest = digest + 1"};
    const std::int64_t n_calls = count("SELECT count(*) FROM call");
    if (n_calls == 0) return std::nullopt;
    const std::string number =
        std::to_string(count(("SELECT number FROM call ORDER BY number LIMIT 1 OFFSET " +
                              std::to_string(up_to(n_calls - 1)))
                                 .c_str()));
    run((std::string("UPDATE call SET ") + changes[static_cast<std::size_t>(up_to(3))] +
         " WHERE number = " + number)
            .c_str());
    return ": call " + number + " of the body does not fit: found ";
  }

  std::optional<row> any_row(bool with_payload) const {
    const observe::sqlite_database database = open();
    observe::sqlite_statement asked(database,
                                    "SELECT rowid, call, first, count, inputs, payload FROM done "
                                    "WHERE length(payload) >= ? ORDER BY call, first");
    std::vector<row> all;
    for (asked.with(with_payload ? 2 : 0); asked.next();) {
      const std::span<const std::byte> payload = asked.blob(5);
      all.push_back({asked.number(0),
                     asked.unsigned_number(1),
                     asked.unsigned_number(2),
                     asked.unsigned_number(3),
                     asked.unsigned_number(4),
                     {payload.begin(), payload.end()}});
    }
    if (all.empty()) return std::nullopt;
    return all[static_cast<std::size_t>(up_to(static_cast<std::int64_t>(all.size()) - 1))];
  }

  /// But for the first, the results look as if they had been written so.
  std::optional<std::string> change_result(journal_change what) const {
    std::optional<row> one = any_row(what == journal_change::unreadable_result);
    if (!one) return std::nullopt;
    const observe::sqlite_database database = open();
    const std::string of_row = " WHERE rowid = " + std::to_string(one->id);
    const std::string place =
        ": item " + std::to_string(one->first) + " of call " + std::to_string(one->call) + ": ";
    if (what == journal_change::changed_result) {
      database.run(("UPDATE done SET sum = sum + 1" + of_row).c_str());
      return "of call " + std::to_string(one->call) +
             " do not match their sum), accepted: a whole journal: a copy of it, or a new file";
    }
    if (what == journal_change::doubled_result) {
      database.run(("INSERT INTO done SELECT * FROM done" + of_row).c_str());
      return place + "found two results, accepted: one";
    }
    std::string expected = place + "found another input than when the journal was written";
    if (what == journal_change::too_many_results) {
      one->count += 1000;
      expected = place + "found " + std::to_string(one->count) + " results for ";
    } else if (what == journal_change::other_input) {
      ++one->inputs;
    } else {
      one->payload.pop_back();
      expected = ", accepted: results of this program";
    }
    const std::uint64_t sum = wire::digest()
                                  .add(one->call)
                                  .add(one->first)
                                  .add(one->count)
                                  .add(one->inputs)
                                  .add(one->payload)
                                  .value();
    observe::sqlite_statement(
        database, "UPDATE done SET count = ?, inputs = ?, payload = ?, sum = ? WHERE rowid = ?")
        .with(one->count, one->inputs, std::span<const std::byte>(one->payload), sum, one->id)
        .run();
    return expected;
  }

  std::optional<std::string> wipe(std::size_t at, std::size_t n_bytes) const {
    disk_.wipe(file_, at, n_bytes);
    return ": found damage (";
  }

  /// A page that is in use, and not the first.
  std::optional<std::string> wipe_page() const {
    constexpr std::size_t page_bytes = 4096;
    const auto n_pages = static_cast<std::int64_t>(disk_.size(file_) / page_bytes);
    if (n_pages < 2 || count("PRAGMA freelist_count") != 0) return std::nullopt;
    return wipe(page_bytes * static_cast<std::size_t>(1 + up_to(n_pages - 2)), page_bytes);
  }

  std::string file_;
  volatile_disk& disk_;
  random_stream& chance_;
};

}  // namespace rankwise::test
