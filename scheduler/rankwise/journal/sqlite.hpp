// SPDX-License-Identifier: MIT
#pragma once

#include <fmt/core.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <sqlite3.h>
#include <stdexcept>
#include <string>
#include <string_view>

namespace rankwise::observe {

/// What SQLite says where it can't do something.
class sqlite_error : public std::runtime_error {
 public:
  sqlite_error(int code, const std::string& text) : std::runtime_error(text), code_(code) {}

  /// SQLITE_FULL, SQLITE_CORRUPT ...
  int code() const noexcept { return code_; }

  /// The file is not what it should be.
  bool is_damage() const noexcept { return code_ == SQLITE_CORRUPT || code_ == SQLITE_NOTADB; }

 private:
  int code_;
};

/// A connection to a database file. Throws: sqlite_error, each call.
class sqlite_database {
 public:
  /// `flags` as for sqlite3_open_v2. A path is the name of a file, whatever it looks like: SQLite
  /// itself takes ":memory:", "file:..." and an empty name for something else.
  sqlite_database(const std::string& path, int flags) : sqlite_database(flags, as_file(path)) {}

  /// A database that nobody writes to, opened so that nothing is made beside it: the disk may be
  /// read-only.
  static sqlite_database unchanging(const std::string& path) {
    const char* const scheme = path.starts_with('/') ? "file://" : "file:";
    return {SQLITE_OPEN_READONLY | SQLITE_OPEN_URI,
            scheme + escaped(as_file(path)) + "?immutable=1"};
  }

  void run(const char* sql) const {
    check(sqlite3_exec(handle_.get(), sql, nullptr, nullptr, nullptr));
  }

  void check(int code) const {
    if (code == SQLITE_OK || code == SQLITE_ROW || code == SQLITE_DONE) return;
    throw sqlite_error(code & 0xff, handle_ ? sqlite3_errmsg(handle_.get()) : "no memory");
  }

  sqlite3* get() const { return handle_.get(); }

 private:
  struct close {
    void operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }
  };

  sqlite_database(int flags, const std::string& name) {
    sqlite3* opened = nullptr;
    const int code = sqlite3_open_v2(name.c_str(), &opened, flags, nullptr);
    handle_.reset(opened);
    check(code);
    sqlite3_busy_timeout(opened, 5000);
  }

  static std::string as_file(const std::string& path) {
    return path.starts_with('/') ? path : "./" + path;
  }

  /// For a URI: every byte but the plainest as %XX.
  static std::string escaped(const std::string& path) {
    std::string text;
    for (const char byte : path) {
      const bool is_plain = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                            (byte >= '0' && byte <= '9') || byte == '/' || byte == '.' ||
                            byte == '-' || byte == '_';
      text += is_plain
                  ? std::string(1, byte)
                  : fmt::format("%{:02X}", static_cast<unsigned>(static_cast<unsigned char>(byte)));
    }
    return text;
  }

  std::unique_ptr<sqlite3, close> handle_;
};

/// A statement that can be run again and again. Throws: sqlite_error, each call.
class sqlite_statement {
 public:
  sqlite_statement(const sqlite_database& database, std::string_view sql) : database_(&database) {
    sqlite3_stmt* made = nullptr;
    database.check(sqlite3_prepare_v2(
        database.get(), sql.data(), static_cast<int>(sql.size()), &made, nullptr));
    handle_.reset(made);
  }

  /// Gives the parameters their values, in order; what they refer to must live until `next` was
  /// called.
  template <class... Values>
  sqlite_statement& with(const Values&... values) {
    sqlite3_reset(handle_.get());
    int place = 0;
    (bind(++place, values), ...);
    return *this;
  }

  /// Goes to the next row; false where there is none.
  bool next() {
    const int code = sqlite3_step(handle_.get());
    if (code != SQLITE_ROW) sqlite3_reset(handle_.get());
    database_->check(code);
    return code == SQLITE_ROW;
  }

  /// Runs a statement that gives no rows.
  void run() {
    while (next()) continue;
  }

  std::int64_t number(int column) const { return sqlite3_column_int64(handle_.get(), column); }

  /// A number that was bound as an unsigned one.
  std::uint64_t unsigned_number(int column) const {
    return static_cast<std::uint64_t>(number(column));
  }

  double real(int column) const { return sqlite3_column_double(handle_.get(), column); }

  int n_columns() const { return sqlite3_column_count(handle_.get()); }

  /// As the statement calls it.
  std::string_view name(int column) const { return sqlite3_column_name(handle_.get(), column); }

  /// Of the value in this row: SQLITE_INTEGER, SQLITE_FLOAT, SQLITE_TEXT, SQLITE_BLOB, SQLITE_NULL.
  int type(int column) const { return sqlite3_column_type(handle_.get(), column); }

  bool is_null(int column) const { return type(column) == SQLITE_NULL; }

  std::string text(int column) const {
    const auto* const found =
        reinterpret_cast<const char*>(sqlite3_column_text(handle_.get(), column));
    return found == nullptr ? std::string{} : std::string(found, size(column));
  }

  /// Valid until the next row.
  std::span<const std::byte> blob(int column) const {
    const auto* const found =
        static_cast<const std::byte*>(sqlite3_column_blob(handle_.get(), column));
    return {found, found == nullptr ? 0 : size(column)};
  }

 private:
  struct finalize {
    void operator()(sqlite3_stmt* handle) const { sqlite3_finalize(handle); }
  };

  std::size_t size(int column) const {
    return static_cast<std::size_t>(sqlite3_column_bytes(handle_.get(), column));
  }

  void bind(int place, std::int64_t value) {
    database_->check(sqlite3_bind_int64(handle_.get(), place, value));
  }

  void bind(int place, std::uint64_t value) { bind(place, static_cast<std::int64_t>(value)); }

  void bind(int place, std::int32_t value) { bind(place, std::int64_t{value}); }

  void bind(int place, std::uint32_t value) { bind(place, std::int64_t{value}); }

  void bind(int place, double value) {
    database_->check(sqlite3_bind_double(handle_.get(), place, value));
  }

  void bind(int place, std::string_view value) {
    database_->check(sqlite3_bind_text64(
        handle_.get(), place, value.data(), value.size(), SQLITE_STATIC, SQLITE_UTF8));
  }

  void bind(int place, std::span<const std::byte> value) {
    // A null pointer would be NULL.
    const void* const data = value.empty() ? static_cast<const void*>("") : value.data();
    database_->check(sqlite3_bind_blob64(handle_.get(), place, data, value.size(), SQLITE_STATIC));
  }

  const sqlite_database* database_;
  std::unique_ptr<sqlite3_stmt, finalize> handle_;
};

}  // namespace rankwise::observe
