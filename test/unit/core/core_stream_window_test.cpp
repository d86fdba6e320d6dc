// SPDX-License-Identifier: MIT
#include <rankwise/core/stream_window.hpp>

#include "catch.hpp"

#include <cstdint>

using rankwise::core::stream_window;

namespace {

constexpr std::uint64_t small = 40;

}  // namespace

TEST_CASE("a window begins with some items for each rank, and stays as it is asked for") {
  CHECK(stream_window(0, 3).size() == 12);
  CHECK(stream_window(0, 0).size() == 4);
  stream_window asked(7, 3);
  for (int i = 0; i < 20; ++i) asked.look(7, 0, 0, small);
  CHECK(asked.size() == 7);
}

TEST_CASE("a window grows while ranks run short of items, up to a limit") {
  stream_window window(0, 2);
  window.look(8, 0, 0, small);
  CHECK(window.size() == 16);
  window.look(8, 0, 0, small);  // the source is slow: it is not full
  CHECK(window.size() == 16);
  window.look(16, 4, 0, small);  // enough wait for ranks
  CHECK(window.size() == 16);
  for (int i = 0; i < 40; ++i) window.look(window.size(), 0, 0, small);
  CHECK(window.size() == 65536);
}

TEST_CASE("a slow sink does not make a window grow") {
  stream_window window(0, 2);
  for (int i = 0; i < 20; ++i) window.look(8, 0, 2, small);
  CHECK(window.size() == 8);
}

TEST_CASE("a window holds 16 MiB, but some items for each rank") {
  stream_window window(0, 2);
  constexpr std::uint64_t picture = 1 << 20;
  for (int i = 0; i < 20; ++i) window.look(window.size(), 0, 0, picture);
  CHECK(window.size() == 16);
  window.look(window.size(), 0, 0, 64 * picture);  // they get larger
  CHECK(window.size() == 8);
}
