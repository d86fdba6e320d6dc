// SPDX-License-Identifier: MIT
// Parts of a map_reduce that can't go on: refused, out of disk, cancelled, or thrown at.
#include "catch.hpp"
#include "map_reduce/combine_job.hpp"

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <sys/resource.h>

using Catch::Matchers::ContainsSubstring;
using namespace rankwise::test;

namespace {

/// What lets files grow no larger, as a full disk does.
class full_disk {
 public:
  explicit full_disk(rlim_t n_bytes) {
    std::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit full{n_bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &full);
  }

  full_disk(const full_disk&) = delete;
  full_disk& operator=(const full_disk&) = delete;
  full_disk(full_disk&&) = delete;
  full_disk& operator=(full_disk&&) = delete;

  ~full_disk() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, SIG_DFL);
  }

 private:
  rlimit before_{};
};

}  // namespace

TEST_CASE("a key that memory has no room for is refused where it is emitted") {
  const auto found = run_mode<std::uint64_t>(
      mode::linear, 2, options_for(1, 100'000), [](std::uint32_t row, auto& emit) {
        if (row == 1) emit(std::string(20'000, 'x'), 1U);
      });
  CHECK(found.thrown[1] ==
        "a key of 20000 bytes was emitted: with 100000 bytes of memory a rank, 12500 are accepted "
        "at most");
}

TEST_CASE("a spill directory that is not there is told before anything is emitted") {
  part_options how = options_for(1, 100'000);
  how.spill_directory = "/nowhere at all";
  const auto found = run_mode<std::uint64_t>(
      mode::linear, 3, how, [](std::uint32_t, auto&) { throw std::logic_error("not to be"); });
  for (const std::string& text : found.thrown) {
    if (text == "cancelled") continue;
    CHECK_THAT(text, ContainsSubstring("spill directory '/nowhere at all': no file can be made"));
  }
  CHECK(found.has_failed());
}

TEST_CASE("a disk that is full ends the call on all ranks") {
  const auto kind = GENERATE(mode::linear, mode::none, mode::radix);
  const std::uint32_t n_ranks = GENERATE(1U, 3U);
  CAPTURE(static_cast<int>(kind), n_ranks);
  outcome<std::uint64_t> found;
  {
    const full_disk full(100'000);
    found = run_mode<std::uint64_t>(
        kind, n_ranks, options_for(1, 50'000), [&](std::uint32_t row, auto& emit) {
          for (std::uint32_t i = 0; i < 60'000; ++i) emit(std::to_string(i * n_ranks + row), 1U);
        });
  }
  CHECK(std::any_of(found.thrown.begin(), found.thrown.end(), [](const std::string& text) {
    return text.find("File too large; --spill-dir names another directory") != std::string::npos;
  }));
}

TEST_CASE("what combine throws at a rank that merges is told there, and all ranks end") {
  struct refuse {
    std::uint64_t operator()(std::uint64_t left, std::uint64_t right) const {
      if (left + right == 3) throw std::runtime_error("no threes");  // of the ranks together
      return left + right;
    }
  };

  part_options how = options_for(1, 0);
  how.combine_here = GENERATE(true, false);
  const auto found = run_job<std::string, std::uint64_t>(
      3, maker_of<std::uint64_t, refuse, linear_table>(how, {}), [](std::uint32_t, auto& emit) {
        for (std::uint32_t i = 0; i < 20'000; ++i) emit(std::to_string(i), 1U);
      });
  CHECK(std::count(found.thrown.begin(), found.thrown.end(), "no threes") > 0);
}

TEST_CASE("a call that is cancelled ends on all ranks, whatever they wait for") {
  const auto kind = GENERATE(mode::linear, mode::cuckoo, mode::none, mode::radix);
  const bool in_finish = GENERATE(true, false);
  CAPTURE(static_cast<int>(kind), in_finish);
  // Row 0 takes nothing, so that the others have to wait for it.
  const auto found = run_mode<std::uint64_t>(
      kind, 3, options_for(1, in_finish ? 0 : 500'000), [&](std::uint32_t row, auto& emit) {
        if (row == 0 && !in_finish) throw std::runtime_error("row 0 is out");
        for (std::uint32_t i = 0; i < 100'000; ++i) emit(std::to_string(i * 3 + row), 1U);
        if (row == 0) throw std::runtime_error("row 0 is out");
      });
  CHECK(found.thrown[0] == "row 0 is out");
  CHECK_FALSE(found.thrown[1].empty());
  CHECK_FALSE(found.thrown[2].empty());
}
