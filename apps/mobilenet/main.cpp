// SPDX-License-Identifier: MIT
// Classifies pictures by a neural network that is spread over the ranks; no line names a rank.
#include <rankwise/files.hpp>
#include <rankwise/pipeline.hpp>
#include <rankwise/rankwise.hpp>

#include "inference/model/model_maker.hpp"
#include "inference/model/onnx_writer.hpp"
#include "inference/plan/plan_text.hpp"
#include "mobilenet/commands/bench.hpp"
#include "mobilenet/commands/classifier.hpp"
#include "mobilenet/commands/classify.hpp"
#include "mobilenet/commands/compare.hpp"
#include "mobilenet/commands/evaluate.hpp"
#include "mobilenet/plan/planned_run.hpp"
#include "mobilenet/settings.hpp"
#include "mobilenet/stages/memory_use.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <map>
#include <string>
#include <utility>

namespace mobilenet {

namespace inference = rankwise::inference;

namespace {

void show_plan(const rankwise::pool& pool, const settings& asked) {
  const inference::graph model = read_model(asked);
  const planned_run run = plan_run(pool, model, asked, true);
  if (pool.options().json) {
    fmt::print("{}\n", inference::plan_json(run.problem, run.choice));
  } else {
    fmt::print("{}", inference::plan_text(run.problem, run.choice));
  }
}

void run_bench(const rankwise::pool& pool, const settings& asked) {
  const std::vector<std::uint64_t> before = memory_of_ranks(pool);
  inference::graph model = read_model(asked);
  const planned_run run = plan_run(pool, model, asked, asked.show_plan);
  if (asked.show_plan) fmt::print(stderr, "{}", inference::plan_text(run.problem, run.choice));
  const bench_figures found = bench(pool, std::move(model), run, asked, before);
  fmt::print("{}", pool.options().json ? bench_json(run, found) : bench_text(run, found));
  if (asked.show_plan)
    fmt::print(
        stderr, "{}", inference::result_text(run.choice, result_of(found.report, found.rate())));
}

void make_model(const rankwise::pool& /*pool*/, const settings& asked) {
  if (asked.out.empty()) throw rankwise::config_error("make-model: --out is missing");
  rankwise::files::published_file::check(asked.out, "--out");
  const inference::graph model = inference::make_mobilenet_v2(
      {.width = asked.width, .size = asked.size, .n_classes = asked.n_classes});
  rankwise::files::write_output(asked.out, inference::write_onnx(model), "--out");
  // A model that goes to standard output has it for itself.
  fmt::print(rankwise::files::is_standard_output(asked.out) ? stderr : stdout,
             "{}: MobileNetV2 {:.2f} for pictures of {} x {}, {} classes; its weights are random\n",
             asked.out,
             asked.width,
             asked.size,
             asked.size,
             asked.n_classes);
}

void body(const rankwise::pool& pool, const settings& asked) {
  using command = void (*)(const rankwise::pool&, const settings&);
  static const std::map<std::string, command> commands{{"bench", run_bench},
                                                       {"classify", classify},
                                                       {"compare", compare},
                                                       {"evaluate", evaluate},
                                                       {"make-model", make_model},
                                                       {"plan", show_plan}};
  const std::string name = asked.words.empty() ? "" : asked.words.front();
  const auto found = commands.find(name);
  if (found == commands.end()) {
    std::string known;
    for (const auto& [one, run] : commands) known += (known.empty() ? "" : ", ") + one;
    throw rankwise::config_error(
        fmt::format("{}; accepted: {}; see --help",
                    name.empty() ? "no command" : fmt::format("found the command \"{}\"", name),
                    known));
  }
  check_spread(asked);
  found->second(pool, asked);
}

}  // namespace
}  // namespace mobilenet

int main(int argc, char** argv) {
  mobilenet::keep_memory_small();
  mobilenet::settings asked;
  return rankwise::run(argc,
                       argv,
                       {.name = "mobilenet",
                        .summary = "classifies pictures by a model that is spread over the ranks",
                        .options = mobilenet::options(asked),
                        .operands = {"COMMAND [FILE...]", &asked.words}},
                       [&asked](rankwise::pool& pool) { mobilenet::body(pool, asked); });
}
