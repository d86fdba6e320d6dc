// SPDX-License-Identifier: MIT
#include <rankwise/sharing/source_tree.hpp>

#include "catch.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

using rankwise::rank_id;
using rankwise::to_rank;
using rankwise::sharing::source_tree;

namespace {

/// Ranks `0..n_hosts * per_host - 1`, host by host.
std::vector<std::uint32_t> hosts(std::uint32_t n_hosts, std::uint32_t per_host) {
  std::vector<std::uint32_t> all;
  for (std::uint32_t row = 0; row < n_hosts * per_host; ++row) all.push_back(row / per_host);
  return all;
}

}  // namespace

TEST_CASE("ranks that fetch at the same time form a chain") {
  source_tree tree(hosts(8, 1));
  for (std::size_t row = 1; row < 8; ++row) CHECK(tree.assign(to_rank(row)) == to_rank(row - 1));
}

TEST_CASE("a value goes to each host once") {
  constexpr std::uint32_t per_host = 3;
  const std::vector<std::uint32_t> host_of = hosts(4, per_host);
  source_tree tree(host_of);
  std::vector<int> n_from_elsewhere(4);
  std::vector<int> n_to_elsewhere(4);
  for (std::size_t i = 1; i < host_of.size(); ++i) {
    const std::size_t row = i * 5 % host_of.size();  // each once, the hosts mixed
    const std::size_t source = to_index(tree.assign(to_rank(row)));
    if (host_of[source] == host_of[row]) continue;
    ++n_from_elsewhere[host_of[row]];
    ++n_to_elsewhere[host_of[source]];
  }
  CHECK(n_from_elsewhere == std::vector<int>{0, 1, 1, 1});
  for (const int n : n_to_elsewhere) CHECK(n <= 1);
}

TEST_CASE("a host gets the value from the rank that passes it on piece by piece") {
  source_tree tree(hosts(4, 2));
  CHECK(tree.assign(rank_id{1}) == rank_id{0});
  for (std::size_t row = 2; row < 8; row += 2) {
    CHECK(tree.assign(to_rank(row)) == to_rank(row - 2));
    CHECK(tree.assign(to_rank(row + 1)) == to_rank(row));
  }
}

TEST_CASE("who comes late gets the value from who has it and serves nobody") {
  source_tree tree(hosts(4, 1));
  CHECK(tree.assign(rank_id{1}) == rank_id{0});
  tree.on_complete(rank_id{1}, true);
  CHECK(tree.assign(rank_id{2}) == rank_id{1});
  tree.on_complete(rank_id{2}, false);  // it does not keep the bytes
  CHECK(tree.assign(rank_id{3}) == rank_id{1});
}

TEST_CASE("a source that is lost is given to nobody, and nobody gets from below itself") {
  source_tree tree(hosts(5, 1));
  for (std::size_t row = 1; row < 5; ++row) tree.assign(to_rank(row));  // 0 -> 1 -> 2 -> 3 -> 4
  CHECK(tree.replace(rank_id{2}) == rank_id{0});                        // 3 and 4 get it through 2
  CHECK(tree.assign(rank_id{1}) == rank_id{4});  // it is back, and begins again
  CHECK(tree.replace(rank_id{1}) == rank_id{2});
  CHECK(tree.replace(rank_id{1}) == rank_id{3});
  CHECK(tree.replace(rank_id{1}) == rank_id{0});
  CHECK(tree.replace(rank_id{1}) == rank_id{0});
}
