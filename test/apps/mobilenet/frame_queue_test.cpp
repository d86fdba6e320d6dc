// SPDX-License-Identifier: MIT
#include "mobilenet_video/frame_queue.hpp"

#include "catch.hpp"

#include <memory>
#include <numeric>
#include <thread>
#include <utility>
#include <vector>

using mobilenet_video::frame_queue;

TEST_CASE("a camera's frames take the place of the oldest") {
  frame_queue<int> queue(2, true);
  CHECK_FALSE(queue.is_ready());
  for (int i = 0; i < 5; ++i) CHECK(queue.put(i));
  CHECK(queue.is_ready());
  queue.end();
  CHECK(queue.take() == 3);
  CHECK(queue.take() == 4);
  CHECK_FALSE(queue.take());
  CHECK(queue.n_dropped() == 3);
  CHECK_FALSE(queue.put(9));
}

TEST_CASE("a film's frames wait, and none is lost") {
  frame_queue<int> queue(3, false);
  std::thread film([&queue] {
    for (int i = 0; i < 1000; ++i) queue.put(i);
    queue.end();
  });
  std::vector<int> taken;
  while (const std::optional<int> one = queue.take()) taken.push_back(*one);
  film.join();
  std::vector<int> all(1000);
  std::iota(all.begin(), all.end(), 0);
  CHECK(taken == all);
  CHECK(queue.n_dropped() == 0);
}

TEST_CASE("who waits to put a frame goes on when none is wanted any more") {
  frame_queue<std::unique_ptr<int>> queue(1, false);
  CHECK(queue.put(std::make_unique<int>(1)));
  bool was_taken = true;
  std::thread film([&] { was_taken = queue.put(std::make_unique<int>(2)); });
  queue.end();
  film.join();
  CHECK_FALSE(was_taken);
  CHECK(**queue.take() == 1);
}
