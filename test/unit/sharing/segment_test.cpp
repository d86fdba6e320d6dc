// SPDX-License-Identifier: MIT
#include <rankwise/sharing/segment.hpp>

#include "catch.hpp"

#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <sys/resource.h>
#include <sys/time.h>
#include <system_error>
#include <utility>

using rankwise::sharing::segment;
using rankwise::sharing::segment_place;

TEST_CASE("a segment is found by its place, and outlives who has made it") {
  constexpr std::size_t n_bytes = 10'000;
  std::optional<segment> made(std::in_place, n_bytes, std::uint64_t{0xfeed});
  std::memset(made->data(), 7, n_bytes);
  const segment other(n_bytes, made->place());
  CHECK(other.data() != made->data());
  made->data()[n_bytes - 1] = std::byte{8};
  made.reset();
  CHECK(other.data()[0] == std::byte{7});
  CHECK(other.data()[n_bytes - 1] == std::byte{8});
  const segment third(n_bytes, other.place());  // one that is mapped can be found as well
  CHECK(third.data()[0] == std::byte{7});
}

TEST_CASE("what is no segment of that token is not taken for one") {
  const segment made(100, std::uint64_t{1});
  segment_place place = made.place();
  place.token = 2;
  CHECK_THROWS_AS(segment(100, place), std::system_error);
  place = made.place();
  place.descriptor = 0;
  CHECK_THROWS_AS(segment(100, place), std::system_error);
  place.descriptor = 12'345;
  CHECK_THROWS_AS(segment(100, place), std::system_error);
}

TEST_CASE("signals do not keep a segment from being made") {
  static volatile std::sig_atomic_t n_signals = 0;

  struct sigaction counts {};

  struct sigaction before {};

  counts.sa_handler = [](int /*signal*/) { n_signals = n_signals + 1; };
  REQUIRE(::sigaction(SIGALRM, &counts, &before) == 0);
  const itimerval every{{0, 2000}, {0, 2000}};
  const itimerval none{};
  REQUIRE(::setitimer(ITIMER_REAL, &every, nullptr) == 0);
  do {
    CHECK_NOTHROW(segment(std::size_t{64} << 20U, std::uint64_t{3}));
  } while (n_signals < 3);
  REQUIRE(::setitimer(ITIMER_REAL, &none, nullptr) == 0);
  REQUIRE(::sigaction(SIGALRM, &before, nullptr) == 0);
}

TEST_CASE("a limit of file sizes is an error, not the end of the process") {
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
  const rlimit small{10'000, before.rlim_max};
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);
  CHECK_THROWS_AS(segment(10'001, std::uint64_t{4}), std::system_error);
  CHECK_NOTHROW(segment(10'000, std::uint64_t{5}));
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &before) == 0);
}
