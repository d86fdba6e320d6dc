// SPDX-License-Identifier: MIT
// Catch2 under one name: 2.13 (Debian 12) or 3. Tests are written in the names of version 3.
#pragma once

#if __has_include(<catch2/catch_all.hpp>)

#include <catch2/catch_all.hpp>

namespace rankwise::test {

using listener = Catch::EventListenerBase;
using assertion_ended_result = void;

inline void run_in_declaration_order(Catch::ConfigData& config, const char* report_file) {
  config.runOrder = Catch::TestRunOrder::Declared;
  config.defaultOutputFilename = report_file;
}

}  // namespace rankwise::test

#else

#include <catch2/catch.hpp>

#include <string>

namespace Catch::Matchers {

inline auto ContainsSubstring(const std::string& text) {
  return Contains(text);
}

}  // namespace Catch::Matchers

#ifdef CATCH_CONFIG_EXTERNAL_INTERFACES  // version 2 shows its listeners only where this is set
namespace rankwise::test {

using listener = Catch::TestEventListenerBase;
using assertion_ended_result = bool;

inline void run_in_declaration_order(Catch::ConfigData& config, const char* report_file) {
  config.runOrder = Catch::RunTests::InDeclarationOrder;
  config.outputFilename = report_file;
}

}  // namespace rankwise::test
#endif

#endif
