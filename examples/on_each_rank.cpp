// SPDX-License-Identifier: MIT
// pool::on_each_rank: a task that runs once on each rank, here to ask where the ranks are.
#include <rankwise/rankwise.hpp>

#include <fmt/core.h>

#include <cstdint>
#include <set>
#include <string>

// Takes the number of the rank among those that work, from 0.
std::string name_host(const rankwise::task_context& task, std::uint32_t /*number*/) {
  return task.host();
}

int main(int argc, char** argv) {
  return rankwise::run(argc, argv, [](rankwise::pool& pool) {
    const auto hosts = pool.on_each_rank(rankwise::fn<name_host>);
    fmt::print("ranks that work: {}\n", hosts.size());
    const std::set<std::string> different(hosts.begin(), hosts.end());
    fmt::print("hosts: {}\n", different.size());
  });
}
