// SPDX-License-Identifier: MIT
#include "jobs.hpp"

#include <rankwise/error.hpp>

#ifdef RANKWISE_HAS_SQLITE
#include <rankwise/json_text.hpp>
#include <rankwise/observe/journal_file.hpp>
#include <rankwise/observe/sqlite.hpp>
#include <rankwise/observe/units.hpp>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <iterator>
#include <string_view>
#include <system_error>
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
  SELECT number, name, task, n_items,
         (SELECT total(count) FROM done WHERE call = number),
         (SELECT count(DISTINCT item) FROM failure AS f WHERE call = number AND is_final AND NOT EXISTS
            (SELECT 1 FROM done WHERE call = f.call AND first <= item AND item < first + count)),
         (SELECT count(*) FROM failure WHERE call = number)
  FROM call ORDER BY number)sql";

constexpr const char* runs_sql = R"sql(
  SELECT id, started, ended, outcome, (SELECT count(*) FROM rank WHERE run = id) FROM run ORDER BY id)sql";

constexpr const char* failures_sql = R"sql(
  SELECT call, item, run, rank, host, at, text, is_final,
         (SELECT count(*) FROM failure AS g WHERE g.call = f.call AND g.item = f.item),
         EXISTS (SELECT 1 FROM done WHERE call = f.call AND first <= item AND item < first + count)
  FROM failure AS f ORDER BY call, item, at)sql";

constexpr const char* shares_sql = R"sql(
  SELECT done.run, done.rank, host, total(count), total(task_s), min(at), max(at)
  FROM done LEFT JOIN rank ON rank.run = done.run AND rank.rank = done.rank
  GROUP BY done.run, done.rank ORDER BY done.run, done.rank)sql";

constexpr const char* reports_sql = R"sql(
  SELECT call, first, count, done.run, done.rank, host, at, task_s, length(payload)
  FROM done LEFT JOIN rank ON rank.run = done.run AND rank.rank = done.rank ORDER BY call, first)sql";

std::string time_of_day(double seconds) {
  return fmt::format("{:%Y-%m-%d %H:%M:%S}", fmt::localtime(static_cast<std::time_t>(seconds)));
}

std::string csv_text(std::string_view text) {
  std::string quoted = "\"";
  for (const char character : text) quoted += character == '"' ? "\"\"" : std::string(1, character);
  return quoted + "\"";
}

/// Text that may come from anywhere, for a terminal: on one line, without control characters.
std::string plain_text(std::string_view text) {
  std::string shown;
  for (const char character : text) {
    const auto code = static_cast<unsigned char>(character);
    shown += code < 0x20 || code == 0x7f ? ' ' : character;
  }
  return shown;
}

class journal_reader {
 public:
  explicit journal_reader(const std::string& path)
      : path_(path), database_(path, SQLITE_OPEN_READONLY) {
    observe::require_journal(database_, path);
  }

  void print_text() const {
    sqlite_statement job = asked("SELECT program, made_by FROM job");
    job.next();
    fmt::print(
        "{}: journal of {}, made by {}\n", path_, plain_text(job.text(0)), plain_text(job.text(1)));
    for (sqlite_statement run = asked(runs_sql); run.next();) {
      const bool has_ended = !run.is_null(2);
      fmt::print("run {}: {}, {} rank{}, {}\n",
                 run.number(0),
                 time_of_day(run.real(1)),
                 run.number(4),
                 run.number(4) == 1 ? "" : "s",
                 has_ended ? fmt::format("ended after {}: {}",
                                         observe::time_text(run.real(2) - run.real(1)),
                                         plain_text(run.text(3)))
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
                 failed.number(9) != 0 ? " (done since)" : "");
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
    fmt::print(
        R"({{"program":{},"made_by":{},"runs":[)", json_text(job.text(0)), json_text(job.text(1)));
    print_list(runs_sql, [](const sqlite_statement& run) {
      fmt::print(R"({{"run":{},"ranks":{},"started":{:.6f},"ended":{},"outcome":{}}})",
                 run.number(0),
                 run.number(4),
                 run.real(1),
                 run.is_null(2) ? "null" : fmt::format("{:.6f}", run.real(2)),
                 run.is_null(3) ? "null" : json_text(run.text(3)));
    });
    fmt::print(R"(],"calls":[)");
    print_list(calls_sql, [](const sqlite_statement& call) {
      fmt::print(
          R"({{"call":{},"name":{},"task":{},"items":{},"done":{},"failed":{},"failed_attempts":{}}})",
          call.number(0),
          json_text(call.text(1)),
          json_text(call.text(2)),
          call.number(3),
          call.number(4),
          call.number(5),
          call.number(6));
    });
    fmt::print(R"(],"failures":[)");
    print_list(failures_sql, [](const sqlite_statement& failed) {
      fmt::print(
          R"({{"call":{},"item":{},"run":{},"rank":{},"host":{},"at":{:.6f},"text":{},"final":{},"done_since":{}}})",
          failed.number(0),
          failed.number(1),
          failed.number(2),
          failed.number(3),
          json_text(failed.text(4)),
          failed.real(5),
          json_text(failed.text(6)),
          failed.number(7) != 0,
          failed.number(9) != 0);
    });
    fmt::print(R"(],"reports":[)");
    print_list(reports_sql, [](const sqlite_statement& report) {
      fmt::print(
          R"({{"call":{},"first":{},"count":{},"run":{},"rank":{},"host":{},"at":{:.6f},"task_s":{:.9g},"bytes":{}}})",
          report.number(0),
          report.number(1),
          report.number(2),
          report.number(3),
          report.number(4),
          json_text(report.text(5)),
          report.real(6),
          report.real(7),
          report.number(8));
    });
    fmt::print("]}}\n");
  }

  void print_csv() const {
    fmt::print("outcome,call,first,count,run,rank,host,at,task_s,text\n");
    for (sqlite_statement report = asked(reports_sql); report.next();) {
      fmt::print("done,{},{},{},{},{},{},{:.6f},{:.9g},\n",
                 report.number(0),
                 report.number(1),
                 report.number(2),
                 report.number(3),
                 report.number(4),
                 csv_text(report.text(5)),
                 report.real(6),
                 report.real(7));
    }
    for (sqlite_statement failed = asked(failures_sql); failed.next();) {
      fmt::print("{},{},{},1,{},{},{},{:.6f},,{}\n",
                 failed.number(7) != 0 ? "failed" : "retried",
                 failed.number(0),
                 failed.number(1),
                 failed.number(2),
                 failed.number(3),
                 csv_text(failed.text(4)),
                 failed.real(5),
                 csv_text(failed.text(6)));
    }
  }

 private:
  sqlite_statement asked(const char* sql) const { return {database_, sql}; }

  template <class Print>
  void print_list(const char* sql, Print print) const {
    const char* separator = "";
    for (sqlite_statement row = asked(sql); row.next(); separator = ",") {
      fmt::print("{}", separator);
      print(row);
    }
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
