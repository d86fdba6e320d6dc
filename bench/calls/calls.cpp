// SPDX-License-Identifier: MIT
// Short calls, many calls and calls without an end: futures, small maps, streams, and two calls at
// once.
#include <rankwise/program.hpp>

#include "calls/calls_at_once.hpp"
#include "calls/many_futures.hpp"
#include "calls/printed_lines.hpp"
#include "calls/settings.hpp"
#include "calls/short_calls.hpp"
#include "calls/streams.hpp"
#include "support/program.hpp"
#include "support/report.hpp"

#include <boost/mpi/communicator.hpp>
#include <boost/program_options/value_semantic.hpp>

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace {

struct measurement {
  std::string_view name;
  void (*run)(const bench::call_bench&);
};

constexpr std::array<measurement, 9> measurements{{
    {"submit", bench::measure_round_trips},
    {"idle", bench::measure_after_idleness},
    {"map", bench::measure_small_maps},
    {"futures", bench::measure_many_futures},
    {"stream", bench::measure_slow_sink},
    {"endless", bench::measure_endless_source},
    {"lines", bench::measure_printed_lines},
    {"priority", bench::measure_priority},
    {"fair", bench::measure_fair_share},
}};

void measure(const boost::mpi::communicator& world,
             const rankwise::options& how,
             const bench::call_settings& given) {
  std::optional<bench::report> out;
  if (world.rank() == 0) out.emplace("calls", world.size());
  const bench::call_bench bench{world, how, given, out ? &*out : nullptr};
  for (const measurement& one : measurements) {
    if (given.only.empty() || given.only == one.name) one.run(bench);
  }
  if (out) out->print_table();
}

}  // namespace

int main(int argc, char** argv) {
  bench::call_settings given;
  rankwise::program what{.name = "bench_calls",
                         .summary = "short calls, many calls, and calls without an end",
                         .options = boost::program_options::options_description("Options")};
  what.options.add_options()("repeats", rankwise::whole_number(given.repeats, 1U), "of each run")(
      "n-round-trips", rankwise::whole_number(given.n_round_trips, 1U), "submit and get in a row")(
      "n-idle-calls",
      rankwise::whole_number(given.n_idle_calls, 1U),
      "the same after a second of idleness")("idle-seconds",
                                             rankwise::whole_number(given.idle_seconds, 1U),
                                             "how long idle ranks are watched")(
      "n-maps", rankwise::whole_number(given.n_maps, 1U), "calls of map with four items")(
      "n-futures", rankwise::whole_number(given.n_futures, 1U), "futures outstanding at once")(
      "n-streamed",
      rankwise::whole_number(given.n_streamed, 1U),
      "integers of the stream whose sink is slow")(
      "n-lines", rankwise::whole_number(given.n_lines, 1U), "lines of standard input")(
      "n-long", rankwise::whole_number(given.n_long, 1U), "tasks of the long one of two calls")(
      "n-fair", rankwise::whole_number(given.n_fair, 1U), "tasks of each of two equal calls")(
      "only",
      boost::program_options::value(&given.only)->value_name("NAME"),
      "one of submit, idle, map, futures, stream, endless, lines, priority and fair")(
      "mpi4py-submit-us",
      rankwise::whole_number(given.mpi4py_submit_us),
      "what mpi4py.futures has taken for submit and result; 0: it is not installed")(
      "mpi4py-idle-us", rankwise::whole_number(given.mpi4py_idle_us), "after a second")(
      "mpi4py-map-us", rankwise::whole_number(given.mpi4py_map_us), "for a map of four items")(
      "mpi4py-futures",
      rankwise::whole_number(given.mpi4py_futures),
      "futures a second that it has reached");
  return bench::run_on_all(
      argc, argv, what, [&](const boost::mpi::communicator& world, const rankwise::options& how) {
        bench::require(world.size() == 2, "needs 2 ranks: bench/run calls");
        measure(world, how, given);
      });
}
