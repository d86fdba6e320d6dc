// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace Catch {

struct ConfigData;

}  // namespace Catch

namespace rankwise::test {

struct session_result {
  int status = 0;
  std::uint32_t seed = 0;
};

/// Runs the test cases that the command line chooses. `configure`, if there is one, makes settings
/// before the command line is read.
session_result run_session(int argc, char** argv, void (*configure)(Catch::ConfigData&) = nullptr);

}  // namespace rankwise::test
