// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/error.hpp>

#include <fmt/format.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace mobilenet {

/// The names of a model's classes.
class class_names {
 public:
  /// Classes without names.
  explicit class_names(std::uint64_t n_classes) : n_classes_(n_classes) {}

  /// The lines of the file at `path`, one for each class, in their order.
  ///
  /// Throws: config_error if it can't be read, has a line without a name, or another number of
  /// lines than `n_classes`.
  class_names(const std::string& path, std::uint64_t n_classes) : n_classes_(n_classes) {
    std::ifstream file(path);
    if (!file)
      throw rankwise::config_error(
          fmt::format("{}: {}", path, std::generic_category().message(errno)));
    std::string line;
    while (std::getline(file, line)) {
      if (!line.empty() && line.back() == '\r') line.pop_back();
      if (line.empty() || line.find('\0') != std::string::npos)
        throw rankwise::config_error(fmt::format("{}:{}: found {}, accepted: the name of a class",
                                                 path,
                                                 names_.size() + 1,
                                                 line.empty() ? "an empty line" : "a zero byte"));
      names_.push_back(std::move(line));
    }
    if (names_.size() == n_classes) return;
    const bool lacks_background = names_.size() + 1 == n_classes;
    throw rankwise::config_error(
        fmt::format("{}: found {} names, accepted: {}, one for each class of the model{}",
                    path,
                    names_.size(),
                    n_classes,
                    lacks_background ? " (its first may be \"background\")" : ""));
  }

  std::uint64_t size() const { return n_classes_; }

  /// The name of a class, or its number where it has none.
  std::string operator[](std::size_t number) const {
    return names_.empty() ? std::to_string(number) : names_.at(number);
  }

 private:
  std::uint64_t n_classes_;
  std::vector<std::string> names_;
};

}  // namespace mobilenet
