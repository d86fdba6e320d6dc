// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/error.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <string>
#include <sys/stat.h>
#include <system_error>
#include <vector>

namespace rankwise::files {

namespace detail {

/// Walks down a directory, and knows those that it is in.
class directory_walk {
 public:
  explicit directory_walk(std::vector<std::filesystem::path>& found) : found_(found) {}

  void enter(const std::filesystem::path& directory) {
    struct stat here {};

    if (::stat(directory.c_str(), &here) != 0) refuse(directory, {errno, std::generic_category()});
    const place mine{here.st_dev, here.st_ino};
    if (std::find(above_.begin(), above_.end(), mine) != above_.end()) return;  // a link leads back
    above_.push_back(mine);
    std::error_code failed;
    for (std::filesystem::directory_iterator at(directory, failed), end; !failed && at != end;
         at.increment(failed))
      look_at(*at);
    if (failed) refuse(directory, failed);
    above_.pop_back();
  }

 private:
  struct place {
    dev_t device;
    ino_t number;

    bool operator==(const place&) const = default;
  };

  [[noreturn]] static void refuse(const std::filesystem::path& what, std::error_code why) {
    throw config_error(fmt::format("{}: can't be listed: {}", what.string(), why.message()));
  }

  void look_at(const std::filesystem::directory_entry& entry) {
    std::error_code failed;
    const std::filesystem::file_status status = entry.status(failed);
    if (std::filesystem::is_directory(status)) {
      enter(entry.path());
    } else if (std::filesystem::is_regular_file(status)) {
      found_.push_back(entry.path());
    } else if (failed == std::errc::permission_denied) {
      refuse(entry.path(), failed);
    }
  }

  std::vector<std::filesystem::path>& found_;
  std::vector<place> above_;
};

}  // namespace detail

/// The regular files in a directory and below, sorted. Links are followed, also to directories, but
/// not back to one that they lie in; links that lead nowhere, pipes and devices are left out.
///
/// Throws: config_error, naming the directory that can't be listed, and why.
inline std::vector<std::filesystem::path> files_below(const std::filesystem::path& directory) {
  std::vector<std::filesystem::path> found;
  detail::directory_walk(found).enter(directory);
  std::sort(found.begin(), found.end());
  return found;
}

}  // namespace rankwise::files
