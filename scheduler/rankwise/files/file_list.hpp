// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/error.hpp>
#include <rankwise/readers/detail/file_source.hpp>
#include <rankwise/readers/detail/packing.hpp>
#include <rankwise/readers/detail/spooled_source.hpp>
#include <rankwise/readers/files_below.hpp>
#include <rankwise/wire/digest.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <glob.h>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <system_error>
#include <vector>

namespace rankwise::files {

/// A file as one host sees it. Two hosts see the same file if all members but the path are equal.
struct file_facts {
  std::string path;
  std::uint64_t n_bytes = 0;
  std::int64_t changed_ns = 0;         ///< time of the last change, since 1970
  std::uint64_t first_block_hash = 0;  ///< of the first 4 KiB
  packing packed = packing::none;
  std::optional<spooled_copy> copy = {};  ///< that the root has made: no host sees the file itself

  bool is_same_as(const file_facts& other) const {
    return n_bytes == other.n_bytes && changed_ns == other.changed_ns &&
           first_block_hash == other.first_block_hash;
  }
};

/// Returns what this host sees at `path`: none if that is no regular file that can be read, or one
/// whose size says nothing (files of /proc have bytes and a size of 0).
inline std::optional<file_facts> look_at(const std::string& path) {
  struct stat status {};

  if (::stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  try {
    std::array<char, 4096> block{};
    file_source file(path);
    std::size_t n_read = 0;
    while (n_read < block.size()) {
      const std::size_t n = file.read_at(n_read, std::span(block).subspan(n_read));
      if (n == 0) break;
      n_read += n;
    }
    const auto n_bytes = static_cast<std::uint64_t>(status.st_size);
    if (n_read != std::min<std::uint64_t>(n_bytes, block.size())) return std::nullopt;
    const std::string_view beginning(block.data(), n_read);
    file_facts seen;
    seen.path = path;
    seen.n_bytes = n_bytes;
    seen.changed_ns = rankwise::detail::changed_ns_of(status);
    seen.first_block_hash = wire::digest().add(std::as_bytes(std::span(beginning))).value();
    seen.packed = packing_of(beginning, path);
    return seen;
  } catch (const config_error&) {
    return std::nullopt;
  }
}

namespace detail {

inline void add_directory(const std::string& directory, std::vector<std::string>& paths) {
  std::vector<std::string> found;
  for (const std::filesystem::path& path : files_below(directory)) found.push_back(path.string());
  if (found.empty()) throw config_error(fmt::format("{}: holds no file", directory));
  std::sort(found.begin(), found.end());
  paths.insert(paths.end(), found.begin(), found.end());
}

inline std::vector<std::string> match(const std::string& pattern) {
  glob_t found{};
  std::vector<std::string> paths;
  if (::glob(pattern.c_str(), 0, nullptr, &found) == 0) {
    const std::span<char*> matches(found.gl_pathv, found.gl_pathc);
    paths.assign(matches.begin(), matches.end());
  }
  ::globfree(&found);
  return paths;
}

}  // namespace detail

/// Returns the files that `arguments` name: files, directories (all files below them, in the order
/// of their names; see `files_below`) and patterns as a shell has them.
///
/// Throws: config_error, naming the argument, if it names none; what `files_below` throws.
inline std::vector<std::string> expand(const std::vector<std::string>& arguments) {
  std::vector<std::string> paths;
  for (const std::string& argument : arguments) {
    std::vector<std::string> named{argument};
    std::error_code missing;
    if (!std::filesystem::exists(argument, missing)) {
      named = detail::match(argument);
      if (named.empty()) {
        throw config_error(fmt::format(
            "{}: not found; accepted: files, directories, patterns such as 'logs/*.txt', and - for "
            "standard input",
            argument));
      }
    }
    for (const std::string& path : named) {
      if (std::filesystem::is_directory(path, missing)) {
        detail::add_directory(path, paths);
      } else {
        paths.push_back(path);
      }
    }
  }
  return paths;
}

}  // namespace rankwise::files
