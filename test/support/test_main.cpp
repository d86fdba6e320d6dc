// SPDX-License-Identifier: MIT
// The main of all tests without MPI, compiled once: Catch2 2.13's takes ten seconds.
#define CATCH_CONFIG_RUNNER
#include "catch.hpp"

int main(int argc, char** argv) {
  return Catch::Session().run(argc, argv);
}
