// SPDX-License-Identifier: MIT
#pragma once

#include <charconv>
#include <filesystem>
#include <optional>
#include <string>
#include <system_error>
#include <unistd.h>

namespace rankwise::files {

/// Returns the descriptor of this process that the path of an output stands for: standard output
/// for "-", and N for /dev/fd/N and /proc/self/fd/N. None for any other path.
inline std::optional<int> descriptor_of(const std::filesystem::path& path) {
  if (path == "-") return STDOUT_FILENO;
  std::error_code failed;
  const auto directory = std::filesystem::canonical(path.parent_path(), failed);
  if (failed || directory != std::filesystem::canonical("/proc/self/fd", failed)) return {};
  const std::string name = path.filename().string();
  int number = -1;
  const auto read = std::from_chars(name.data(), name.data() + name.size(), number);
  if (read.ec != std::errc() || read.ptr != name.data() + name.size()) return {};
  return number;
}

/// Returns the path to which `path` leads through symbolic links, whether anything is there or not.
/// A path that stands for a descriptor of this process is returned as it is, since the link behind
/// it names a file that others may have open.
inline std::filesystem::path behind_links(std::filesystem::path path) {
  constexpr int links_at_most = 40;  // as the system has it
  std::error_code failed;
  for (int n = 0; n < links_at_most && std::filesystem::is_symlink(path, failed); ++n) {
    if (descriptor_of(path)) break;
    const std::filesystem::path target = std::filesystem::read_symlink(path, failed);
    if (failed) break;
    path = path.parent_path() / target;
  }
  return path;
}

/// True if output to `path` goes to standard output, so that nothing else should be written there.
inline bool is_standard_output(const std::filesystem::path& path) {
  return descriptor_of(behind_links(path)) == STDOUT_FILENO;
}

}  // namespace rankwise::files
