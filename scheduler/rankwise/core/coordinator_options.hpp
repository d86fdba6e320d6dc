// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/schedule_kind.hpp>
#include <rankwise/core/types.hpp>

#include <cstdint>
#include <vector>

namespace rankwise::core {

/// Which rank may run an item.
enum class placement : std::uint8_t {
  anywhere,
  one_each,  ///< as many items as there are workers; each runs the item of its own row
  at_home    ///< each item's own rank; any other if that is not there, or the item comes back
};

/// How the items of one call are to be handed out.
struct coordinator_options {
  std::uint64_t n_items = 0;       ///< at first, if it is open
  bool is_open = false;            ///< items are added until it is closed
  std::uint32_t n_ranks = 1;       ///< rows of the table of ranks, whether they work or not
  std::uint32_t first_worker = 0;  ///< 1 where the root does not work
  schedule_kind schedule = schedule_kind::adaptive;
  std::uint64_t chunk = 0;  ///< 0: the schedule's own
  placement place = placement::anywhere;
  std::uint32_t retries = 0;    ///< how often a task that throws is run again
  bool stop_on_failure = true;  ///< a task that still throws ends the call; else the others go on
  duration lease{0};            ///< a rank that is silent for longer is given up; 0: never
  std::uint32_t losses_at_most = 0;  ///< an item that so many ranks were lost with, each while it
                                     ///< ran that item, is given up; 0: never
  bool again = false;                ///< another job may have run any of the items before
  bool speculate = false;  ///< what is still out at the end is given to ranks without work as well
  bool splits = false;     ///< an item is split while it runs: a rank holds one at a time
  duration message_cost{1000};        ///< time that one message takes the root
  std::uint32_t at_most = 0;          ///< so many ranks at most hold items at once; 0: any number
  std::uint32_t at_most_on_host = 0;  ///< the same of the ranks of each host
  std::vector<std::uint32_t> hosts = {};  ///< the number of each rank's host, for that
  std::vector<std::uint32_t> homes = {};  ///< the row of each item's rank, under `at_home`
};

}  // namespace rankwise::core
