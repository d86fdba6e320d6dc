// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/error.hpp>
#include <rankwise/options.hpp>
#include <rankwise/program.hpp>

#include "rsa_keygen/key_engine.hpp"
#include "rsa_keygen/passphrase.hpp"

#include <boost/program_options/options_description.hpp>
#include <boost/program_options/value_semantic.hpp>
#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <string>

namespace rsa_keygen {

/// What the command line asks for.
struct settings {
  std::uint64_t count = 1;
  std::int32_t bits = 2048;
  key_engine engine = key_engine::openssl;
  std::string out;
  bool exercise = false;
  bool speed_up = false;
  bool gather = false;
  passphrase_source passphrase;
};

/// The options of rsa_keygen; they go to `asked`.
inline boost::program_options::options_description options(settings& asked) {
  namespace po = boost::program_options;
  const auto take_bits = [&asked](const std::string& text) {
    constexpr std::array<std::int32_t, 4> accepted{1024, 2048, 3072, 4096};
    for (const std::int32_t bits : accepted) {
      if (text != std::to_string(bits)) continue;
      asked.bits = bits;
      return;
    }
    throw rankwise::bad_value(text, fmt::format("{}", fmt::join(accepted, ", ")));
  };
  const auto flag = [](bool& target) { return po::bool_switch(&target)->default_value(false, ""); };

  po::options_description group("Options of rsa_keygen");
  const auto add = [&group](const char* name, const po::value_semantic* value, const char* help) {
    group.add_options()(name, value, help);
  };
  constexpr std::uint64_t most = 100'000'000;  // whose results are all held by the root
  add("count",
      rankwise::whole_number(asked.count, 1, most),
      "keys to make, at least 1 (default: 1)");
  add("bits",
      po::value<std::string>()->value_name("B")->notifier(take_bits),
      "1024 (for experiments only), 2048, 3072, 4096 (default: 2048)");
  add("engine",
      rankwise::one_of(asked.engine, key_engine_names),
      "what makes the keys: openssl (probable primes), nettle (proved primes, four times as fast) "
      "(default: openssl)");
  add("out",
      rankwise::nonempty_text(asked.out, "DIR")->required(),
      "directory for the keys, on each host; made if it is not there");
  add("exercise",
      flag(asked.exercise),
      "use each key: sign and verify, encrypt and decrypt; one that fails stops the job");
  add("speedup",
      flag(asked.speed_up),
      "make the same job on 1, 2 ... all ranks; the last run's keys are kept");
  add("gather",
      flag(asked.gather),
      "bring the private keys to the first rank's host, encrypted with a passphrase");
  add("passphrase",
      po::value<std::string>()->value_name("SOURCE")->notifier(
          [&asked](const std::string& given) { asked.passphrase = passphrase_source(given); }),
      "where the passphrase for --gather is read from: the first line of file:PATH, fd:N or stdin");
  return group;
}

/// Sees that the options go together, with those of the scheduler as well.
/// Throws: rankwise::config_error.
inline void check(const settings& asked, const rankwise::options& options) {
  require_engine(asked.engine);
  if (!options.journal.empty() && (asked.gather || asked.speed_up)) {
    throw rankwise::config_error(fmt::format("--journal: found beside {}, accepted: one of them",
                                             asked.gather ? "--gather (private keys do not go into "
                                                            "a journal)"
                                                          : "--speedup"));
  }
  if (!asked.gather && !asked.passphrase.is_empty())
    throw rankwise::config_error("--passphrase: only accepted with --gather");
}

}  // namespace rsa_keygen
