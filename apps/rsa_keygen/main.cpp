// SPDX-License-Identifier: MIT
// Makes RSA keys wherever a rank is free; no line names a rank.
#include <rankwise/rankwise.hpp>

#include "rsa_keygen/core_dumps.hpp"
#include "rsa_keygen/earlier_keys.hpp"
#include "rsa_keygen/gathering.hpp"
#include "rsa_keygen/job.hpp"
#include "rsa_keygen/key_directory.hpp"
#include "rsa_keygen/report.hpp"
#include "rsa_keygen/settings.hpp"
#include "rsa_keygen/tasks.hpp"
#include "rsa_keygen/write_keys.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <numeric>
#include <optional>
#include <string>
#include <vector>

namespace rsa_keygen {
namespace {

struct run {
  std::vector<key_result> keys;
  run_figures figures;
};

run make_keys(const rankwise::pool& pool,
              const key_request& request,
              std::uint32_t ranks,
              earlier_keys earlier = earlier_keys({})) {
  rankwise::options options = pool.options();
  options.max_ranks = ranks;
  // A key that fails its exercise means that a machine can't be trusted: no use in going on, or
  // trying again.
  if (request.exercise) options.on_error = rankwise::on_error_kind::stop;
  std::vector<std::uint64_t> indices(request.count);  // Clang 14 refuses GCC 12's std::views::iota
  std::iota(indices.begin(), indices.end(), std::uint64_t{0});
  const auto start = std::chrono::steady_clock::now();
  run made;
  made.keys = pool.with(options).map(
      indices, key_task{request}, [&](std::uint64_t index, const key_result& result) {
        return earlier.still_counts(index, result);
      });
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
  std::vector<key_result> new_keys;
  for (const std::uint64_t index : indices) {
    if (!earlier.holds(index)) new_keys.push_back(made.keys[index]);
  }
  made.figures = figures(new_keys, static_cast<std::int32_t>(ranks), elapsed.count());
  made.figures.keys = request.count;
  made.figures.bits = request.bits;
  fmt::print(stderr, "{}", earlier.notes());
  return made;
}

void report(const rankwise::options& options,
            const settings& asked,
            const std::vector<run_figures>& runs,
            const std::vector<key_result>& keys) {
  if (!options.quiet) fmt::print("{}", options.json ? key_lines(keys) : key_table(keys));
  if (asked.speed_up) fmt::print("{}", options.json ? speed_up_lines(runs) : speed_up_table(runs));
  fmt::print("{}", options.json ? summary_json(runs.back()) : summary(runs.back()));
}

void body(const rankwise::pool& pool, const settings& asked) {
  check(asked, pool.options());
  const key_directory directory(asked.out);
  directory.check(is_resumed(pool.options()));
  const std::optional<gathering> gathered = begin_gathering(asked);
  std::vector<host_keys> found;
  if (!gathered) found = check_on_all_ranks(pool, directory, asked.count);
  // A resumed job may turn out not to fit its journal: then it leaves nothing.
  if (!is_resumed(pool.options())) directory.make();
  if (asked.bits == 1024) {
    fmt::print(stderr,
               "rsa_keygen: warning: --bits 1024: can be broken today; for experiments only\n");
  }

  key_request request{.directory = directory.path(),
                      .count = asked.count,
                      .bits = asked.bits,
                      .engine = asked.engine,
                      .exercise = asked.exercise,
                      .keep = false,
                      .recipient = gathered ? gathered->recipient() : std::string{}};
  std::vector<run_figures> runs;
  if (asked.speed_up) {
    for (std::uint32_t ranks = 1; ranks < pool.n_ranks(); ++ranks) {
      runs.push_back(make_keys(pool, request, ranks).figures);
    }
  }
  request.keep = true;
  const run kept = make_keys(pool, request, pool.n_ranks(), earlier_keys(found));
  runs.push_back(kept.figures);
  write_keys(directory, kept.keys, gathered, is_resumed(pool.options()));
  report(pool.options(), asked, runs, kept.keys);
}

}  // namespace
}  // namespace rsa_keygen

int main(int argc, char** argv) {
  rsa_keygen::turn_core_dumps_off();
  rsa_keygen::settings asked;
  return rankwise::run(argc,
                       argv,
                       {.name = "rsa_keygen",
                        .summary = "makes RSA keys on every rank",
                        .options = rsa_keygen::options(asked)},
                       [&asked](rankwise::pool& pool) { rsa_keygen::body(pool, asked); });
}
