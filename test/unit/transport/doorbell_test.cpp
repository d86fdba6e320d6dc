// SPDX-License-Identifier: MIT
#include <rankwise/transport/doorbell.hpp>
#include <rankwise/transport/doorbells.hpp>

#include "catch.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <fcntl.h>
#include <optional>
#include <sys/mman.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

using namespace std::chrono_literals;
using rankwise::root_rank;
using rankwise::to_rank;
using rankwise::engine::process_place;
using rankwise::transport::doorbell;
using rankwise::transport::doorbell_place;
using rankwise::transport::doorbells;

namespace {

std::uint64_t this_process() {
  return static_cast<std::uint64_t>(::getpid());
}

/// How long `wait` takes, which looks once before it sleeps.
std::chrono::nanoseconds time_wait(const doorbell& bell, std::chrono::nanoseconds time) {
  const auto begun = std::chrono::steady_clock::now();
  bell.wait(time);
  return std::chrono::steady_clock::now() - begun;
}

}  // namespace

TEST_CASE("a doorbell that another process rings ends a wait") {
  const std::optional<doorbell> own = doorbell::make();
  REQUIRE(own);
  own->wait(1min);  // from now on somebody listens
  const pid_t child = ::fork();
  if (child == 0) {
    const auto bell = doorbell::reach(static_cast<std::uint64_t>(::getppid()), own->descriptor());
    if (bell) bell->ring();
    ::_exit(bell ? 0 : 1);
  }
  CHECK(time_wait(*own, 1min) < 30s);
  int status = 0;
  ::waitpid(child, &status, 0);
  CHECK(status == 0);
}

TEST_CASE("a ring before the sleep is not lost") {
  const std::optional<doorbell> own = doorbell::make();
  const std::optional<doorbell> others = doorbell::reach(this_process(), own->descriptor());
  REQUIRE(others);
  others->ring();  // nobody listens: what was sent is found by looking
  CHECK(time_wait(*own, 1min) < 30s);
  others->ring();
  CHECK(time_wait(*own, 1min) < 30s);  // looks once more
  CHECK(time_wait(*own, 20ms) >= 20ms);
  CHECK(time_wait(*own, 20ms) >= 20ms);
}

TEST_CASE("every ring is answered, whoever is faster") {
  const std::optional<doorbell> own = doorbell::make();
  const std::optional<doorbell> others = doorbell::reach(this_process(), own->descriptor());
  std::atomic<int> n_sent{0};
  std::atomic<int> n_seen{0};
  constexpr int n = 20'000;
  std::thread sender([&] {
    for (int i = 1; i <= n; ++i) {
      n_sent.store(i);
      others->ring();
      if (i % 2 == 0) {
        while (n_seen.load() < i) std::this_thread::yield();
      }
    }
  });
  const auto begun = std::chrono::steady_clock::now();
  while (n_seen.load() < n) {
    if (n_sent.load() > n_seen.load()) {
      n_seen.store(n_sent.load());
    } else {
      own->wait(1min);
    }
  }
  sender.join();
  CHECK(std::chrono::steady_clock::now() - begun < 50s);
}

TEST_CASE("what is no doorbell is not reached") {
  const std::optional<doorbell> own = doorbell::make();
  CHECK_FALSE(doorbell::reach(this_process(), 9999));
  CHECK_FALSE(doorbell::reach(this_process(), -1));
  const int empty = ::memfd_create("empty", MFD_CLOEXEC);
  CHECK_FALSE(doorbell::reach(this_process(), empty));
  ::close(empty);
  const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  CHECK_FALSE(doorbell::reach(this_process(), null));
  ::close(null);
}

TEST_CASE("the doorbell of a process that has ended can be rung") {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  int over[2];
  REQUIRE(::pipe(over) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(over[1]);
    const std::optional<doorbell> bell = doorbell::make();
    bell->wait(1min);
    const int descriptor = bell->descriptor();
    [[maybe_unused]] auto n = ::write(ends[1], &descriptor, sizeof descriptor);
    char byte = 0;
    n = ::read(over[0], &byte, 1);
    ::_exit(0);
  }
  int descriptor = -1;
  REQUIRE(::read(ends[0], &descriptor, sizeof descriptor) == sizeof descriptor);
  const std::optional<doorbell> bell =
      doorbell::reach(static_cast<std::uint64_t>(child), descriptor);
  ::close(over[1]);
  ::waitpid(child, nullptr, 0);
  REQUIRE(bell);
  bell->ring();
  bell->ring();
  CHECK_FALSE(doorbell::reach(static_cast<std::uint64_t>(child), descriptor));
  for (const int end : {ends[0], ends[1], over[0]}) ::close(end);
}

TEST_CASE("ranks wake those of their host, and sleep as ever where there is no doorbell") {
  doorbells root(4);
  doorbells other(4);
  std::vector<doorbell_place> places(4);
  places[0] = {process_place::here(), root.own_descriptor()};
  places[1] = {process_place::here(), other.own_descriptor()};
  places[2] = places[1];
  places[2].process.space ^= 1U;            // another host
  places[3] = {process_place::here(), -1};  // could make none
  root.reach(root_rank, places);
  const auto doze = [&] {
    const auto begun = std::chrono::steady_clock::now();
    other.own_machine().doze(20ms);
    return std::chrono::steady_clock::now() - begun;
  };
  doze();
  root.ring(to_rank(2));
  root.ring(to_rank(3));
  root.ring(root_rank);
  CHECK(doze() >= 20ms);
  const auto begun = std::chrono::steady_clock::now();
  std::thread late([&] {
    std::this_thread::sleep_for(10ms);
    root.ring(to_rank(1));
  });
  other.own_machine().doze(1min);
  late.join();
  CHECK(std::chrono::steady_clock::now() - begun < 30s);

  doorbells alone(1);
  CHECK(alone.own_descriptor() == -1);
  const auto slept = std::chrono::steady_clock::now();
  alone.own_machine().doze(20ms);
  CHECK(std::chrono::steady_clock::now() - slept >= 20ms);

  places[0].process.space = 0;  // this host gives processes no names
  doorbells unknown(4);
  unknown.reach(root_rank, places);
  doze();
  unknown.ring(to_rank(1));
  CHECK(doze() >= 20ms);
}
