// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/types.hpp>
#include <rankwise/observe/statistics.hpp>
#include <rankwise/options.hpp>

#include <fmt/format.h>

#include <cstdio>
#include <string_view>

namespace rankwise {

/// Where the root shows how the job goes: progress and messages on stderr, the summary at the end.
class console {
 public:
  explicit console(const options& how) : how_(how) {}

  void say(std::string_view text) const { fmt::print(stderr, "rankwise: {}\n", text); }
  void update(const job_statistics& /*state*/, core::duration /*at*/) {}
  void finish(const job_statistics& /*totals*/) {}

 private:
  options how_;
};

}  // namespace rankwise
