// SPDX-License-Identifier: MIT
#include <rankwise/sharing/segment.hpp>

#include "catch.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
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
