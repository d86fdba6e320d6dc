// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/engine/residents.hpp>
#include <rankwise/error.hpp>

#include <fmt/core.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace rankwise::combine {

/// One rank's file of a result. It has no name until it is published, so that nothing half-written
/// is ever seen, and nothing is left where the process dies before.
///
/// Throws: config_error, naming the file, where it can't be made or written, or is there already.
class part_file final : public engine::resident {
 public:
  explicit part_file(std::filesystem::path path) : path_(std::move(path)) {
    std::error_code failed;
    if (std::filesystem::exists(path_, failed)) fail("is there already: nothing is overwritten");
    // Another rank of this host that has made the directory may take it away again meanwhile; ext4
    // says EPERM then, where others say ENOENT.
    for (int attempts = 0; attempts < attempts_at_most && descriptor_ < 0; ++attempts) {
      made_directory_ = std::filesystem::create_directories(path_.parent_path(), failed);
      open();
      if (errno != ENOENT && errno != EPERM) break;
    }
    if (descriptor_ < 0) fail(fmt::format("can't be made: {}", std::strerror(errno)));
  }

  part_file(const part_file&) = delete;
  part_file& operator=(const part_file&) = delete;
  part_file(part_file&&) = delete;
  part_file& operator=(part_file&&) = delete;

  ~part_file() override {
    if (descriptor_ >= 0) ::close(descriptor_);
    if (!hidden_.empty()) ::unlink(hidden_.c_str());
    if (made_directory_) ::rmdir(path_.parent_path().c_str());  // unless something is in it
  }

  /// Where the next text goes; written out when there is enough.
  std::string& buffer() { return buffer_; }

  void write_if_full() {
    if (buffer_.size() >= buffer_bytes) write();
  }

  void write() {
    std::string_view left = buffer_;
    while (!left.empty()) {
      const ssize_t n = ::write(descriptor_, left.data(), left.size());
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) fail(fmt::format("can't be written: {}", std::strerror(errno)));
      left.remove_prefix(static_cast<std::size_t>(n));
    }
    buffer_.clear();
  }

  /// The file gets its name.
  void publish() {
    const std::string from =
        hidden_.empty() ? fmt::format("/proc/self/fd/{}", descriptor_) : hidden_.string();
    if (::linkat(AT_FDCWD, from.c_str(), AT_FDCWD, path_.c_str(), AT_SYMLINK_FOLLOW) != 0)
      fail(fmt::format("can't be given its name: {}", std::strerror(errno)));
  }

 private:
  static constexpr std::size_t buffer_bytes = std::size_t{256} << 10U;
  static constexpr int attempts_at_most = 100;

  void open() {
    const std::filesystem::path directory = path_.parent_path();
    descriptor_ = ::open(directory.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666);
    if (descriptor_ >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)) return;
    // A file system without nameless files: a hidden name until then.
    hidden_ = directory / fmt::format(".{}-{}", path_.filename().string(), ::getpid());
    descriptor_ = ::open(hidden_.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0666);
  }

  [[noreturn]] void fail(const std::string& what) const {
    if (descriptor_ < 0 && made_directory_) ::rmdir(path_.parent_path().c_str());
    throw config_error(fmt::format("{} {}", path_.string(), what));
  }

  std::filesystem::path path_;
  std::filesystem::path hidden_;  // where nameless files can't be
  bool made_directory_ = false;
  int descriptor_ = -1;
  std::string buffer_;
};

}  // namespace rankwise::combine
