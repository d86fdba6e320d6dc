// SPDX-License-Identifier: MIT
#include <rankwise/random.hpp>
#include <rankwise/transport/backoff.hpp>
#include <rankwise/transport/buffer_pool.hpp>
#include <rankwise/transport/doorbells.hpp>
#include <rankwise/transport/mpi.hpp>
#include <rankwise/transport/mpi_message.hpp>
#include <rankwise/transport/mpi_receiver.hpp>

#include "catch.hpp"

#include <boost/mpi/collectives/broadcast.hpp>
#include <boost/mpi/communicator.hpp>
#include <boost/serialization/string.hpp>
#include <mpi.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <unistd.h>
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

/// The memory of this process that is in use, in bytes.
std::size_t resident_bytes() {
  std::size_t n_all = 0;
  std::size_t n_resident = 0;
  std::ifstream("/proc/self/statm") >> n_all >> n_resident;
  return n_resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

constexpr std::size_t mebibyte = std::size_t{1} << 20U;

/// The only rank of a job, that receives what is sent by hand.
class receiving_rank {
 public:
  /// Sends a message as the sender of a frame does.
  void send(std::uint32_t number, const rankwise::wire::bytes& content, bool announces = false) {
    rankwise::wire::bytes message = content;
    rankwise::wire::append_value(message,
                                 rankwise::transport::message_trailer{number, announces ? 1U : 0U});
    send_bytes(message, rankwise::transport::mpi_tag::frame);
  }

  void announce(std::uint32_t number, std::uint64_t n_bytes) {
    rankwise::wire::bytes content;
    rankwise::wire::append_value(content, n_bytes);
    send(number, content, true);
  }

  void send_part(std::size_t n_bytes) {
    send_bytes(rankwise::wire::bytes(n_bytes, std::byte{7}), rankwise::transport::mpi_tag::part);
  }

  /// The size of the next frame; 0 if there is none.
  std::size_t next_size() {
    rankwise::rank_id from{};
    rankwise::wire::bytes frame;
    return receiver.try_receive(from, frame) ? frame.size() : 0;
  }

 private:
  void send_bytes(const rankwise::wire::bytes& message, rankwise::transport::mpi_tag tag) {
    MPI_Request request = MPI_REQUEST_NULL;
    MPI_Isend(message.data(),
              static_cast<int>(message.size()),
              MPI_BYTE,
              0,
              static_cast<int>(tag),
              self_,
              &request);
    for (int is_sent = 0; is_sent == 0;) MPI_Test(&request, &is_sent, MPI_STATUS_IGNORE);
  }

  boost::mpi::communicator self_{MPI_COMM_SELF, boost::mpi::comm_duplicate};
  rankwise::transport::buffer_pool buffers_;

 public:
  rankwise::transport::mpi_receiver receiver{self_, 1, mebibyte, buffers_};
};

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

TEST_CASE("a frame wakes a rank of the same host that sleeps") {
  const boost::mpi::communicator world;
  rankwise::transport::mpi endpoint(world);
  const auto places = endpoint.gather_everywhere(rankwise::transport::doorbell_place{
      rankwise::engine::process_place::here(), endpoint.doorbell_descriptor()});
  endpoint.reach_doorbells(places);
  const auto begun = std::chrono::steady_clock::now();
  // From rank to rank, three times around; each sleeps until it is its turn.
  const int next = (world.rank() + 1) % world.size();
  for (int turn = 0; turn < 3 && world.size() > 1; ++turn) {
    rankwise::rank_id from{};
    rankwise::wire::bytes frame = frame_of(0, 1);
    if (world.rank() == 0) endpoint.send(rankwise::rank_id{next}, frame);
    while (!endpoint.try_receive(from, frame)) {
      if (endpoint.in_motion()) {
        std::this_thread::yield();
      } else {
        endpoint.machine().doze(std::chrono::seconds(20));
      }
    }
    if (world.rank() != 0) endpoint.send(rankwise::rank_id{next}, frame);
  }
  while (!endpoint.all_sent()) std::this_thread::yield();
  CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds(19));
  endpoint.drain();
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

TEST_CASE("frames whose messages overtake each other are handed out in order") {
  receiving_rank here;
  here.announce(2, mebibyte + 2);
  here.announce(1, mebibyte + 1);
  CHECK(here.next_size() == 0);
  here.send(0, rankwise::wire::bytes(100));
  here.send(3, rankwise::wire::bytes(103));
  CHECK(here.next_size() == 100);
  CHECK(here.next_size() == 0);
  CHECK(here.receiver.any_in_part([](rankwise::rank_id /*rank*/) { return true; }));
  here.send_part(mebibyte);
  CHECK(here.next_size() == 0);
  here.send_part(1);
  CHECK(here.next_size() == mebibyte + 1);
  CHECK(here.next_size() == 0);
  here.send_part(mebibyte);
  here.send_part(2);
  CHECK(here.next_size() == mebibyte + 2);
  CHECK(here.next_size() == 103);
  CHECK(here.next_size() == 0);
  CHECK_FALSE(here.receiver.any_in_part([](rankwise::rank_id /*rank*/) { return true; }));
}

TEST_CASE("half a large frame from a process that has ended keeps no memory") {
  constexpr std::size_t n_parts = 64;
  receiving_rank here;
  here.announce(0, n_parts * mebibyte);
  CHECK(here.next_size() == 0);
  for (std::size_t i = 0; i < n_parts / 2; ++i) here.send_part(mebibyte);
  CHECK(here.next_size() == 0);
  const std::size_t before = resident_bytes();
  here.receiver.forget(rankwise::root_rank);
  CHECK(resident_bytes() + n_parts / 4 * mebibyte < before);
  CHECK_FALSE(here.receiver.any_in_part([](rankwise::rank_id /*rank*/) { return true; }));
  for (std::size_t i = n_parts / 2; i < n_parts; ++i) here.send_part(mebibyte);
  here.send(1, rankwise::wire::bytes(101));
  CHECK(here.next_size() == 0);
}

TEST_CASE("a large frame to a process that has ended keeps no memory") {
  const boost::mpi::communicator world;
  rankwise::transport::mpi endpoint(world);
  constexpr rankwise::rank_id other{1};
  if (world.size() == 1) return;
  if (world.rank() == 0) {
    endpoint.send(other, rankwise::wire::bytes(64 * mebibyte, std::byte{7}));
    const std::size_t before = resident_bytes();
    CHECK_FALSE(endpoint.all_sent());
    endpoint.forget(other);
    CHECK(resident_bytes() + 32 * mebibyte < before);
    CHECK(endpoint.all_sent());
    CHECK_FALSE(endpoint.in_motion());
    world.send(1, 0);
    world.recv(1, 0);
  } else if (world.rank() == 1) {
    world.recv(0, 0);
    rankwise::rank_id from{};
    rankwise::wire::bytes frame;
    while (!endpoint.try_receive(from, frame)) std::this_thread::yield();
    CHECK(frame.size() == 64 * mebibyte);
    world.send(0, 0);
  }
}

// Where MPI asks the receiver before it sends as little as this: see the variant "asking".
TEST_CASE("a message that its sender does not finish holds up none of other ranks") {
  const boost::mpi::communicator world;
  if (world.size() < 3) return;
  rankwise::transport::mpi endpoint(world);
  std::string file = std::filesystem::temp_directory_path() / "rankwise_transport_XXXXXX";
  if (world.rank() == 0) ::close(::mkstemp(file.data()));
  boost::mpi::broadcast(world, file, 0);
  if (world.rank() == 0) {
    std::vector<int> n_received(static_cast<std::size_t>(world.size()));
    rankwise::rank_id from{};
    rankwise::wire::bytes frame;
    const auto receive_from = [&](int rank) {
      while (n_received[static_cast<std::size_t>(rank)] == 0) {
        if (endpoint.try_receive(from, frame)) {
          ++n_received[rankwise::to_index(from)];
        } else {
          std::this_thread::yield();
        }
      }
    };
    receive_from(2);
    std::filesystem::remove(file);
    receive_from(1);
  } else if (world.rank() <= 2) {
    if (world.rank() == 2) world.recv(1, 0);
    endpoint.send(rankwise::root_rank, rankwise::wire::bytes(3000));
    if (world.rank() == 1) {
      world.send(2, 0);
      while (std::filesystem::exists(file))  // without MPI
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    while (!endpoint.all_sent()) std::this_thread::yield();
  }
}
