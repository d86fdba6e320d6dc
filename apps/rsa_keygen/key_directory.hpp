// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/error.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <sys/stat.h>
#include <sys/types.h>
#include <system_error>
#include <unistd.h>
#include <vector>

namespace rsa_keygen {

/// Where the keys of a job go: a directory of that name on each host, mode 0700.
///
/// Every complaint is a `rankwise::config_error` that begins with `--out DIR: `.
class key_directory {
 public:
  /// `path` is made absolute, so that all ranks of a host mean the same place.
  explicit key_directory(const std::filesystem::path& path)
      : path_(std::filesystem::absolute(path).lexically_normal()) {
    if (!path_.has_filename()) path_ = path_.parent_path();  // a slash at the end says nothing
  }

  const std::filesystem::path& path() const noexcept { return path_; }

  /// Sees that the directory can take the keys of a new job, and changes nothing: either it is not
  /// there and can be made, or it is the user's own, closed to others, writable, and has no keys in
  /// it, unless the job is `resumed`.
  void check(bool resumed = false) const {
    if (!exists()) {
      const std::filesystem::path parent = path_.parent_path();
      if (::access(parent.c_str(), W_OK | X_OK) != 0) refuse_system("cannot make the directory");
      return;
    }
    check_owner_and_mode();
    if (::access(path_.c_str(), R_OK | W_OK | X_OK) != 0) refuse_system("cannot write there");
    if (resumed) return;
    std::string first;
    for (const auto& entry : std::filesystem::directory_iterator(path_)) {
      const std::string name = entry.path().filename().string();
      if (is_key(entry.path()) && (first.empty() || name < first)) first = name;
    }
    if (!first.empty()) refuse_key(first);
  }

  /// Makes the directory if it is not there.
  void make() const {
    if (::mkdir(path_.c_str(), S_IRWXU) != 0 && errno != EEXIST) {
      refuse_system("cannot make the directory");
    }
    if (!exists()) refuse("was removed while it was being made");
    check_owner_and_mode();
  }

  /// Sees that no file of key `index` is there. The others of this job may be.
  void check_free(std::uint64_t index, std::uint64_t count) const {
    const std::filesystem::path file = private_file(index, count);
    if (std::filesystem::exists(std::filesystem::symlink_status(file))) {
      refuse_key(file.filename().string());
    }
  }

  /// The keys of a job of `count` whose private files are there, in order.
  std::vector<std::uint64_t> present(std::uint64_t count) const {
    std::vector<std::uint64_t> indices;
    if (!exists()) return indices;
    for (const auto& entry : std::filesystem::directory_iterator(path_)) {
      const std::string name = entry.path().filename().string();
      std::uint64_t index = 0;
      if (!name.starts_with("key-")) continue;
      const auto [end, error] = std::from_chars(name.data() + 4, name.data() + name.size(), index);
      if (error == std::errc() && index < count && entry.path() == private_file(index, count))
        indices.push_back(index);
    }
    std::sort(indices.begin(), indices.end());
    return indices;
  }

  /// `key-000042.pem`; the names of a job of `count` keys are of one length, so that they sort.
  std::filesystem::path private_file(std::uint64_t index, std::uint64_t count) const {
    return path_ / (stem(index, count) + ".pem");
  }

  /// `key-000042.pub`: not `.pem`, so that key-*.pem are the private keys.
  std::filesystem::path public_file(std::uint64_t index, std::uint64_t count) const {
    return path_ / (stem(index, count) + ".pub");
  }

 private:
  static std::string stem(std::uint64_t index, std::uint64_t count) {
    constexpr std::size_t least_digits = 6;
    const std::size_t digits = std::max(least_digits, std::to_string(count - 1).size());
    return fmt::format("key-{:0{}}", index, digits);
  }

  static bool is_key(const std::filesystem::path& file) {
    return file.filename().string().starts_with("key-") &&
           (file.extension() == ".pem" || file.extension() == ".pub");
  }

  [[noreturn]] void refuse(const std::string& complaint) const {
    throw rankwise::config_error(fmt::format("--out {}: {}", path_.string(), complaint));
  }

  [[noreturn]] void refuse_key(const std::string& name) const {
    refuse(fmt::format("holds {} already; accepted: a directory without key-* files", name));
  }

  [[noreturn]] void refuse_system(const char* attempt) const {
    refuse(fmt::format("{}: {}", attempt, std::generic_category().message(errno)));
  }

  bool exists() const {
    struct stat status {};

    if (::stat(path_.c_str(), &status) == 0) return true;
    if (errno != ENOENT) refuse_system("cannot look at it");
    return false;
  }

  void check_owner_and_mode() const {
    struct stat status {};

    if (::stat(path_.c_str(), &status) != 0) refuse_system("cannot look at it");
    if (!S_ISDIR(status.st_mode)) refuse("is not a directory");
    if (status.st_uid != ::geteuid()) {
      refuse(fmt::format("belongs to user {}; accepted: a directory of user {}, who runs this",
                         status.st_uid,
                         ::geteuid()));
    }
    constexpr mode_t permissions = 07777;
    if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
      refuse(fmt::format("has mode {:04o}, which lets others in; accepted: 0700 (chmod 700 {})",
                         status.st_mode & permissions,
                         path_.string()));
    }
  }

  std::filesystem::path path_;
};

}  // namespace rsa_keygen
