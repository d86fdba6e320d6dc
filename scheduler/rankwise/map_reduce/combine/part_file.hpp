// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/exchange/rank_objects.hpp>
#include <rankwise/files/published_file.hpp>

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace rankwise::combine {

/// One rank's file of a result, in a directory that is made where it is missing. Nothing
/// half-written is ever seen, and nothing is left where the process dies before.
///
/// Throws: files::file_error, naming the file, where it can't be made or written, or is there
///         already.
class part_file final : public exchange::rank_object {
 public:
  explicit part_file(std::filesystem::path path) : path_(std::move(path)) {
    // Another rank of this host that has made the directory may take it away again meanwhile; ext4
    // says EPERM then, where others say ENOENT.
    for (int n_left = attempts_at_most; !file_; --n_left) {
      std::error_code failed;
      made_directory_ = std::filesystem::create_directories(path_.parent_path(), failed);
      try {
        file_.emplace(path_);
      } catch (const files::file_error& error) {
        const bool is_gone = error.code() == std::errc::no_such_file_or_directory ||
                             error.code() == std::errc::operation_not_permitted;
        if (is_gone && n_left > 1) continue;
        remove_directory();
        throw;
      }
    }
  }

  part_file(const part_file&) = delete;
  part_file& operator=(const part_file&) = delete;
  part_file(part_file&&) = delete;
  part_file& operator=(part_file&&) = delete;

  ~part_file() override {
    file_.reset();
    remove_directory();
  }

  /// Where the next text goes; written out when there is enough.
  std::string& buffer() { return buffer_; }

  void write_if_full() {
    if (buffer_.size() >= buffer_bytes) write();
  }

  void write() {
    file_->write(buffer_);
    buffer_.clear();
  }

  /// Writes what is left, and waits until the disk has it all.
  void complete() {
    write();
    file_->complete();
  }

  /// The file gets its name.
  void publish() { file_->publish(); }

 private:
  static constexpr std::size_t buffer_bytes = std::size_t{256} << 10U;
  static constexpr int attempts_at_most = 100;

  /// Unless something is in it.
  void remove_directory() const {
    if (made_directory_) ::rmdir(path_.parent_path().c_str());
  }

  std::filesystem::path path_;
  bool made_directory_ = false;
  std::optional<files::published_file> file_;
  std::string buffer_;
};

}  // namespace rankwise::combine
