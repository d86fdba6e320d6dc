// SPDX-License-Identifier: MIT
// What runs the test cases, compiled once for all tests: Catch2 2.13's takes ten seconds.
#define CATCH_CONFIG_RUNNER
#include "catch_session.hpp"

#include "catch.hpp"

rankwise::test::session_result rankwise::test::run_session(int argc,
                                                           char** argv,
                                                           void (*configure)(Catch::ConfigData&)) {
  Catch::Session session;
  if (configure != nullptr) configure(session.configData());
  int status = session.applyCommandLine(argc, argv);
  if (status == 0) status = session.run();
  return {status, session.configData().rngSeed};
}
