// SPDX-License-Identifier: MIT
#pragma once

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <sys/types.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace rsa_keygen {

/// How a `pending_file` is made.
struct file_settings {
  mode_t mode = 0600;   ///< whatever the umask is
  bool unnamed = true;  ///< false: a temporary file even where an unnamed one can be had
  bool durable = true;  ///< false: do not wait for the disk, since the file can be made again
};

/// A file that is whole and on the disk, but has no name yet: `publish` gives it its name;
/// destroyed before that (or its process killed), it is gone.
///
/// Linux: the file is unnamed (O_TMPFILE). Where the file system has no such files (NFS) or /proc
/// is not there, it is a hidden temporary file `.NAME.XXXXXX` in the same directory instead, which
/// a killed process leaves behind.
class pending_file {
 public:
  /// Writes `contents` to a file to be called `path`, and waits until the disk has it.
  ///
  /// Throws: std::system_error, its text naming `path`; nothing is left then.
  pending_file(std::filesystem::path path, std::string_view contents, file_settings how = {})
      : path_(std::move(path)), durable_(how.durable) {
    open(how);
    try {
      write(contents, how.mode);
    } catch (...) {
      discard();
      throw;
    }
  }

  pending_file(pending_file&& other) noexcept
      : path_(std::move(other.path_)),
        durable_(other.durable_),
        temporary_(std::exchange(other.temporary_, {})),
        descriptor_(std::exchange(other.descriptor_, closed)) {}

  pending_file(const pending_file&) = delete;
  pending_file& operator=(const pending_file&) = delete;
  pending_file& operator=(pending_file&&) = delete;

  ~pending_file() { discard(); }

  /// Gives the file its name and waits until the disk has that too. To be called once.
  ///
  /// Throws: std::system_error, also if the name is taken: nothing is overwritten.
  void publish() {
    if (!link_as(path_)) fail("cannot give the finished file its name");
    finish();
  }

  /// The same, in place of a file of that name that an earlier try of this job has left. One of the
  /// two is there at any moment.
  ///
  /// Throws: std::system_error.
  void publish_again() {
    const std::filesystem::path beside =
        directory() / fmt::format(".{}.{}", path_.filename().string(), ::getpid());
    if (!link_as(beside)) fail("cannot give the finished file a name");
    if (::rename(beside.c_str(), path_.c_str()) != 0) {
      const int reason = errno;
      ::unlink(beside.c_str());
      errno = reason;
      fail("cannot give the finished file its name");
    }
    finish();
  }

 private:
  static constexpr int closed = -1;

  bool link_as(const std::filesystem::path& name) const {
    const std::string source =
        temporary_.empty() ? "/proc/self/fd/" + std::to_string(descriptor_) : temporary_;
    return ::linkat(AT_FDCWD, source.c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW) == 0;
  }

  void finish() {
    discard();
    if (durable_ && !directory_synced()) {
      const int reason = errno;
      ::unlink(path_.c_str());  // the caller will hear that there is no such file
      errno = reason;
      fail("cannot write the file's name to the disk");
    }
  }

  [[noreturn]] void fail(const char* attempt) const {
    throw std::system_error(errno, std::generic_category(), path_.string() + ": " + attempt);
  }

  std::filesystem::path directory() const {
    return path_.has_parent_path() ? path_.parent_path() : std::filesystem::path(".");
  }

  void open(const file_settings& how) {
    if (how.unnamed && ::access("/proc/self/fd", X_OK) == 0) {
      descriptor_ = ::open(directory().c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, how.mode);
      const bool unsupported = errno == EOPNOTSUPP || errno == EISDIR;
      if (descriptor_ == closed && !unsupported) fail("cannot make the file");
    }
    if (descriptor_ == closed) {
      temporary_ = directory() / ("." + path_.filename().string() + ".XXXXXX");
      descriptor_ = ::mkostemp(temporary_.data(), O_CLOEXEC);
      if (descriptor_ == closed) {
        temporary_.clear();  // before its X's were filled in, it names nothing of ours
        fail("cannot make the file");
      }
    }
  }

  void write(std::string_view contents, mode_t mode) {
    while (!contents.empty()) {
      const ssize_t written = ::write(descriptor_, contents.data(), contents.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) fail("cannot write the file");
      contents.remove_prefix(static_cast<std::size_t>(written));
    }
    if (::fchmod(descriptor_, mode) != 0) fail("cannot set the file's mode");
    if (durable_ && ::fsync(descriptor_) != 0) fail("cannot write the file to the disk");
  }

  bool directory_synced() const {
    const int opened = ::open(directory().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (opened == closed) return false;
    const bool synced = ::fsync(opened) == 0 || errno == EINVAL;  // EINVAL: has no such operation
    const int reason = errno;
    ::close(opened);
    errno = reason;
    return synced;
  }

  void discard() noexcept {
    if (!temporary_.empty()) ::unlink(temporary_.c_str());
    if (descriptor_ != closed) ::close(descriptor_);
    temporary_.clear();
    descriptor_ = closed;
  }

  std::filesystem::path path_;
  bool durable_;
  std::string temporary_;  // empty: the file is unnamed, and `descriptor_` is all there is of it
  int descriptor_ = closed;
};

}  // namespace rsa_keygen
