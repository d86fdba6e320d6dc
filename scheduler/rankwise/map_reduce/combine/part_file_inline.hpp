// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/build_mode.hpp>
#include <rankwise/files/published_file.hpp>
#include <rankwise/map_reduce/combine/part_file.hpp>

#include <fmt/core.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace rankwise::combine {

RANKWISE_INLINE std::string part_path(const std::string& directory, std::uint32_t row) {
  return (std::filesystem::path(directory) / fmt::format("part-{:05}", row)).string();
}

RANKWISE_INLINE part_file::part_file(std::string path) : path_(std::move(path)) {
  constexpr int attempts_at_most = 100;
  const std::filesystem::path directory = std::filesystem::path(path_).parent_path();
  // Another rank of this host that has made the directory may take it away again meanwhile; ext4
  // says EPERM then, where others say ENOENT.
  for (int n_left = attempts_at_most; !file_; --n_left) {
    std::error_code failed;
    made_directory_ = std::filesystem::create_directories(directory, failed);
    try {
      file_ = std::make_unique<files::published_file>(path_);
    } catch (const files::file_error& error) {
      const bool is_gone = error.code() == std::errc::no_such_file_or_directory ||
                           error.code() == std::errc::operation_not_permitted;
      if (is_gone && n_left > 1) continue;
      remove_directory();
      throw;
    }
  }
}

RANKWISE_INLINE part_file::~part_file() {
  file_.reset();
  remove_directory();
}

RANKWISE_INLINE void part_file::write() {
  file_->write(buffer_);
  buffer_.clear();
}

RANKWISE_INLINE void part_file::complete() {
  write();
  file_->complete();
}

RANKWISE_INLINE void part_file::publish() {
  file_->publish();
}

RANKWISE_INLINE void part_file::remove_directory() const {
  if (made_directory_) ::rmdir(std::filesystem::path(path_).parent_path().c_str());
}

}  // namespace rankwise::combine
