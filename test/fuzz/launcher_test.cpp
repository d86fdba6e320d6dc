// SPDX-License-Identifier: MIT
// Host files, command lines and what ranks print, as nobody means them: refused with a message, or
// read; nothing else.
#include <rankwise/error.hpp>
#include <rankwise/program/command_line.hpp>

#include "catch.hpp"
#include "fuzz.hpp"
#include "rankrun/hostfile.hpp"
#include "rankrun/job_signs.hpp"
#include "rankrun/launcher_filter.hpp"
#include "rankrun/options.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

using rankwise::config_error;
namespace launcher = rankwise::launcher;

namespace {

void check_hosts(const launcher::host_list& list) {
  REQUIRE_FALSE(list.hosts.empty());
  REQUIRE(list.total_slots() <= launcher::largest_count);
  for (const launcher::host& entry : list.hosts) {
    REQUIRE(entry.slots >= 1);
    REQUIRE(launcher::detail::is_host_name(entry.name));
  }
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (const std::string_view line : launcher::split(text, '\n')) lines.emplace_back(line);
  return lines;
}

}  // namespace

TEST_CASE("host files") {
  const std::vector<std::string> texts = fuzz::corpus("hosts");
  int n_read = 0;
  const std::uint64_t n = fuzz::run([&](std::uint64_t, rankwise::random_stream& chance) {
    const std::string text = fuzz::changed(texts, chance);
    try {
      check_hosts(launcher::parse_hostfile(text, "hosts"));
      ++n_read;
    } catch (const config_error& error) {
      REQUIRE(std::string_view(error.what()).starts_with("hosts:"));
    }
    try {
      check_hosts(launcher::parse_host_option(text));
    } catch (const config_error& error) {
      REQUIRE(std::string_view(error.what()).starts_with("--host: "));
    }
  });
  CHECK(n_read > 0);
  CHECK(static_cast<std::uint64_t>(n_read) < n);
}

TEST_CASE("command lines of rankrun and of programs") {
  const std::vector<std::string> texts = fuzz::corpus("words");
  int n_read = 0;
  int n_refused = 0;
  fuzz::run([&](std::uint64_t, rankwise::random_stream& chance) {
    const std::vector<std::string> words = lines_of(fuzz::changed(texts, chance));
    try {
      const launcher::options asked = launcher::parse_options(words);
      REQUIRE(asked.start_timeout_s >= 1);
      REQUIRE(asked.app.size() <= words.size());
    } catch (const config_error&) {
      ++n_refused;
    }
    rankwise::arguments given;
    given.words = words;
    if (chance() % 2 == 0) given.environment["RANKWISE_" + words.front()] = words.back();
    rankwise::options how;
    try {
      rankwise::parse_command_line(given, how, {"app", "1", "summary", {}});
      REQUIRE(how.heartbeat_timeout_s > 0);
      ++n_read;
    } catch (const config_error& error) {
      REQUIRE_FALSE(std::string_view(error.what()).empty());
      ++n_refused;
    }
  });
  CHECK(n_read > 0);
  CHECK(n_refused > 0);
}

TEST_CASE("what ranks print") {
  const std::vector<std::string> texts = fuzz::corpus("lines");
  fuzz::run([&](std::uint64_t, rankwise::random_stream& chance) {
    const std::string text = fuzz::changed(texts, chance);
    launcher::job_signs signs;
    const std::chrono::steady_clock::time_point at{};
    launcher::launcher_filter filter("token",
                                     [&](std::string_view words) { signs.hear(words, at); });
    std::string out;
    for (std::size_t from = 0; from < text.size();) {
      const std::size_t n = 1 + chance() % 50;
      out += filter.feed(std::string_view(text).substr(from, n));
      from += n;
    }
    out += filter.finish();
    REQUIRE(out.size() <= text.size());
    if (signs.outcome()) REQUIRE((*signs.outcome() >= 0 && *signs.outcome() <= 255));
    for (const int rank : signs.missing(4, at)) REQUIRE((rank >= 0 && rank < 4));
  });
}
