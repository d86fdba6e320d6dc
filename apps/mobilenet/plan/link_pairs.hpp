// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace mobilenet {

/// Two ranks whose link is measured.
struct link_pair {
  std::size_t from = 0;
  std::size_t to = 0;
  bool is_network = false;  ///< they are on two hosts

  bool operator==(const link_pair&) const = default;
};

namespace detail {

/// At most `most` of them, evenly spread.
inline std::vector<link_pair> some_of(const std::vector<link_pair>& all, std::size_t most) {
  if (all.size() <= most) return all;
  std::vector<link_pair> some;
  for (std::size_t i = 0; i < most; ++i) some.push_back(all[i * all.size() / most]);
  return some;
}

}  // namespace detail

/// The pairs that stand for all links between ranks on these hosts: two ranks of each host, the
/// root with each other host, and each other host with the next; of many at most `most` of each
/// class.
///
/// Shapes: hosts is [ranks]. Local: pure.
inline std::vector<link_pair> link_pairs(const std::vector<std::string>& hosts, std::size_t most) {
  std::vector<std::vector<std::size_t>> by_host;  // in the order of their first ranks
  std::map<std::string, std::size_t> place;
  for (std::size_t rank = 0; rank < hosts.size(); ++rank) {
    const auto [at, is_new] = place.emplace(hosts[rank], by_host.size());
    if (is_new) by_host.emplace_back();
    by_host[at->second].push_back(rank);
  }
  std::vector<link_pair> within;
  std::vector<link_pair> between;
  for (std::size_t i = 0; i < by_host.size(); ++i) {
    if (by_host[i].size() > 1) within.push_back({by_host[i][0], by_host[i][1], false});
    if (i > 0) between.push_back({by_host[0][0], by_host[i][0], true});
    if (i > 1) between.push_back({by_host[i - 1][0], by_host[i][0], true});
  }
  std::vector<link_pair> pairs = detail::some_of(within, most);
  const std::vector<link_pair> others = detail::some_of(between, most);
  pairs.insert(pairs.end(), others.begin(), others.end());
  return pairs;
}

}  // namespace mobilenet
