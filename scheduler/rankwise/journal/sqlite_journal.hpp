// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/types.hpp>
#include <rankwise/error.hpp>
#include <rankwise/journal/journal.hpp>
#include <rankwise/journal/journal_file.hpp>
#include <rankwise/journal/sqlite.hpp>
#include <rankwise/transport/machine.hpp>
#include <rankwise/version.hpp>
#include <rankwise/wire/digest.hpp>

#include <fmt/core.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace rankwise::observe {

/// What a job does with a journal that is there.
enum class journal_use : std::uint8_t {
  begin,        ///< it must not be there
  resume,       ///< what it holds is not run again
  retry_failed  ///< the same, but for tasks that have failed
};

/// A journal in an SQLite file. A thread of its own writes: what waits for it is one transaction,
/// and after a moment it is committed, which waits for the disk.
class sqlite_journal final : public journal {
 public:
  /// `hosts` has the host of each rank, `settings` what the program was asked for, by name.
  ///
  /// Throws: config_error for a file that is no journal of `program`, or in use, or damaged, or
  /// there although `use` is `begin`, or on a file system that several hosts share.
  sqlite_journal(std::string path,
                 const std::string& program,
                 journal_use use,
                 const std::vector<std::string>& hosts,
                 std::map<std::string, std::string> settings = {},
                 transport::machine& machine = transport::machine::here())
      : path_(require_journal_name(std::move(path))),
        use_(use),
        settings_(std::move(settings)),
        lock_(path_, use == journal_use::begin ? core::duration{} : patience, machine),
        machine_(machine) {
    with_journal(path_, [&] { open(program, hosts); });
    writer_ = machine_.start([this] { write_all(); });
  }

  sqlite_journal(const sqlite_journal&) = delete;
  sqlite_journal& operator=(const sqlite_journal&) = delete;
  sqlite_journal(sqlite_journal&&) = delete;
  sqlite_journal& operator=(sqlite_journal&&) = delete;

  ~sqlite_journal() override {
    {
      const std::lock_guard held(mutex_);
      is_ending_ = true;
    }
    wake_->notify_all();
    writer_.reset();
  }

  const std::string& file() const override { return path_; }

  bool is_resumed() const override { return is_resumed_; }

  void begin(const journal_call& call) override {
    const bool is_known = with_journal(path_, [&] {
      sqlite_statement known(*database_,
                             "SELECT name, task, n_items, digest FROM call WHERE number = ?");
      if (!known.with(call.number).next()) return false;
      const auto differ = [&](const std::string& was, const std::string& is) {
        const setting_difference other = differing_settings();
        throw config_error(fmt::format(
            "{}: call {} of the body does not fit: found {}, and the journal has {}; accepted: the "
            "same program with the same options and input, or a new journal",
            path_,
            call.number,
            other.is.empty() ? is : other.is,
            other.is.empty() ? was : other.was));
      };
      const auto n_items = [](std::uint64_t n) { return fmt::format("{} items", n); };
      if (known.text(0) != call.name) differ(known.text(0), call.name);
      if (known.text(1) != call.task) differ(known.text(1), call.task);
      if (known.unsigned_number(2) != call.n_items)
        differ(n_items(known.unsigned_number(2)), n_items(call.n_items));
      if (call.digest_of_old != 0 && known.unsigned_number(3) == call.digest_of_old) {
        refuse_journal(path_,
                       fmt::format("call {} of the body ({}) as an earlier version of rankwise has "
                                   "run it, with the random numbers of the first call",
                                   call.number,
                                   call.name),
                       "a new journal: each call has random numbers of its own now");
      }
      if (known.unsigned_number(3) != call.digest)
        differ("another task, with other members or another --seed",
               call.name + " of " + call.task);
      return true;
    });
    if (!is_known) push(call, 0);
  }

  void read_results(
      std::uint32_t call,
      const std::function<void(const journal_result&, std::span<const std::byte>)>& take) override {
    flush();
    with_journal(path_, [&] {
      sqlite_statement rows(*database_,
                            "SELECT first, count, inputs, rank, task_s, sum, payload FROM done "
                            "WHERE call = ? ORDER BY first");
      rows.with(call);
      while (rows.next()) {
        journal_result row;
        row.call = call;
        row.items = {rows.unsigned_number(0), rows.unsigned_number(1)};
        row.inputs = rows.unsigned_number(2);
        row.rank = static_cast<std::int32_t>(rows.number(3));
        row.task_s = rows.real(4);
        const std::span<const std::byte> payload = rows.blob(6);
        if (sum_of(row, payload) != rows.unsigned_number(5)) {
          throw sqlite_error(SQLITE_CORRUPT,
                             fmt::format("items {} to {} of call {} do not match their sum",
                                         row.items.first,
                                         row.items.first + row.items.count - 1,
                                         call));
        }
        take(row, payload);
      }
    });
  }

  std::vector<journal_failure> read_failures(std::uint32_t call) override {
    std::vector<journal_failure> found;
    if (use_ == journal_use::retry_failed) return found;
    flush();
    with_journal(path_, [&] {
      sqlite_statement rows(*database_,
                            "SELECT item, rank, host, text, is_configuration FROM failure "
                            "WHERE call = ?1 AND is_final AND NOT EXISTS (SELECT 1 FROM done WHERE "
                            "done.call = ?1 AND first <= item AND item < first + count) "
                            "GROUP BY item ORDER BY item");
      rows.with(call);
      while (rows.next()) {
        found.push_back({call,
                         rows.unsigned_number(0),
                         static_cast<std::int32_t>(rows.number(1)),
                         rows.text(2),
                         rows.text(3),
                         rows.number(4) != 0,
                         true});
      }
    });
    return found;
  }

  void add(journal_result done) override {
    const std::size_t size = done.payload.size();
    push(std::move(done), size);
  }

  void add(journal_failure failed) override { push(std::move(failed), 0); }

  void forget(std::uint32_t call, core::item_range items) override {
    push(forgotten{call, items}, 0);
  }

  bool is_behind() const override {
    return unsafe_bytes_.load(std::memory_order_relaxed) > most_waiting;
  }

  bool is_broken() const override { return is_broken_.load(std::memory_order_relaxed); }

  void flush() override {
    std::unique_lock held(mutex_);
    const std::uint64_t wanted = n_added_;
    is_hurried_ = true;
    wake_->notify_all();
    while (n_kept_ < wanted && !problem_) written_->wait(held);
    if (problem_) throw journal_error(*problem_);
  }

  void end(const std::string& outcome) override { push(outcome, 0); }

 private:
  /// Items whose results count no more.
  struct forgotten {
    std::uint32_t call = 0;
    core::item_range items;
  };

  using content =
      std::variant<journal_call, journal_result, journal_failure, forgotten, std::string>;

  struct entry {
    content what;
    double at = 0;
  };

  /// A job that goes on from another waits that long for the other one's root to be gone.
  static constexpr core::duration patience = std::chrono::seconds(30);

  /// How long entries are gathered for one commit.
  static constexpr std::chrono::milliseconds commit_interval{50};

  /// Where more bytes of results than that wait for the disk, no work is handed out; what is out
  /// already still comes in.
  static constexpr std::size_t most_waiting = std::size_t{256} << 20U;

  static double seconds_now() {
    return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch())
        .count();
  }

  static std::uint64_t sum_of(const journal_result& row, std::span<const std::byte> payload) {
    return wire::digest()
        .add(row.call)
        .add(row.items.first)
        .add(row.items.count)
        .add(row.inputs)
        .add(payload)
        .value();
  }

  void open(const std::string& program, const std::vector<std::string>& hosts) {
    database_.emplace(path_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_FULLMUTEX);
    if (is_new()) {
      database_->run("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
      database_->run("BEGIN");
      database_->run(journal_format::schema);
      database_->run(journal_format::setting_schema);
      sqlite_statement(*database_, "INSERT INTO job VALUES (?, ?)")
          .with(program, fmt::format("rankwise {}", version))
          .run();
      write_settings();
      database_->run(fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {}",
                                 journal_format::application_id,
                                 journal_format::version)
                         .c_str());
      database_->run("COMMIT");
    } else {
      require_journal(*database_, path_);
      require_use(program);
      database_->run("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
      is_resumed_ = true;
    }
    database_->run("BEGIN");
    sqlite_statement(*database_, "INSERT INTO run (started) VALUES (?)").with(seconds_now()).run();
    run_ = sqlite3_last_insert_rowid(database_->get());
    sqlite_statement rank(*database_, "INSERT INTO rank VALUES (?, ?, ?)");
    for (std::size_t row = 0; row < hosts.size(); ++row)
      rank.with(run_, static_cast<std::int64_t>(row), hosts[row]).run();
    database_->run("COMMIT");
  }

  void write_settings() const {
    sqlite_statement row(*database_, "INSERT INTO setting VALUES (?, ?)");
    for (const auto& [name, value] : settings_) row.with(name, value).run();
  }

  /// What this job is asked for and the one that made the journal was not, and the other way round.
  struct setting_difference {
    std::string is;
    std::string was;
  };

  setting_difference differing_settings() const {
    setting_difference found;
    sqlite_statement has_any(*database_,
                             "SELECT count(*) FROM sqlite_schema WHERE name = 'setting'");
    if (!has_any.next() || has_any.number(0) == 0) return found;
    std::map<std::string, std::string> before;
    for (sqlite_statement row(*database_, "SELECT name, value FROM setting"); row.next();)
      before[row.text(0)] = row.text(1);
    std::set<std::string> names;
    for (const auto& [name, value] : before) names.insert(name);
    for (const auto& [name, value] : settings_) names.insert(name);
    const auto text_in = [](const std::map<std::string, std::string>& all,
                            const std::string& name) {
      const auto at = all.find(name);
      if (at == all.end()) return "no " + name;
      return name + (at->second.empty() ? "" : " " + at->second);
    };
    for (const std::string& name : names) {
      const std::string is = text_in(settings_, name);
      const std::string was = text_in(before, name);
      if (is == was) continue;
      found.is += (found.is.empty() ? "" : ", ") + is;
      found.was += (found.was.empty() ? "" : ", ") + was;
    }
    return found;
  }

  /// Also where a job was killed before it had made the tables.
  bool is_new() const {
    sqlite_statement tables(*database_, "SELECT count(*) FROM sqlite_schema");
    sqlite_statement mark(*database_, "PRAGMA application_id");
    return tables.next() && tables.number(0) == 0 && mark.next() && mark.number(0) == 0;
  }

  std::string program_of_journal() const {
    sqlite_statement job(*database_, "SELECT program FROM job");
    return job.next() ? job.text(0) : std::string();
  }

  void require_use(const std::string& program) const {
    const std::string found = program_of_journal();
    if (found != program)
      refuse_journal(path_, "the journal of " + found, "one of " + program + ", or a new file");
    if (use_ != journal_use::begin) return;
    const auto count = [this](const char* sql) {
      sqlite_statement asked(*database_, sql);
      return asked.next() ? asked.number(0) : 0;
    };
    const std::int64_t n_results = count("SELECT total(count) FROM done");
    const std::int64_t n_failures = count("SELECT count(*) FROM failure");
    if (n_results == 0 && n_failures == 0) {  // of a job that did not come far
      database_->run("DELETE FROM call; DROP TABLE IF EXISTS setting");
      database_->run(journal_format::setting_schema);
      write_settings();
      return;
    }
    refuse_journal(
        path_,
        fmt::format(
            "a journal that holds {} results and {} failures already", n_results, n_failures),
        "--resume to go on from there, or a new file");
  }

  void push(content what, std::size_t size) {
    const std::lock_guard held(mutex_);
    if (problem_) return;
    if (waiting_.empty()) first_waits_since_ = machine_.now();
    waiting_.push_back({std::move(what), seconds_now()});
    waiting_bytes_ += size;
    unsafe_bytes_ += size;
    ++n_added_;
    if (waiting_.size() == 1) wake_->notify_all();
  }

  void write_all() {
    std::unique_lock held(mutex_);
    for (;;) {
      while (waiting_.empty() && !is_ending_) wake_->wait(held);
      if (waiting_.empty()) return;
      const core::duration due = first_waits_since_ + commit_interval;
      while (!is_hurried_ && !is_ending_ && waiting_bytes_ < most_waiting / 16 &&
             machine_.now() < due) {
        wake_->wait_until(held, due);
      }
      is_hurried_ = false;
      std::list<entry> taken = std::exchange(waiting_, {});
      const std::size_t taken_bytes = std::exchange(waiting_bytes_, 0);
      if (!problem_) {
        held.unlock();
        const std::optional<std::string> wrong = commit(taken);
        held.lock();
        if (wrong) {
          problem_ = wrong;
          is_broken_ = true;
        }
        n_kept_ += wrong ? 0 : taken.size();
      }
      unsafe_bytes_ -= taken_bytes;
      written_->notify_all();
    }
  }

  /// Returns what is wrong. Then nothing of `all` is kept.
  std::optional<std::string> commit(const std::list<entry>& all) {
    try {
      database_->run("BEGIN");
      for (const entry& one : all) {
        std::visit([&](const auto& what) { write(what, one.at); }, one.what);
      }
      database_->run("COMMIT");
      return std::nullopt;
    } catch (const sqlite_error& error) {
      return what_is_wrong(error, error.code() == SQLITE_FULL ? " once there is room" : "");
    } catch (const std::exception& error) {
      return what_is_wrong(error, "");
    }
  }

  std::string what_is_wrong(const std::exception& error, const char* when) const {
    sqlite3_exec(database_->get(), "ROLLBACK", nullptr, nullptr, nullptr);
    return fmt::format(
        "{}: {}; what it holds is whole: --resume goes on from there{}", path_, error.what(), when);
  }

  sqlite_statement& statement(std::optional<sqlite_statement>& kept, const char* sql) {
    if (!kept) kept.emplace(*database_, sql);
    return *kept;
  }

  void write(const journal_call& call, double /*at*/) {
    sqlite_statement(*database_, "INSERT INTO call VALUES (?, ?, ?, ?, ?)")
        .with(call.number, call.name, call.task, call.n_items, call.digest)
        .run();
  }

  void write(const journal_result& done, double at) {
    const std::span<const std::byte> payload = done.payload;
    statement(insert_done_, "INSERT INTO done VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
        .with(done.call,
              done.items.first,
              done.items.count,
              done.inputs,
              run_,
              done.rank,
              at,
              done.task_s,
              sum_of(done, payload),
              payload)
        .run();
  }

  void write(const journal_failure& failed, double at) {
    statement(insert_failure_, "INSERT INTO failure VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)")
        .with(failed.call,
              failed.item,
              run_,
              failed.rank,
              failed.host,
              at,
              static_cast<int>(failed.is_configuration),
              static_cast<int>(failed.is_final),
              failed.text)
        .run();
  }

  void write(const forgotten& gone, double /*at*/) {
    sqlite_statement(*database_, "DELETE FROM done WHERE call = ? AND first = ?")
        .with(gone.call, gone.items.first)
        .run();
  }

  void write(const std::string& outcome, double at) {
    sqlite_statement(*database_, "UPDATE run SET ended = ?, outcome = ? WHERE id = ?")
        .with(at, outcome, run_)
        .run();
  }

  std::string path_;
  journal_use use_;
  std::map<std::string, std::string> settings_;
  journal_lock lock_;  // before the database, whose descriptors are closed first
  std::optional<sqlite_database> database_;
  std::optional<sqlite_statement> insert_done_;
  std::optional<sqlite_statement> insert_failure_;
  std::int64_t run_ = 0;
  bool is_resumed_ = false;

  transport::machine& machine_;
  std::mutex mutex_;
  std::unique_ptr<transport::machine::condition> wake_ = machine_.new_condition();  // the writer
  std::unique_ptr<transport::machine::condition> written_ =
      machine_.new_condition();  // those who wait for it
  std::list<entry> waiting_;
  std::size_t waiting_bytes_ = 0;
  std::atomic<std::size_t> unsafe_bytes_ = 0;  // of those, and of what is being written
  core::duration first_waits_since_{};
  std::uint64_t n_added_ = 0;
  std::uint64_t n_kept_ = 0;
  bool is_hurried_ = false;
  bool is_ending_ = false;
  std::optional<std::string> problem_;
  std::atomic<bool> is_broken_ = false;                 // there is a problem
  std::unique_ptr<transport::machine::thread> writer_;  // last: it uses the others
};

}  // namespace rankwise::observe
