// SPDX-License-Identifier: MIT
// A disk in memory for SQLite: what was not synced may be lost, as when the power fails; it may be
// full, and it may give errors.
#pragma once

#include <rankwise/random.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <sqlite3.h>
#include <string>
#include <vector>

namespace rankwise::test {

/// The files that SQLite makes in this process, from when `installed` is first called.
class volatile_disk {
 public:
  static volatile_disk& installed() {
    static volatile_disk disk;
    return disk;
  }

  volatile_disk(const volatile_disk&) = delete;
  volatile_disk& operator=(const volatile_disk&) = delete;
  volatile_disk(volatile_disk&&) = delete;
  volatile_disk& operator=(volatile_disk&&) = delete;
  ~volatile_disk() = default;

  /// An empty disk, on which nothing goes wrong.
  void clear() {
    files_.clear();
    close_all();
    n_writes_ = 0;
    repair();
  }

  /// Nothing goes wrong from now on.
  void repair() {
    on_write_ = {};
    full_at_ = UINT64_MAX;
    fail(0, 0);
  }

  /// The process that has files open is gone: what it has written is there.
  void close_all() {
    ++generation_;
    for (auto& [name, one] : files_) one = one->copy();  // SQLite still looks into what was mapped
  }

  /// The same where the power fails: of what was not synced any part may be lost.
  void lose_power(random_stream& chance) {
    close_all();
    for (auto& [name, one] : files_) one->lose(chance);
  }

  /// `what` is called before each write, with the number of those before; the write fails where the
  /// disk has been closed by it.
  void on_write(std::function<void(std::uint64_t)> what) { on_write_ = std::move(what); }

  /// There is no room from that write on.
  void full_at(std::uint64_t n_writes) { full_at_ = n_writes; }

  std::uint64_t n_writes() const { return n_writes_; }

  /// From now on `n_good` operations succeed, and `n_bad` after them give an error: opening,
  /// reading, writing, cutting, syncing, locking and deleting.
  void fail(std::uint64_t n_good, std::uint64_t n_bad) {
    n_good_ = n_good;
    n_bad_ = n_bad;
  }

  std::size_t size(const std::string& name) const {
    const auto found = files_.find(name);
    return found == files_.end() ? 0 : found->second->current.size();
  }

  /// Zeros in place of what stands there in a file that nobody has open.
  void wipe(const std::string& name, std::size_t at, std::size_t n_bytes) {
    file& one = *files_.at(name);
    one.sync();
    std::fill_n(one.current.begin() + static_cast<std::ptrdiff_t>(at), n_bytes, std::byte{});
    one.sync();
  }

 private:
  struct write {
    std::size_t at = 0;
    std::vector<std::byte> bytes;
  };

  struct file {
    std::vector<std::byte> durable;
    std::vector<std::byte> current;
    std::vector<write> unsynced;
    std::vector<std::unique_ptr<std::vector<std::byte>>> shared_memory;

    static void put(std::vector<std::byte>& to, const write& one) {
      to.resize(std::max(to.size(), one.at + one.bytes.size()));
      std::copy(
          one.bytes.begin(), one.bytes.end(), to.begin() + static_cast<std::ptrdiff_t>(one.at));
    }

    void sync() {
      durable = current;
      unsynced.clear();
    }

    std::shared_ptr<file> copy() const {
      auto other = std::make_shared<file>();
      other->durable = durable;
      other->current = current;
      other->unsynced = unsynced;
      return other;
    }

    /// Whole writes are lost, or the ends of them.
    void lose(random_stream& chance) {
      const bool loses_all_from_one_on = chance() % 2 == 0;
      const std::size_t first_lost = chance() % (unsynced.size() + 1);
      for (std::size_t i = 0; i < unsynced.size(); ++i) {
        const bool is_lost = loses_all_from_one_on ? i >= first_lost : chance() % 2 == 0;
        if (is_lost) continue;
        if (chance() % 8 == 0) unsynced[i].bytes.resize(unsynced[i].bytes.size() / 512 * 512);
        put(durable, unsynced[i]);
      }
      current = durable;
      unsynced.clear();
    }
  };

  /// What SQLite keeps of an open file.
  struct open_file {
    sqlite3_file base;
    std::shared_ptr<file>* what;
    std::uint64_t generation;
  };

  volatile_disk() {
    vfs_.iVersion = 2;
    vfs_.szOsFile = sizeof(open_file);
    vfs_.mxPathname = 512;
    vfs_.zName = "volatile";
    vfs_.xOpen = open;
    vfs_.xDelete = [](sqlite3_vfs*, const char* name, int) {
      if (installed().is_failing()) return SQLITE_IOERR_DELETE;
      return installed().files_.erase(name) != 0 ? SQLITE_OK : SQLITE_IOERR_DELETE_NOENT;
    };
    vfs_.xAccess = [](sqlite3_vfs*, const char* name, int, int* found) {
      *found = installed().files_.contains(name) ? 1 : 0;
      return SQLITE_OK;
    };
    vfs_.xFullPathname = [](sqlite3_vfs*, const char* name, int room, char* path) {
      sqlite3_snprintf(room, path, "%s", name);
      return SQLITE_OK;
    };
    vfs_.xRandomness = [](sqlite3_vfs*, int n_bytes, char* bytes) {
      std::fill_n(bytes, n_bytes, '\1');
      return n_bytes;
    };
    vfs_.xSleep = [](sqlite3_vfs*, int time) { return time; };
    vfs_.xCurrentTime = [](sqlite3_vfs*, double* day) {
      *day = 2460000.5;
      return SQLITE_OK;
    };
    vfs_.xCurrentTimeInt64 = [](sqlite3_vfs*, sqlite3_int64* time) {
      *time = 212544043200000;
      return SQLITE_OK;
    };
    vfs_.xGetLastError = [](sqlite3_vfs*, int, char*) { return 0; };
    sqlite3_vfs_register(&vfs_, 1);
  }

  static int open(sqlite3_vfs*, const char* name, sqlite3_file* base, int flags, int* out_flags) {
    volatile_disk& disk = installed();
    auto* const mine = reinterpret_cast<open_file*>(base);
    mine->base.pMethods = nullptr;
    if (disk.is_failing()) return SQLITE_CANTOPEN;
    std::shared_ptr<file> found = std::make_shared<file>();  // without a name: a temporary one
    if (name != nullptr) {
      std::shared_ptr<file>& named = disk.files_[name];
      if (named == nullptr && (flags & SQLITE_OPEN_MAIN_DB) == 0 &&
          (flags & SQLITE_OPEN_CREATE) == 0) {
        disk.files_.erase(name);
        return SQLITE_CANTOPEN;
      }
      if (named == nullptr) named = found;
      found = named;
    }
    mine->what = new std::shared_ptr<file>(std::move(found));
    mine->generation = disk.generation_;
    mine->base.pMethods = &methods();
    if (out_flags != nullptr) *out_flags = flags;
    return SQLITE_OK;
  }

  static open_file& of(sqlite3_file* base) { return *reinterpret_cast<open_file*>(base); }

  static bool is_stale(sqlite3_file* base) {
    return of(base).generation != installed().generation_;
  }

  bool is_failing() {
    if (n_good_ != 0 || n_bad_ == 0) {
      n_good_ -= n_good_ != 0 ? 1 : 0;
      return false;
    }
    --n_bad_;
    return true;
  }

  /// The operation fails: its process is gone, or the disk gives an error.
  static bool fails(sqlite3_file* base) { return is_stale(base) || installed().is_failing(); }

  static const sqlite3_io_methods& methods() {
    static const sqlite3_io_methods all = [] {
      sqlite3_io_methods made{};
      made.iVersion = 2;
      made.xClose = [](sqlite3_file* base) {
        delete of(base).what;
        return SQLITE_OK;
      };
      made.xRead = read;
      made.xWrite = write_at;
      made.xTruncate = [](sqlite3_file* base, sqlite3_int64 size) {
        if (fails(base)) return SQLITE_IOERR_TRUNCATE;
        (*of(base).what)->current.resize(static_cast<std::size_t>(size));
        return SQLITE_OK;
      };
      made.xSync = [](sqlite3_file* base, int) {
        if (fails(base)) return SQLITE_IOERR_FSYNC;
        (*of(base).what)->sync();
        return SQLITE_OK;
      };
      made.xFileSize = [](sqlite3_file* base, sqlite3_int64* size) {
        *size = static_cast<sqlite3_int64>((*of(base).what)->current.size());
        return SQLITE_OK;
      };
      made.xLock = [](sqlite3_file*, int) {
        return installed().is_failing() ? SQLITE_IOERR_LOCK : SQLITE_OK;
      };
      made.xUnlock = [](sqlite3_file*, int) { return SQLITE_OK; };
      made.xCheckReservedLock = [](sqlite3_file*, int* is_locked) {
        *is_locked = 0;
        return SQLITE_OK;
      };
      made.xFileControl = [](sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; };
      made.xSectorSize = [](sqlite3_file*) { return 512; };
      made.xDeviceCharacteristics = [](sqlite3_file*) { return 0; };
      made.xShmMap = map_shared;
      made.xShmLock = [](sqlite3_file*, int, int, int) { return SQLITE_OK; };
      made.xShmBarrier = [](sqlite3_file*) {};
      made.xShmUnmap = [](sqlite3_file* base, int is_last) {
        if (is_last != 0 && !is_stale(base)) (*of(base).what)->shared_memory.clear();
        return SQLITE_OK;
      };
      return made;
    }();
    return all;
  }

  static int read(sqlite3_file* base, void* to, int n_bytes, sqlite3_int64 at) {
    if (fails(base)) return SQLITE_IOERR_READ;
    const std::vector<std::byte>& from = (*of(base).what)->current;
    const auto first = std::min(static_cast<std::size_t>(at), from.size());
    const auto wanted = static_cast<std::size_t>(n_bytes);
    const std::size_t n = std::min(wanted, from.size() - first);
    if (n != 0) std::memcpy(to, from.data() + first, n);
    std::memset(static_cast<std::byte*>(to) + n, 0, wanted - n);
    return n == wanted ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
  }

  static int write_at(sqlite3_file* base, const void* from, int n_bytes, sqlite3_int64 at) {
    volatile_disk& disk = installed();
    if (fails(base)) return SQLITE_IOERR_WRITE;
    const std::uint64_t n_before = disk.n_writes_++;
    if (disk.on_write_) disk.on_write_(n_before);
    if (is_stale(base)) return SQLITE_IOERR_WRITE;
    if (n_before >= disk.full_at_) return SQLITE_FULL;
    const auto* const bytes = static_cast<const std::byte*>(from);
    file& to = **of(base).what;
    to.unsynced.push_back({static_cast<std::size_t>(at), {bytes, bytes + n_bytes}});
    file::put(to.current, to.unsynced.back());
    return SQLITE_OK;
  }

  static int map_shared(
      sqlite3_file* base, int region, int n_bytes, int /*extend*/, volatile void** found) {
    auto& all = (*of(base).what)->shared_memory;
    while (all.size() <= static_cast<std::size_t>(region))
      all.push_back(std::make_unique<std::vector<std::byte>>(static_cast<std::size_t>(n_bytes)));
    *found = all[static_cast<std::size_t>(region)]->data();
    return SQLITE_OK;
  }

  sqlite3_vfs vfs_{};
  std::map<std::string, std::shared_ptr<file>, std::less<>> files_;
  std::uint64_t generation_ = 0;
  std::uint64_t n_writes_ = 0;
  std::uint64_t full_at_ = UINT64_MAX;
  std::uint64_t n_good_ = 0;  // operations
  std::uint64_t n_bad_ = 0;   // after those
  std::function<void(std::uint64_t)> on_write_;
};

}  // namespace rankwise::test
