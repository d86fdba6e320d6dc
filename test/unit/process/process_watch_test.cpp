// SPDX-License-Identifier: MIT
#include <rankwise/process/process_watch.hpp>

#include "catch.hpp"

#include <cstdint>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

using rankwise::to_rank;
using rankwise::engine::process_place;
using rankwise::engine::process_watch;

TEST_CASE("the end of a process is noticed once, before anybody has waited for it") {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(ends[1]);
    char byte = 0;
    [[maybe_unused]] const auto n = ::read(ends[0], &byte, 1);
    ::_exit(0);
  }
  ::close(ends[0]);
  process_place place = process_place::here();
  REQUIRE(place.space != 0);
  process_watch watch;
  watch.add(to_rank(1), place);
  place.pid = static_cast<std::uint64_t>(child);
  watch.add(to_rank(2), place);
  CHECK(watch.ended().empty());
  ::close(ends[1]);
  siginfo_t info;
  REQUIRE(::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT) == 0);  // a zombie
  CHECK(watch.ended() == std::vector{to_rank(2)});
  CHECK(watch.ended().empty());
  ::waitpid(child, nullptr, 0);
}

TEST_CASE("a process that this one can't see never ends for it") {
  process_place elsewhere = process_place::here();
  elsewhere.space ^= 1U;
  elsewhere.pid = 0x7fffffff;
  process_watch watch;
  watch.add(to_rank(1), elsewhere);
  watch.add(to_rank(2), {});
  CHECK(watch.ended().empty());
}
