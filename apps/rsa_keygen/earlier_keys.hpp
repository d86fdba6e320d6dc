// SPDX-License-Identifier: MIT
#pragma once

#include "rsa_keygen/job.hpp"
#include "rsa_keygen/tasks.hpp"

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace rsa_keygen {

/// What an earlier job has made of the keys of this one: a key counts while its private file is on
/// the host that made it. Where that host has no rank in this job nobody can look, and the key is
/// taken to be there.
///
/// Local: no communication.
class earlier_keys {
 public:
  explicit earlier_keys(const std::vector<host_keys>& found) {
    for (const host_keys& one : found)
      found_[one.host].insert(one.indices.begin(), one.indices.end());
  }

  /// Whether key `index`, of which the journal has `result`, need not be made again.
  bool still_counts(std::uint64_t index, const key_result& result) {
    const auto host = found_.find(result.host);
    if (host == found_.end()) ++unseen_[result.host];
    if (host != found_.end() && !host->second.contains(index)) {
      lost_.emplace_back(index, result.host);
      return false;
    }
    kept_.insert(index);
    return true;
  }

  bool holds(std::uint64_t index) const { return kept_.contains(index); }

  /// For the user: what was lost, and what could not be looked for; a line each.
  std::string notes() const {
    std::string text;
    for (const auto& [index, host] : lost_) {
      text += fmt::format(
          "rsa_keygen: the private file of key {} is gone from {}: the key is made again\n",
          index,
          host);
    }
    for (const auto& [host, count] : unseen_) {
      text += fmt::format(
          "rsa_keygen: {} {} made by {}, which has no rank in this job: not looked for\n",
          count,
          count == 1 ? "key was" : "keys were",
          host);
    }
    return text;
  }

 private:
  std::map<std::string, std::set<std::uint64_t>> found_;  // by host
  std::set<std::uint64_t> kept_;
  std::vector<std::pair<std::uint64_t, std::string>> lost_;
  std::map<std::string, std::size_t> unseen_;  // keys, by host
};

}  // namespace rsa_keygen
