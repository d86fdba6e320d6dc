// SPDX-License-Identifier: MIT
#include <rankwise/engine/start_up/identity.hpp>
#include <rankwise/engine/start_up/thread_room.hpp>
#include <rankwise/wire/frame.hpp>

#include "catch.hpp"

#include <memory>
#include <span>
#include <string>
#include <typeinfo>
#include <vector>

using rankwise::engine::identity;
using rankwise::engine::remote_call;
using rankwise::engine::task_registry;

namespace {

std::unique_ptr<remote_call> make_one(std::span<const std::byte> /*call*/) {
  return nullptr;
}

std::unique_ptr<remote_call> make_other(std::span<const std::byte> /*call*/) {
  return nullptr;
}

/// What `require_alike` says of three ranks of which the last is `other`; empty where they fit.
std::string complaint(const identity& root, const identity& other) {
  try {
    rankwise::engine::require_alike({root, root, other});
    return {};
  } catch (const rankwise::config_error& error) {
    return error.what();
  }
}

}  // namespace

TEST_CASE("threads of tasks that find no cores of their own are named") {
  using rankwise::engine::short_of_cores;
  identity first = identity::here("pi001");
  CHECK(first.n_cores > 0);
  CHECK(first.n_host_cores >= first.n_cores);
  first.n_cores = 8;
  first.n_host_cores = 8;
  identity last = first;
  last.host = {"pi002"};
  CHECK(short_of_cores({first, first, last}, 4).empty());
  CHECK(short_of_cores({first, first, first}, 4) ==
        "--threads 4: found 3 ranks on pi001, which has 8 cores: threads share them");
  last.n_cores = 1;
  CHECK(short_of_cores({first, last}, 0).empty());
  CHECK(short_of_cores({first, last}, 1).empty());
  CHECK(short_of_cores({first, last}, 4) ==
        "--threads 4: found rank 1 on pi002 bound to 1 of 8 cores: its threads share them; "
        "rankrun --threads 4 or mpirun --bind-to none lets them have all");
  first.n_cores = 1;
  first.n_host_cores = 1;
  CHECK(short_of_cores({first}, 2) ==
        "--threads 2: found 1 rank on pi001, which has 1 core: threads share them");
}

TEST_CASE("ranks that can't work together are refused, with who and why") {
  const identity root = identity::here("pi001");
  identity other = identity::here("pi003");
  CHECK(complaint(root, other) == "");
  const std::string who = "rank 2 on pi003 does not match rank 0 on pi001: ";
  const std::string remedy = "; start the same build on every host";
  SECTION("another build") {
    other.tasks ^= 1;
    CHECK(complaint(root, other) ==
          who + "its program has other tasks: it is another build" + remedy);
  }
  SECTION("a 32-bit build") {
    other.long_bytes = other.pointer_bytes = 4;
    other.long_double_bytes = root.long_double_bytes;
    CHECK(complaint(root, other).find(who + "its long, void* and long double have 4, 4 and ") == 0);
  }
  SECTION("the other byte order") {
    other.magic = __builtin_bswap32(root.magic);
    CHECK(complaint(root, other) ==
          who + "it has the other byte order, or another program" + remedy);
  }
  SECTION("another wire version") {
    other.wire_version = 77;
    CHECK(complaint(root, other) == who + "its wire version is 77, not " +
                                        std::to_string(rankwise::wire::wire_version) + remedy);
  }
}

TEST_CASE("two tasks of one name are refused, and both are named") {
  task_registry registry;
  registry.add(typeid(int), make_one, "one.cpp");
  registry.add(typeid(int), make_one, "one.cpp");
  registry.add(typeid(long), make_other, "other.cpp");
  registry.check();
  CHECK(registry.find(task_registry::hash(typeid(long).name())) == make_other);
  CHECK(registry.find(1) == nullptr);
  registry.add(typeid(int), make_other, "other.cpp");
  try {
    registry.check();
    FAIL("it was accepted");
  } catch (const rankwise::config_error& error) {
    const std::string text = error.what();
    CHECK(text.find("int in one.cpp") != std::string::npos);
    CHECK(text.find("int in other.cpp") != std::string::npos);
  }
}

TEST_CASE("programs with other tasks have another digest") {
  task_registry one;
  task_registry other;
  one.add(typeid(int), make_one, "");
  CHECK(one.digest() != other.digest());
  other.add(typeid(int), make_other, "elsewhere");
  CHECK(one.digest() == other.digest());
}
