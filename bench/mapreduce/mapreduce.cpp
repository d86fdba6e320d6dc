// SPDX-License-Identifier: MIT
// Word counts, histograms and straight lines on ranks, against the same by hand on threads, and
// against what others have. Each is a program of its own, run as its users run it.
#include <rankwise/program.hpp>
#include <rankwise/rankwise.hpp>

#include "mapreduce/combiner_table.hpp"
#include "mapreduce/contender.hpp"
#include "mapreduce/inputs.hpp"
#include "mapreduce/peers.hpp"
#include "mapreduce/results.hpp"
#include "mapreduce/word_sums.hpp"
#include "support/machine.hpp"
#include "support/program.hpp"
#include "support/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace {

using bench::command;
using bench::contender;

enum class part : std::uint8_t { all, zipf, many, numbers, peers };
constexpr std::array<std::string_view, 5> part_names{"all", "zipf", "many", "numbers", "peers"};

struct settings {
  std::uint32_t repeats = 5;
  std::uint64_t shrink = 1;
  part only = part::all;

  bool wants(part one) const { return only == part::all || only == one; }
};

class mapreduce_bench {
 public:
  mapreduce_bench(const settings& given, const std::string& data, std::string programs)
      : given_(given), programs_(std::move(programs)), inputs_(data, programs_, given.shrink) {}

  void zipf() {
    const bench::input_file text = inputs_.get("zipf1m.txt");
    const bench::input_file uniform = inputs_.get("uniform1m.txt");
    const bench::input_file hot = inputs_.get("hot.txt");
    const std::string empty = inputs_.get("empty.txt").path;
    contender start_1{"start-up: word_count, no text, 1 rank", count_words(1, empty)};
    contender start_2{"start-up: word_count, no text", count_words(2, empty)};
    contender absl = by_absl("Zipf: absl::flat_hash_map, 1 thread", text);
    contender radix = by_radix("Zipf: radix partitions by hand, 2 threads", text);
    contender one_rank = counts_words("Zipf: word_count, 1 rank", 1, text);
    contender linear = counts_words("Zipf: word_count", 2, text);
    contender cuckoo = counts_words("Zipf: --combiner cuckoo", 2, text, {"--combiner", "cuckoo"});
    contender zynq = counts_words("Zipf: --combiner zynq", 2, text, {"--combiner", "zynq"});
    contender none = counts_words("Zipf: --combiner none", 2, text, {"--combiner", "none"});
    contender byte_loop{"Zipf: a byte loop for a mapper",
                        bench::on_ranks(2, {program("bench_byte_loop_words"), "--json", text.path}),
                        text.megabytes()};
    contender same_often = counts_words("all words alike often: word_count", 2, uniform);
    contender one_hot = counts_words("one word is 90 %: word_count", 2, hot);
    bench::run_in_turn({&start_1,
                        &start_2,
                        &absl,
                        &one_rank,
                        &radix,
                        &linear,
                        &cuckoo,
                        &zynq,
                        &none,
                        &byte_loop,
                        &same_often,
                        &one_hot},
                       given_.repeats);
    const bench::word_sums sums = bench::sums_in(absl.runs[0].output);
    for (const contender* one : {&one_rank, &linear, &cuckoo, &zynq, &none})
      require_same_words(*one, sums);
    require_same_sums(radix, sums);
    for (const contender* one : {&one_rank, &radix, &linear, &cuckoo, &zynq, &none, &byte_loop})
      require_same_figures(*one, linear, sums);
    const bench::word_sums sums_of_uniform = counted_by_absl(uniform);
    require_same_words(same_often, sums_of_uniform);
    const bench::word_sums sums_of_hot = counted_by_absl(hot);
    require_same_words(one_hot, sums_of_hot);
    const double start_up_1 = bench::median(start_1.wall_s());
    const double start_up_2 = bench::median(start_2.wall_s());
    one_.add(bench::start_up_row(start_1));
    const double by_hand = add(one_, absl, 0, sums);
    const double on_one = add(one_, one_rank, start_up_1, sums);
    two_.add(bench::start_up_row(start_2));
    const double by_radix_hand = add(two_, radix, 0, sums);
    const double on_two = add(two_, linear, start_up_2, sums);
    add(two_, cuckoo, start_up_2, sums);
    add(two_, zynq, start_up_2, sums);
    add(two_, none, start_up_2, sums);
    const double by_byte_loop = add(two_, byte_loop, start_up_2, sums);
    const double uniform_speed = add(two_, same_often, start_up_2, sums_of_uniform);
    const double hot_speed = add(two_, one_hot, start_up_2, sums_of_hot);
    for (const contender* one : {&linear, &cuckoo, &zynq, &none})
      combiners_.add("Zipf", *one, start_up_2);
    if (given_.shrink != 1) return;
    one_.ask_at_least("Zipf, word_count on 1 rank / absl", 4, on_one / by_hand);
    two_.ask_at_least("Zipf, word_count on 2 ranks / absl on 1 thread", 5.5, on_two / by_hand);
    two_.ask_at_least("Zipf, word_count / radix partitions by hand", 0.85, on_two / by_radix_hand);
    two_.ask_at_least("Zipf, byte loop / word_count", 0.5, by_byte_loop / on_two);
    two_.ask_at_most("one word is 90 %, time / all alike often", 1.1, uniform_speed / hot_speed);
  }

  void many() {
    const bench::input_file text = inputs_.get("zipf20m.txt");
    const std::string empty = inputs_.get("empty.txt").path;
    const std::uint64_t limit_mib = std::max<std::uint64_t>(128 / given_.shrink, 8);
    const command limited{
        "--memory", fmt::format("{}M", limit_mib), "--spill-dir", inputs_.directory().string()};
    contender start_2{"start-up: word_count, no text, again", count_words(2, empty)};
    contender absl = by_absl("20 M words: absl::flat_hash_map, 1 thread", text);
    contender radix = by_radix("20 M words: radix partitions by hand, 2 threads", text);
    contender linear = counts_words("20 M words: word_count", 2, text);
    contender cuckoo =
        counts_words("20 M words: --combiner cuckoo", 2, text, {"--combiner", "cuckoo"});
    contender zynq = counts_words("20 M words: --combiner zynq", 2, text, {"--combiner", "zynq"});
    contender bounded =
        counts_words(fmt::format("20 M words: --memory {}M a rank", limit_mib), 2, text, limited);
    bench::run_in_turn({&start_2, &absl, &radix, &linear, &cuckoo, &zynq, &bounded},
                       given_.repeats);
    const bench::word_sums sums = bench::sums_in(absl.runs[0].output);
    for (const contender* one : {&linear, &cuckoo, &zynq, &bounded}) {
      require_same_words(*one, sums);
      require_same_figures(*one, linear, sums);
    }
    require_same_sums(radix, sums);
    require_same_figures(radix, linear, sums);
    const double start_up = bench::median(start_2.wall_s());
    two_.add(bench::start_up_row(start_2));
    const double by_hand = add(one_, absl, 0, sums);
    const double by_radix_hand = add(two_, radix, 0, sums);
    const double on_two = add(two_, linear, start_up, sums);
    add(two_, cuckoo, start_up, sums);
    add(two_, zynq, start_up, sums);
    add(two_, bounded, start_up, sums);
    for (const contender* one : {&linear, &cuckoo, &zynq})
      combiners_.add("20 M words", *one, start_up);
    if (given_.shrink != 1) return;
    two_.ask_at_least("20 M words, word_count on 2 ranks / absl on 1 thread", 8, on_two / by_hand);
    two_.ask_at_least(
        "20 M words, word_count / radix partitions by hand", 0.85, on_two / by_radix_hand);
    two_.ask_at_most(fmt::format("20 M words, --memory {}M, peak MiB of a rank", limit_mib),
                     1.3 * static_cast<double>(limit_mib) + 64,
                     bounded.peak_mib());
  }

  void numbers() {
    const bench::input_file image = inputs_.get("image.bmp");
    const bench::input_file pairs = inputs_.get("pairs.bin");
    const auto start_of = [this](const std::string& app, const std::string& input) {
      return contender{fmt::format("start-up: {} of 1 kB", app),
                       on_two_ranks(app, inputs_.get(input).path)};
    };
    const auto by_hand = [this](const std::string& app, const bench::input_file& input) {
      return contender{app + ": by hand, 2 threads",
                       {program("bench_by_hand"), app, "2", input.path},
                       input.megabytes(),
                       true};
    };
    const auto by_ranks = [this](const std::string& app, const bench::input_file& input) {
      return contender{
          app + ": rankwise, 2 ranks", on_two_ranks(app, input.path), input.megabytes()};
    };
    contender start_histogram = start_of("histogram", "small.bmp");
    contender hand_histogram = by_hand("histogram", image);
    contender histogram = by_ranks("histogram", image);
    contender start_line = start_of("linear_regression", "small.bin");
    contender hand_line = by_hand("linear_regression", pairs);
    contender line = by_ranks("linear_regression", pairs);
    bench::run_in_turn(
        {&start_histogram, &hand_histogram, &histogram, &start_line, &hand_line, &line},
        given_.repeats);
    for (const bench::command_result& run : histogram.runs)
      bench::require(bench::histogram_checksum(run.output) == bench::checksum_of(hand_histogram),
                     "histogram: the counts are not those that were made by hand");
    for (const bench::command_result& run : line.runs)
      for (const char* const member : {"slope", "intercept"})
        bench::require(bench::nearly_same(bench::json_number(run.output, member),
                                          hand_line.numbers(member).front()),
                       fmt::format("linear_regression: not the {} made by hand", member));

    const auto tell = [this](
                          const contender& start, const contender& hand, const contender& ranks) {
      const std::uint64_t checksum = bench::checksum_of(hand);
      const auto n = static_cast<std::uint64_t>(std::llround(1e6 * hand.megabytes));
      two_.add(bench::start_up_row(start));
      const bench::row of_hand = bench::speed_row(hand, 0, n, checksum);
      const bench::row of_ranks =
          bench::speed_row(ranks, bench::median(start.wall_s()), n, checksum);
      two_.add(of_hand);
      two_.add(of_ranks);
      return bench::median(of_ranks.samples) / bench::median(of_hand.samples);
    };
    const double histogram_ratio = tell(start_histogram, hand_histogram, histogram);
    const double line_ratio = tell(start_line, hand_line, line);
    if (given_.shrink != 1) return;
    two_.ask_at_least("histogram / by hand", 0.85, histogram_ratio);
    two_.ask_at_least("linear_regression / by hand", 0.85, line_ratio);
  }

  /// What others need for the same text; each is run once.
  void peers() {
    const bench::input_file text = inputs_.get("zipf1m.txt");
    const bench::word_sums sums = counted_by_absl(text);
    contender standard{
        "Zipf: std::unordered_map, 1 thread", count_by_hand("std", text), text.megabytes(), true};
    bench::run_in_turn({&standard}, 1);
    add(one_, standard, 0, sums);
    for (const bench::peer& one : bench::peers()) {
      const std::string name = "Zipf: " + one.name;
      if (!one.is_installed()) {
        one_.leave_out(name, "not installed");
        continue;
      }
      contender peer{name, one.count_words(text.path), text.megabytes()};
      bench::run_in_turn({&peer}, 1);
      bench::require(peer.runs[0].output == fmt::format("{} {}\n", sums.distinct, sums.total),
                     name + ": counted " + peer.runs[0].output);
      add(one_, peer, 0, sums);
    }
  }

  void run() {
    if (given_.wants(part::zipf)) zipf();
    if (given_.wants(part::many)) many();
    if (given_.wants(part::numbers)) numbers();
    if (given_.wants(part::peers)) peers();
    if (given_.only != part::numbers) one_.print_table();
    if (given_.only != part::peers) two_.print_table();
    combiners_.print();
  }

 private:
  std::string program(const std::string& name) const { return programs_ + "/" + name; }

  command on_two_ranks(const std::string& app, const std::string& path) const {
    return bench::on_ranks(2, {program(app), "--progress", "none", "--json", path});
  }

  command count_words(unsigned int n_ranks,
                      const std::string& path,
                      const command& options = {}) const {
    command what{program("word_count"), "--progress", "none", "--json", "--top", "10", path};
    what.insert(what.end(), options.begin(), options.end());
    return bench::on_ranks(n_ranks, what);
  }

  contender counts_words(const std::string& name,
                         unsigned int n_ranks,
                         const bench::input_file& text,
                         const command& options = {}) const {
    return {name, count_words(n_ranks, text.path, options), text.megabytes()};
  }

  command count_by_hand(const std::string& map, const bench::input_file& text) const {
    return {program("bench_absl_word_count"), map, text.path};
  }

  contender by_absl(const std::string& name, const bench::input_file& text) const {
    return {name, count_by_hand("absl", text), text.megabytes(), true};
  }

  /// With all of its process: it has next to no start-up.
  contender by_radix(const std::string& name, const bench::input_file& text) const {
    return {name, {program("bench_radix_word_count"), "2", text.path}, text.megabytes()};
  }

  bench::word_sums counted_by_absl(const bench::input_file& text) const {
    return bench::sums_in(bench::run_command(count_by_hand("absl", text)).output);
  }

  /// All words and counts that `one` comes to, in a run that is not timed, are the baseline's.
  void require_same_words(const contender& one, const bench::word_sums& sums) const {
    const std::filesystem::path parts = inputs_.directory() / "parts";
    std::filesystem::remove_all(parts);
    command what = one.what;
    std::erase(what, "--json");
    const auto top = std::find(what.begin(), what.end(), "--top");
    *top = "--out";
    *(top + 1) = parts.string();
    fmt::print(stderr, "bench_mapreduce: {}: all words\n", one.name);
    bench::run_command(what);
    const bench::word_sums found = bench::sums_of_parts(parts);
    std::filesystem::remove_all(parts);
    bench::require(found == sums, one.name + ": not the words and counts of the baseline");
  }

  /// The same of a program that prints its sums where it is asked to.
  static void require_same_sums(const contender& one, const bench::word_sums& sums) {
    command what = one.what;
    what.push_back("--sums");
    bench::require(bench::sums_in(bench::run_command(what).all()) == sums,
                   one.name + ": not the words and counts of the baseline");
  }

  /// In each run that was timed, as many words were found, and the first ones are `other`'s.
  static void require_same_figures(const contender& one,
                                   const contender& other,
                                   const bench::word_sums& sums) {
    for (const bench::command_result& run : one.runs) {
      bench::require(bench::json_number(run.all(), "emitted") == static_cast<double>(sums.total),
                     one.name + ": not all words were found");
      bench::require(bench::counts_in(run.output) == bench::counts_in(other.runs[0].output),
                     one.name + ": not the same first words");
    }
  }

  /// Adds a row; the median of its MB/s.
  static double add(bench::report& out,
                    const contender& one,
                    double start_up_s,
                    const bench::word_sums& sums) {
    bench::row made = bench::speed_row(one, start_up_s, sums.total, sums.checksum);
    made.figures.push_back({"distinct", {static_cast<double>(sums.distinct)}});
    const double speed = bench::median(made.samples);
    out.add(std::move(made));
    return speed;
  }

  settings given_;
  std::string programs_;
  bench::inputs inputs_;
  bench::report one_{"mapreduce", 1};
  bench::report two_{"mapreduce", 2};
  bench::combiner_table combiners_;
};

}  // namespace

int main(int argc, char** argv) {
  settings given;
  rankwise::options how;
  rankwise::program what{.name = "bench_mapreduce",
                         .summary = "word counts, histograms and straight lines, against others",
                         .options = boost::program_options::options_description("Options")};
  what.options.add_options()("repeats", rankwise::whole_number(given.repeats, 1U), "of each run")(
      "shrink",
      rankwise::whole_number(given.shrink, 1U, 1000U),
      "divides the inputs' sizes and numbers of words; for trying it out")(
      "only", rankwise::one_of(given.only, part_names), "all, zipf, many, numbers or peers");
  if (const std::optional<int> status = bench::read_options(argc, argv, what, how)) return *status;
  try {
    const char* const data = std::getenv("BENCH_DATA");
    mapreduce_bench all(given,
                        data != nullptr ? data : "build/bench_data",
                        std::filesystem::read_symlink("/proc/self/exe").parent_path().string());
    all.run();
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "bench_mapreduce: {}\n", error.what());
    return 3;
  }
}
