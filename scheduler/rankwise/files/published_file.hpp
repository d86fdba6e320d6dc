// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/error.hpp>
#include <rankwise/files/output_target.hpp>

#include <fmt/core.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <fcntl.h>
#include <filesystem>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <sys/types.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace rankwise::files {

/// A file that can't be written. The message names the file, and says why.
class file_error : public config_error {
 public:
  file_error(const std::string& text, std::error_code code) : config_error(text), code_(code) {}

  const std::error_code& code() const noexcept { return code_; }

 private:
  std::error_code code_;
};

/// What `publish` does if a file has the name already.
enum class if_there : std::uint8_t {
  refuse,   ///< it stays, and a `file_error` says so
  replace,  ///< the name goes over to the new file; one of the two has it at any moment
  /// The bytes go where a shell's `>` would send them: to a device, a FIFO, the file that a
  /// symbolic link leads to, standard output for "-". A regular file is replaced at once and keeps
  /// its mode and owner; it is written in place if it has other names, or if it can't be replaced.
  write_to
};

/// The options of a `published_file`.
struct publishing {
  if_there earlier = if_there::refuse;
  /// The mode of the file, whatever the umask is; none: that of an earlier file, or what the umask
  /// leaves of 0666.
  std::optional<mode_t> mode = std::nullopt;
  std::string option = {};  ///< the option that named the file; messages begin with it
  bool nameless = true;     ///< false: a hidden temporary file even where a nameless one can be had
  bool durable = true;      ///< false: do not wait for the disk, since the file can be made again
};

/// Waits until the disk has the names in `directory`. Returns at once if the system can't do that.
///
/// Returns false, with errno set, if it failed.
inline bool sync_directory(const std::filesystem::path& directory) {
  const int opened = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (opened < 0) return errno == EACCES;  // one that can be written to, and not be read
  const bool is_synced = ::fsync(opened) == 0 || errno == EINVAL;
  const int reason = errno;
  ::close(opened);
  errno = reason;
  return is_synced;
}

/// A file that has no name before it is whole and on the disk: `publish` gives it its name;
/// destroyed before that (or its process killed), it is gone.
///
/// Linux: the file is nameless (O_TMPFILE). If the file system has no such files (NFS), or /proc is
/// not there, it is a hidden file `.rankwise-...` in the same directory instead, which a killed
/// process leaves behind. A device, a FIFO or the like is written to directly.
///
/// Throws: file_error, each call; nothing is left of the new file then, and an earlier one is as it
///         was, but for what was written in place.
class published_file {
 public:
  explicit published_file(const std::filesystem::path& path, publishing how = {})
      : path_(how.earlier == if_there::write_to ? behind_links(path) : path),
        shown_(how.option.empty() ? path.string() : how.option + " " + path.string()),
        how_(std::move(how)) {
    if (how_.earlier == if_there::refuse && is_there()) refuse_earlier();
    try {
      if (how_.earlier == if_there::write_to && open_earlier(path)) return;
      descriptor_ = open_new();
      if (descriptor_ == closed) fail("can't be made");
      if (how_.mode && ::fchmod(descriptor_, *how_.mode) != 0) fail("can't be given its mode");
    } catch (...) {
      discard();
      throw;
    }
  }

  published_file(const published_file&) = delete;
  published_file& operator=(const published_file&) = delete;
  published_file(published_file&&) = delete;
  published_file& operator=(published_file&&) = delete;

  ~published_file() { discard(); }

  /// Sees that a user's output can be written to `path`, before a job finds out at its end. Changes
  /// nothing.
  static void check(const std::filesystem::path& path, const std::string& option) {
    const auto refuse = [&] {
      const int reason = errno;
      throw file_error(fmt::format("{} {}: can't be written: {}",
                                   option,
                                   path.string(),
                                   std::generic_category().message(reason)),
                       {reason, std::generic_category()});
    };
    const std::filesystem::path target = behind_links(path);
    if (const std::optional<int> other = descriptor_of(target)) {
      if (::fcntl(*other, F_GETFD) < 0) refuse();
      return;
    }
    std::error_code ignored;
    if (std::filesystem::is_directory(target, ignored)) {
      errno = EISDIR;
      refuse();
    }
    if (::access(path.c_str(), W_OK) == 0) return;
    if (errno != ENOENT || ::access(directory_of(target).c_str(), W_OK | X_OK) != 0) refuse();
  }

  /// Appends `contents`.
  void write(std::string_view contents) {
    while (!contents.empty()) {
      const ssize_t n = ::write(descriptor_, contents.data(), contents.size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) fail("can't be written");
      contents.remove_prefix(static_cast<std::size_t>(n));
    }
  }

  /// Waits until the disk has what was written: the last step that a full disk, a quota or a server
  /// can make fail, so that several files can be made sure of before the first has a name.
  void complete() {
    if (is_complete_) return;
    if (how_.durable && ::fsync(descriptor_) != 0 && !(is_in_place_ && has_no_sync(errno)))
      fail("can't be written to the disk");
    // A network file system has its last say when a descriptor is closed; the other one keeps a
    // nameless file alive.
    const int copy = ::fcntl(descriptor_, F_DUPFD_CLOEXEC, 0);
    if (copy < 0 || (::close(copy) != 0 && errno != EINTR)) fail("can't be written to the disk");
    is_complete_ = true;
  }

  /// Completes the file, gives it its name, and waits until the disk has that too. To be called
  /// once.
  void publish() {
    complete();
    const bool is_new = is_in_place_ || give_name();
    const bool is_named_durably = is_in_place_ || !how_.durable || sync_directory(directory());
    const int reason = errno;
    discard();
    if (is_named_durably) return;
    if (is_new) ::unlink(path_.c_str());  // the caller hears that there is no such file
    errno = reason;
    fail("its name can't be written to the disk");
  }

 private:
  static constexpr int closed = -1;

  static std::filesystem::path directory_of(const std::filesystem::path& path) {
    return path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
  }

  std::filesystem::path directory() const { return directory_of(path_); }

  [[noreturn]] void fail(const char* what) const {
    const std::error_code code(errno, std::generic_category());
    throw file_error(fmt::format("{}: {}: {}", shown_, what, code.message()), code);
  }

  [[noreturn]] void refuse_earlier() const {
    throw file_error(shown_ + ": is there already: nothing is overwritten",
                     std::make_error_code(std::errc::file_exists));
  }

  static bool has_no_sync(int reason) {
    return reason == EINVAL || reason == EROFS || reason == ENOTSUP;
  }

  /// Whether anything has the name, a link that leads nowhere too.
  bool is_there() const {
    std::error_code ignored;
    return std::filesystem::exists(std::filesystem::symlink_status(path_, ignored));
  }

  /// Opens what the user's path leads to, or a file that is to replace it. False where there is
  /// nothing.
  bool open_earlier(const std::filesystem::path& path) {
    const std::optional<int> other = descriptor_of(path_);
    if (other == STDOUT_FILENO) std::fflush(stdout);  // what was printed so far comes first
    // By the path that was given: the system may refuse to follow somebody else's links.
    descriptor_ = other ? ::fcntl(*other, F_DUPFD_CLOEXEC, 0) : open_to_write(path);
    if (descriptor_ == closed && !other && errno == ENOENT) return false;
    if (descriptor_ == closed) fail("can't be written");

    struct stat status {};

    is_in_place_ = true;
    if (other || ::fstat(descriptor_, &status) != 0 || !S_ISREG(status.st_mode)) return true;
    is_in_place_ = status.st_nlink > 1 || !replace(status);
    if (is_in_place_ && ::ftruncate(descriptor_, 0) != 0) fail("can't be written");
    return true;
  }

  /// Waits for a reader where there is a FIFO, as a shell does, and says so where there is none.
  int open_to_write(const std::filesystem::path& path) const {
    constexpr int flags = O_WRONLY | O_CLOEXEC | O_NOCTTY;
    std::error_code ignored;
    if (std::filesystem::is_fifo(path, ignored)) {
      const int opened = ::open(path.c_str(), flags | O_NONBLOCK);
      if (opened != closed) ::fcntl(opened, F_SETFL, O_WRONLY);
      if (opened != closed || errno != ENXIO) return opened;
      fmt::print(stderr, "{}: a FIFO that nobody reads yet; waiting for a reader\n", shown_);
    }
    return ::open(path.c_str(), flags);
  }

  /// Goes from the earlier file to a new one that has its mode and owner. False where that can't
  /// be.
  bool replace(const struct stat& earlier) {
    const int made = open_new();
    if (made == closed) {
      if (errno == EACCES || errno == EPERM || errno == EROFS) return false;
      fail("can't be made");
    }
    const int before = std::exchange(descriptor_, made);

    struct stat mine {};

    constexpr mode_t permissions = 07777;
    const bool is_alike = ::fstat(made, &mine) == 0 &&
                          ((mine.st_uid == earlier.st_uid && mine.st_gid == earlier.st_gid) ||
                           ::fchown(made, earlier.st_uid, earlier.st_gid) == 0) &&
                          ::fchmod(made, how_.mode.value_or(earlier.st_mode & permissions)) == 0;
    if (is_alike) {
      ::close(before);
    } else {
      discard();
      descriptor_ = before;
    }
    return is_alike;
  }

  /// Opens a new file without its name; `closed`, with errno set, where that can't be.
  int open_new() {
    const mode_t mode = how_.mode.value_or(0666);
    if (how_.nameless && ::access("/proc/self/fd", X_OK) == 0) {
      const int opened = ::open(directory().c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, mode);
      if (opened != closed) return opened;
      if (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL) return closed;
    }
    hidden_ = hidden_name();
    const int opened = ::open(hidden_.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, mode);
    if (opened == closed) hidden_.clear();
    return opened;
  }

  /// By chance, not by a process id: that of a restarted container is the same again.
  std::filesystem::path hidden_name() const {
    std::random_device chance;
    return directory() / fmt::format(".rankwise-{:08x}{:08x}", chance(), chance());
  }

  bool link_as(const std::filesystem::path& name) const {
    const std::string from =
        hidden_.empty() ? fmt::format("/proc/self/fd/{}", descriptor_) : hidden_.string();
    return ::linkat(AT_FDCWD, from.c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW) == 0;
  }

  /// Returns whether no other file had the name.
  bool give_name() {
    if (link_as(path_)) return true;
    if (errno == EEXIST && how_.earlier == if_there::refuse) refuse_earlier();
    if (hidden_.empty()) {
      if (errno != EEXIST) fail("can't be given its name");
      const std::filesystem::path beside = hidden_name();
      if (!link_as(beside)) fail("can't be given a name");
      hidden_ = beside;
    }
    return rename_hidden();
  }

  /// The same for a file that has a hidden name.
  bool rename_hidden() {
    // A file system without links (FAT) can do this.
    const unsigned int flags = how_.earlier == if_there::refuse ? RENAME_NOREPLACE : 0;
    const bool is_new = !is_there();
    if (::renameat2(AT_FDCWD, hidden_.c_str(), AT_FDCWD, path_.c_str(), flags) != 0) {
      if (errno == EEXIST) refuse_earlier();
      fail("can't be given its name");
    }
    hidden_.clear();
    return is_new;
  }

  void discard() noexcept {
    if (!hidden_.empty()) ::unlink(hidden_.c_str());
    if (descriptor_ != closed) ::close(descriptor_);
    hidden_.clear();
    descriptor_ = closed;
  }

  std::filesystem::path path_;  // behind the user's links
  std::string shown_;           // what messages call it
  publishing how_;
  std::filesystem::path hidden_;  // empty: the file is nameless, or has its name
  bool is_in_place_ = false;      // written where it is
  bool is_complete_ = false;
  int descriptor_ = closed;
};

/// Writes all of a user's output, which the option `option` named.
///
/// Throws: file_error.
inline void write_output(const std::filesystem::path& path,
                         std::string_view contents,
                         std::string option = {}) {
  published_file file(path, {.earlier = if_there::write_to, .option = std::move(option)});
  file.write(contents);
  file.publish();
}

}  // namespace rankwise::files
