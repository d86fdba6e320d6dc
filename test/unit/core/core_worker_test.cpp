// SPDX-License-Identifier: MIT
#include <rankwise/core/worker.hpp>

#include "catch.hpp"

#include <cstdint>

namespace core = rankwise::core;

namespace {

struct nothing {};

core::orders::grant grant(std::uint32_t call) {
  return {call, false, 1, {0, 4}};
}

}  // namespace

TEST_CASE("a chunk that was taken away stays so until it has ended, whatever begins meanwhile") {
  core::worker<nothing> worker;
  worker.begin(1);
  worker.on_grant(0, grant(1), {});
  REQUIRE(worker.start());
  worker.begin_incarnation(1);  // the rank was given up
  CHECK(worker.interrupted());
  worker.begin_incarnation(2);
  CHECK(worker.interrupted());
  worker.begin(2, 2);
  CHECK(worker.interrupted());
  CHECK_FALSE(worker.done(1, {}, false));
  CHECK_FALSE(worker.finish());
  CHECK_FALSE(worker.interrupted());
  worker.on_grant(2, grant(2), {});
  REQUIRE(worker.start());
  CHECK_FALSE(worker.interrupted());
}
