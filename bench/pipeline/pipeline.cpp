// SPDX-License-Identifier: MIT
// A neural network on two ranks, in all modes, against loops by hand and other engines: each run is
// a process, or a job, of its own; all take the same made-up pictures.
#include <rankwise/program.hpp>
#include <rankwise/rankwise.hpp>

#include "support/command.hpp"
#include "support/json_lines.hpp"
#include "support/program.hpp"
#include "support/report.hpp"

#include <boost/program_options/options_description.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <map>
#include <numeric>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace {

struct settings {
  std::uint32_t repeats = 7;
  std::uint32_t images = 600;
  std::string model;  ///< empty: one is made
};

/// Someone who classifies pictures: what is run, and what each run printed.
struct contender {
  std::string name;
  bench::command what;
  std::vector<std::string> printed{};

  std::vector<double> numbers(const std::string& member) const {
    std::vector<double> all;
    for (const std::string& one : printed) {
      if (const std::optional<double> found = bench::json_number(one, member))
        all.push_back(*found);
    }
    return all;
  }

  double rate() const { return bench::median(numbers("images_per_s")); }
};

/// Of "member":[1,2,...], the sum.
double sum_of(const std::string& text, const std::string& member) {
  const std::string key = "\"" + member + "\":[";
  std::size_t at = text.find(key);
  bench::require(at != std::string::npos, "no " + member + " in: " + text);
  double sum = 0;
  for (at += key.size(); text[at] != ']'; at = text.find_first_of(",]", at + 1))
    sum += std::strtod(text.c_str() + at + (text[at] == ',' ? 1 : 0), nullptr);
  return sum;
}

class pipeline_bench {
 public:
  pipeline_bench(const settings& given, std::string programs)
      : given_(given), programs_(std::move(programs)) {
    const std::string images = std::to_string(given_.images);
    add("loop",
        "one loop by hand, one thread",
        {program("bench_bare_loop"), given_.model, images, "1"});
    add("loops", "two such loops at once", {program("bench_bare_loop"), given_.model, images, "2"});
    add("single", "rankwise: one rank", on(1, {"--mode", "single"}));
    add("replicas", "rankwise: copies on 2 ranks", on(2, {"--mode", "replicas", "--plan"}));
    add("pipeline", "rankwise: pipeline of 2 ranks", on(2, {"--mode", "pipeline"}));
    add("slow", "rankwise: auto, rank 1 at a third", on(2, {"--slow", "1x3"}));
    add("slow cut",
        "rankwise: pipeline, rank 1 at a third",
        on(2, {"--mode", "pipeline", "--slow", "1x3"}));
    for (const auto& [name, engine] : {std::pair{"opencv", "OpenCV DNN"}, {"onednn", "oneDNN"}}) {
      const std::string file = program(fmt::format("bench_{}_loop", name));
      if (std::filesystem::exists(file)) {
        add(name, fmt::format("{}, two threads", engine), {file, given_.model, images, "2"});
      } else {
        left_out_.push_back(engine);
      }
    }
  }

  void run() {
    for (std::uint32_t repeat = 0; repeat < given_.repeats; ++repeat) {
      for (auto& [key, one] : all_) {
        fmt::print(stderr, "bench_pipeline: {} ({} of {})\n", one.name, repeat + 1, given_.repeats);
        one.printed.push_back(bench::run_command(one.what).output);
      }
    }
    for (const auto& [key, one] : all_) require_same_answer(one);
    for (const char* const key : {"loop",
                                  "loops",
                                  "single",
                                  "replicas",
                                  "pipeline",
                                  "slow",
                                  "slow cut",
                                  "opencv",
                                  "onednn"})
      if (all_.contains(key)) show(all_.at(key));
    for (const std::string& engine : left_out_)
      out_.leave_out(engine, "it was not there when the benchmark was built");
    ask();
    measure_items();
    measure_memory();
    out_.print_table();
  }

 private:
  std::string program(const std::string& name) const { return programs_ + "/" + name; }

  void add(const std::string& key, const std::string& name, const bench::command& what) {
    all_.insert({key, {name, what}});
  }

  bench::command on(unsigned int n_ranks, const bench::command& options) const {
    bench::command what{program("mobilenet"),
                        "bench",
                        "--quiet",
                        "--json",
                        "--model",
                        given_.model,
                        "--images",
                        std::to_string(given_.images * n_ranks)};
    what.insert(what.end(), options.begin(), options.end());
    return bench::on_ranks(n_ranks, what);
  }

  /// All have found the same class in the first picture, and nearly the same score: other engines
  /// add in another order.
  void require_same_answer(const contender& one) const {
    constexpr double near = 1e-3;
    const std::string& wanted = all_.at("loop").printed.front();
    for (const std::string& found : one.printed) {
      bench::require(
          bench::json_number(found, "first/class") == bench::json_number(wanted, "first/class"),
          one.name + ": another class");
      bench::require(std::abs(*bench::json_number(found, "first/score") -
                              *bench::json_number(wanted, "first/score")) < near,
                     one.name + ": another score");
    }
  }

  void show(const contender& one) {
    bench::row made{.name = one.name,
                    .unit = "images/s",
                    .n = given_.images,
                    .samples = one.numbers("images_per_s")};
    made.note = fmt::format("{:.2f} x one rank", one.rate() / all_.at("single").rate());
    for (const char* const member : {"predicted_per_s", "p50_ms", "p95_ms"}) {
      if (std::vector<double> found = one.numbers(member); !found.empty())
        made.figures.push_back({member, std::move(found)});
    }
    if (const std::vector<double> latency = one.numbers("p50_ms"); !latency.empty())
      made.note += fmt::format(", latency {:.1f} ms", bench::median(latency));
    out_.add(std::move(made));
  }

  void ask() {
    const double two_loops = all_.at("loops").rate();
    const double pipeline = all_.at("pipeline").rate();
    out_.ask_at_least(
        "one rank / one loop", 0.95, all_.at("single").rate() / all_.at("loop").rate());
    out_.ask_at_least("copies / two loops", 0.95, all_.at("replicas").rate() / two_loops);
    out_.ask_at_least("pipeline / two loops", 0.92, pipeline / two_loops);
    for (const char* const peer : {"opencv", "onednn"}) {
      if (!all_.contains(peer)) continue;
      out_.ask_at_least("pipeline / " + all_.at(peer).name, 1, pipeline / all_.at(peer).rate());
    }
    ask_prediction("replicas", 0.10);
    ask_prediction("pipeline", 0.10);
    ask_prediction("slow", 0.15);
    ask_prediction("slow cut", 0.15);
  }

  /// Of all runs, the median of how far what came is from what was expected.
  void ask_prediction(const std::string& key, double most) {
    const contender& one = all_.at(key);
    const std::vector<double> expected = one.numbers("predicted_per_s");
    const std::vector<double> achieved = one.numbers("images_per_s");
    std::vector<double> off;
    for (std::size_t i = 0; i < expected.size(); ++i)
      off.push_back(std::abs(expected[i] / achieved[i] - 1));
    out_.ask_at_most("expected / achieved - 1: " + one.name, most, bench::median(off));
  }

  /// A pipeline that has nothing to compute.
  void measure_items() {
    bench::row made{
        .name = "items of 64 bytes, two stages on 2 ranks", .unit = "items/s", .n = 1'000'000};
    const bench::command what = bench::on_ranks(2, {program("bench_items"), "--quiet"});
    for (std::uint32_t repeat = 0; repeat < given_.repeats; ++repeat)
      made.samples.push_back(
          bench::json_number(bench::run_command(what).output, "items_per_s").value());
    const double rate = bench::median(made.samples);
    out_.add(std::move(made));
    out_.ask_at_least("items of 64 bytes a second", 200'000, rate);
  }

  /// What the model takes of memory, on all ranks together.
  void measure_memory() {
    const auto memory = [this](unsigned int n_ranks, const bench::command& options) {
      bench::command what = on(n_ranks, options);
      *(std::find(what.begin(), what.end(), "--images") + 1) = "60";
      what.insert(std::find(what.begin(), what.end(), "--host"), "--oversubscribe");
      return sum_of(bench::run_command(what).output, "memory_bytes");
    };
    const double one = memory(1, {"--mode", "single"});
    for (const unsigned int n_ranks : {2U, 3U, 5U}) {
      const double all =
          memory(n_ranks, {"--mode", "pipeline", "--stages", std::to_string(n_ranks)});
      out_.ask_at_most(
          fmt::format("memory of {} stages / of one rank ({:.1f} MB)", n_ranks, one / 1e6),
          1.3,
          all / one);
    }
  }

  settings given_;
  std::string programs_;
  std::map<std::string, contender> all_;
  std::vector<std::string> left_out_;
  bench::report out_{"pipeline", 2};
};

}  // namespace

int main(int argc, char** argv) {
  settings given;
  rankwise::options how;
  rankwise::program what{.name = "bench_pipeline",
                         .summary = "a neural network on two ranks, against loops by hand",
                         .options = boost::program_options::options_description("Options")};
  what.options.add_options()("repeats", rankwise::whole_number(given.repeats, 1U), "of each run")(
      "images", rankwise::whole_number(given.images, 20U), "for each rank (default: 600)")(
      "model",
      boost::program_options::value<std::string>(&given.model)->value_name("FILE"),
      "a MobileNetV2 in ONNX (default: one with random weights)");
  if (const std::optional<int> status = bench::read_options(argc, argv, what, how)) return *status;
  try {
    const std::string programs =
        std::filesystem::read_symlink("/proc/self/exe").parent_path().string();
    if (given.model.empty()) {
      given.model = programs + "/../bench_mobilenet_v2.onnx";
      bench::run_command({programs + "/mobilenet", "make-model", "--out", given.model});
    }
    pipeline_bench(given, programs).run();
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "bench_pipeline: {}\n", error.what());
    return 3;
  }
}
