// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/error.hpp>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <unistd.h>

namespace drawing {

/// A file to be written at the end of a job, and looked at before it.
class output_file {
 public:
  /// `option` is what messages call it.
  output_file(std::string option, std::string path)
      : option_(std::move(option)), path_(std::move(path)) {}

  /// Throws: config_error if the file can't be written to, or made in its directory.
  void check() const {
    const std::filesystem::path directory = std::filesystem::path(path_).parent_path();
    std::error_code ignored;
    if (std::filesystem::is_directory(path_, ignored)) refuse(EISDIR);
    if (::access(path_.c_str(), W_OK) == 0) return;
    if (errno != ENOENT) refuse(errno);
    if (::access(directory.empty() ? "." : directory.c_str(), W_OK | X_OK) != 0) refuse(errno);
  }

  /// Throws: config_error if the text can't be written; what there is of it is removed.
  void write(std::string_view text) const {
    std::FILE* const file = std::fopen(path_.c_str(), "w");
    if (file == nullptr) refuse(errno);
    const bool written = std::fwrite(text.data(), 1, text.size(), file) == text.size();
    const int error = errno;
    if (std::fclose(file) == 0 && written) return;
    std::error_code ignored;
    if (std::filesystem::is_regular_file(path_)) std::filesystem::remove(path_, ignored);
    refuse(written ? errno : error);
  }

 private:
  [[noreturn]] void refuse(int error) const {
    throw rankwise::config_error(option_ + " " + path_ +
                                 ": cannot write it: " + std::generic_category().message(error));
  }

  std::string option_;
  std::string path_;
};

}  // namespace drawing
