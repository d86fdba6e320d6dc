// SPDX-License-Identifier: MIT
// The main of all tests without MPI.
#include "catch_session.hpp"

int main(int argc, char** argv) {
  return rankwise::test::run_session(argc, argv).status;
}
