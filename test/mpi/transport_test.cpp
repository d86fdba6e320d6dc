// SPDX-License-Identifier: MIT
#include <rankwise/random.hpp>
#include <rankwise/transport/backoff.hpp>
#include <rankwise/transport/mpi.hpp>

#include "catch.hpp"

#include <boost/mpi/communicator.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <thread>
#include <vector>

namespace {

/// The frame number `number` from `from`: its length and bytes follow from both. One in eight is
/// large.
rankwise::wire::bytes frame_of(std::uint32_t from, std::uint32_t number) {
  rankwise::random_stream chance(from, number);
  const std::size_t n_bytes = number % 8 == 3 ? 100'000 + chance() % 100'000 : chance() % 1000;
  rankwise::wire::bytes frame;
  frame.resize(n_bytes);
  for (std::byte& byte : frame) byte = static_cast<std::byte>(chance());
  return frame;
}

}  // namespace

TEST_CASE("frames arrive whole and in order, also those that travel in parts") {
  constexpr std::uint32_t n_frames = 64;
  const boost::mpi::communicator world;
  for (const std::size_t part_bytes :
       {std::size_t{1} << 29U, std::size_t{1003}, std::size_t{65536}}) {
    rankwise::transport::mpi endpoint(world, part_bytes);
    const auto me = static_cast<std::uint32_t>(world.rank());
    for (std::uint32_t number = 0; number < n_frames; ++number) {
      for (int to = 0; to < world.size(); ++to) {
        if (to != world.rank()) endpoint.send(rankwise::rank_id{to}, frame_of(me, number));
      }
    }
    std::vector<std::uint32_t> n_received(static_cast<std::size_t>(world.size()));
    std::uint64_t n_left = std::uint64_t{n_frames} * static_cast<std::uint64_t>(world.size() - 1);
    rankwise::rank_id from{};
    rankwise::wire::bytes frame;
    while (n_left != 0 || !endpoint.all_sent()) {
      if (!endpoint.try_receive(from, frame)) continue;
      const std::uint32_t number = n_received[rankwise::to_index(from)]++;
      const rankwise::wire::bytes expected = frame_of(static_cast<std::uint32_t>(from), number);
      REQUIRE(frame.size() == expected.size());
      REQUIRE(std::equal(frame.begin(), frame.end(), expected.begin()));
      --n_left;
    }
    CHECK_FALSE(endpoint.try_receive(from, frame));
  }
}

TEST_CASE("an endpoint's messages are its own") {
  const boost::mpi::communicator world;
  rankwise::transport::mpi one(world);
  rankwise::transport::mpi other(world);
  const int next = (world.rank() + 1) % world.size();
  one.send(rankwise::rank_id{next}, rankwise::wire::bytes(11));
  other.send(rankwise::rank_id{next}, rankwise::wire::bytes(22));
  rankwise::rank_id from{};
  rankwise::wire::bytes frame;
  while (!other.try_receive(from, frame)) one.all_sent();
  CHECK(frame.size() == 22);
  while (!one.try_receive(from, frame)) other.all_sent();
  CHECK(frame.size() == 11);
}

TEST_CASE("a small frame does not keep the memory of a large one") {
  const boost::mpi::communicator world;
  rankwise::transport::mpi endpoint(world);
  const rankwise::rank_id next{(world.rank() + 1) % world.size()};
  rankwise::rank_id from{};
  rankwise::wire::bytes frame;
  for (const std::size_t n_bytes : {std::size_t{1} << 20U, std::size_t{10}}) {
    endpoint.send(next, rankwise::wire::bytes(n_bytes));
    while (!endpoint.try_receive(from, frame)) std::this_thread::yield();
    while (!endpoint.all_sent()) std::this_thread::yield();
    CHECK(frame.size() == n_bytes);
    world.barrier();
  }
  CHECK(frame.capacity() < std::size_t{1} << 20U);
}

TEST_CASE("frames that a rank does not take hold up none to others") {
  const boost::mpi::communicator world;
  rankwise::transport::mpi endpoint(world);
  constexpr rankwise::rank_id frozen{1};
  constexpr rankwise::rank_id other{2};
  if (world.size() >= 3 && world.rank() == 0) {
    endpoint.send(frozen, rankwise::wire::bytes(std::size_t{10} << 20U));
    CHECK(endpoint.new_buffer().capacity() == 0);
    endpoint.send(other, rankwise::wire::bytes(1000));
    world.recv(static_cast<int>(other), 0);
    CHECK_FALSE(endpoint.all_sent());
    CHECK(endpoint.in_motion());
    CHECK(endpoint.new_buffer().capacity() != 0);  // that of the frame that was sent
    endpoint.expect(frozen, false);
    CHECK(endpoint.all_sent());
    CHECK_FALSE(endpoint.in_motion());
    endpoint.expect(frozen, true);
    CHECK_FALSE(endpoint.all_sent());
    CHECK(endpoint.in_motion());
    world.send(static_cast<int>(frozen), 0);
    while (!endpoint.all_sent()) std::this_thread::yield();
  } else if (world.size() >= 3 && world.rank() <= 2) {
    if (world.rank() == 1) world.recv(0, 0);
    rankwise::rank_id from{};
    rankwise::wire::bytes frame;
    while (!endpoint.try_receive(from, frame)) std::this_thread::yield();
    if (world.rank() == 2) world.send(0, 0);
  }
}
