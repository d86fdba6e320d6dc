// SPDX-License-Identifier: MIT
#include "jobs.hpp"

#include <rankwise/error.hpp>

#include "text.hpp"

#ifdef RANKWISE_HAS_SQLITE
#include <rankwise/journal/journal_file.hpp>
#include <rankwise/journal/sqlite.hpp>
#include <rankwise/text/json.hpp>
#include <rankwise/text/units.hpp>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <string_view>
#include <system_error>
#include <utility>
#endif

namespace rankwise::launcher {

#ifdef RANKWISE_HAS_SQLITE
namespace {

using observe::sqlite_statement;

constexpr const char* help_text = R"(rankrun jobs [--json | --csv] FILE
Prints what a journal (--journal FILE of any program on rankwise) holds: the runs, the calls with what is done, failed
and left, the failures with their text, and which rank has done how much.

  --json   one JSON object, with every report of every rank
  --csv    a line for each report and each failure
)";

/// What is done of a call and what failed for good; the items that were failed and done later are
/// done.
constexpr const char* calls_sql = R"sql(
  SELECT number AS call, name, task, n_items AS items,
         (SELECT coalesce(sum(count), 0) FROM done WHERE call = number) AS done,
         (SELECT count(DISTINCT item) FROM failure AS f WHERE call = number AND is_final AND NOT EXISTS
            (SELECT 1 FROM done WHERE call = f.call AND first <= item AND item < first + count)) AS failed,
         (SELECT count(*) FROM failure WHERE call = number) AS failed_attempts
  FROM call ORDER BY number)sql";

constexpr const char* runs_sql = R"sql(
  SELECT id AS run, (SELECT count(*) FROM rank WHERE run = id) AS ranks, started, ended, outcome FROM run ORDER BY id)sql";

constexpr const char* failures_sql = R"sql(
  SELECT call, item, run, rank, host, at, text, is_final,
         EXISTS (SELECT 1 FROM done WHERE call = f.call AND first <= item AND item < first + count) AS is_done_since
  FROM failure AS f ORDER BY call, item, at)sql";

constexpr const char* shares_sql = R"sql(
  SELECT done.run, done.rank, host, total(count), total(task_s), min(at), max(at)
  FROM done LEFT JOIN rank ON rank.run = done.run AND rank.rank = done.rank
  GROUP BY done.run, done.rank ORDER BY done.run, done.rank)sql";

constexpr const char* reports_sql = R"sql(
  SELECT call, first, count, done.run AS run, done.rank AS rank, host, at, task_s, length(payload) AS bytes
  FROM done LEFT JOIN rank ON rank.run = done.run AND rank.rank = done.rank ORDER BY call, first)sql";

constexpr const char* attempts_sql = R"sql(
  SELECT 'done' AS outcome, call, first, count, done.run AS run, done.rank AS rank, host, at, task_s, NULL AS text
  FROM done LEFT JOIN rank ON rank.run = done.run AND rank.rank = done.rank
  UNION ALL
  SELECT iif(is_final, 'failed', 'retried'), call, item, 1, run, rank, host, at, NULL, text FROM failure
  ORDER BY call, first, at)sql";

std::string time_of_day(double seconds) {
  return fmt::format("{:%Y-%m-%d %H:%M:%S}", fmt::localtime(static_cast<std::time_t>(seconds)));
}

/// As in RFC 4180: quoted where that is needed.
std::string csv_text(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
  std::string quoted = "\"";
  for (const char character : text) quoted += character == '"' ? "\"\"" : std::string(1, character);
  return quoted + "\"";
}

/// A number as it is; NULL as nothing.
std::string csv_value(const sqlite_statement& row, int column) {
  switch (row.type(column)) {
    case SQLITE_NULL:
      return "";
    case SQLITE_INTEGER:
      return fmt::format("{}", row.number(column));
    case SQLITE_FLOAT:
      return fmt::format("{}", row.real(column));
    default:
      return csv_text(row.text(column));
  }
}

/// As `csv_value`; a number in a column called is_... is true or false.
std::string json_value(const sqlite_statement& row, int column) {
  switch (row.type(column)) {
    case SQLITE_NULL:
      return "null";
    case SQLITE_INTEGER:
      if (row.name(column).starts_with("is_")) return row.number(column) != 0 ? "true" : "false";
      return csv_value(row, column);
    case SQLITE_FLOAT:
      return json_number(row.real(column));
    default:
      return json_text(row.text(column));
  }
}

class journal_reader {
 public:
  explicit journal_reader(const std::string& path)
      : path_(path), database_(observe::open_to_read(path)) {
    observe::require_journal(database_, path);
  }

  void print_text() const {
    sqlite_statement job = asked("SELECT program, made_by FROM job");
    job.next();
    fmt::print(
        "{}: journal of {}, made by {}\n", path_, plain_text(job.text(0)), plain_text(job.text(1)));
    for (sqlite_statement run = asked(runs_sql); run.next();) {
      const bool has_ended = !run.is_null(3);
      fmt::print("run {}: {}, {} rank{}, {}\n",
                 run.number(0),
                 time_of_day(run.real(2)),
                 run.number(1),
                 run.number(1) == 1 ? "" : "s",
                 has_ended ? fmt::format("ended after {}: {}",
                                         observe::time_text(run.real(3) - run.real(2)),
                                         plain_text(run.text(4)))
                           : "under way, or ended from outside");
    }
    for (sqlite_statement call = asked(calls_sql); call.next();) {
      const std::int64_t left = call.number(3) - call.number(4) - call.number(5);
      fmt::print("call {}: {} of {}: {} of {} items done, {} failed, {} left; {} attempts failed\n",
                 call.number(0),
                 plain_text(call.text(1)),
                 plain_text(call.text(2)),
                 call.number(4),
                 call.number(3),
                 call.number(5),
                 left,
                 call.number(6));
    }
    for (sqlite_statement failed = asked(failures_sql); failed.next();) {
      fmt::print("failed: call {}, item {}, run {}, rank {} on {}, {}: {}{}\n",
                 failed.number(0),
                 failed.number(1),
                 failed.number(2),
                 failed.number(3),
                 plain_text(failed.text(4)),
                 time_of_day(failed.real(5)),
                 plain_text(failed.text(6)),
                 failed.number(8) != 0 ? " (done since)" : "");
    }
    for (sqlite_statement share = asked(shares_sql); share.next();) {
      fmt::print("done: run {}, rank {} on {}: {} items, {} in tasks, from {} to {}\n",
                 share.number(0),
                 share.number(1),
                 plain_text(share.text(2)),
                 share.number(3),
                 observe::time_text(share.real(4)),
                 time_of_day(share.real(5)),
                 time_of_day(share.real(6)));
    }
  }

  void print_json() const {
    sqlite_statement job = asked("SELECT program, made_by FROM job");
    job.next();
    fmt::print(R"({{"program":{},"made_by":{})", json_value(job, 0), json_value(job, 1));
    for (const auto& [name, sql] : {std::pair{"runs", runs_sql},
                                    {"calls", calls_sql},
                                    {"failures", failures_sql},
                                    {"reports", reports_sql}}) {
      fmt::print(R"(,"{}":[)", name);
      const char* separator = "";
      for (sqlite_statement row = asked(sql); row.next(); separator = ",") {
        fmt::print("{}", separator);
        print_object(row);
      }
      fmt::print("]");
    }
    fmt::print("}}\n");
  }

  void print_csv() const {
    sqlite_statement row = asked(attempts_sql);
    for (int column = 0; column < row.n_columns(); ++column)
      fmt::print("{}{}", column == 0 ? "" : ",", row.name(column));
    while (row.next()) {
      for (int column = 0; column < row.n_columns(); ++column)
        fmt::print("{}{}", column == 0 ? "\n" : ",", csv_value(row, column));
    }
    fmt::print("\n");
  }

 private:
  sqlite_statement asked(const char* sql) const { return {database_, sql}; }

  static void print_object(const sqlite_statement& row) {
    for (int column = 0; column < row.n_columns(); ++column) {
      fmt::print(
          R"({}"{}":{})", column == 0 ? "{" : ",", row.name(column), json_value(row, column));
    }
    fmt::print("}}");
  }

  std::string path_;
  observe::sqlite_database database_;
};

}  // namespace

int show_journal(const std::vector<std::string>& words) {
  std::vector<std::string> files;
  std::string format;
  for (const std::string& word : words) {
    if (word == "--help" || word == "-h") {
      fmt::print("{}", help_text);
      return 0;
    }
    if (word == "--json" || word == "--csv") {
      if (!format.empty() && format != word)
        throw config_error("jobs: found --json and --csv, accepted: one of the two");
      format = word;
    } else if (word.starts_with("-")) {
      throw config_error(
          fmt::format("jobs: unknown option {}: --json and --csv are accepted", word));
    } else {
      files.push_back(word);
    }
  }
  if (files.size() != 1)
    throw config_error(fmt::format("jobs: found {} files, accepted: one journal", files.size()));
  const std::string& path = files.front();
  if (std::FILE* const there = std::fopen(path.c_str(), "re")) {
    std::fclose(there);
  } else {
    throw config_error(
        fmt::format("{}: can't be read: {}", path, std::generic_category().message(errno)));
  }
  observe::with_journal(path, [&] {
    const journal_reader reader(path);
    if (format == "--json") {
      reader.print_json();
    } else if (format == "--csv") {
      reader.print_csv();
    } else {
      reader.print_text();
    }
  });
  return 0;
}

#else

int show_journal(const std::vector<std::string>& /*words*/) {
  throw config_error(
      "jobs: found a rankrun that was built without SQLite, accepted: one that was built where "
      "libsqlite3-dev is installed");
}

#endif

}  // namespace rankwise::launcher
