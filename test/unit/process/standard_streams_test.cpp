// SPDX-License-Identifier: MIT
#include <rankwise/process/standard_streams.hpp>

#include "catch.hpp"

#include <array>
#include <chrono>
#include <cstdio>
#include <thread>
#include <unistd.h>

TEST_CASE("streams are flushed while a thread waits for standard input") {
  CHECK(rankwise::observe::flush_streams());
  std::array<int, 2> ends{};
  REQUIRE(::pipe(ends.data()) == 0);
  const int before = ::dup(STDIN_FILENO);
  REQUIRE(::dup2(ends[0], STDIN_FILENO) == STDIN_FILENO);
  int read = 0;
  std::thread reader([&] { read = std::getc(stdin); });
  for (int i = 0; i < 10'000 && ::ftrylockfile(stdin) == 0; ++i) {
    ::funlockfile(stdin);
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  CHECK_FALSE(rankwise::observe::flush_streams());
  CHECK(::write(ends[1], "x", 1) == 1);
  reader.join();
  CHECK(read == 'x');
  CHECK(rankwise::observe::flush_streams());
  ::dup2(before, STDIN_FILENO);
  for (const int end : {before, ends[0], ends[1]}) ::close(end);
}
