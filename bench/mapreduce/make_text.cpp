// SPDX-License-Identifier: MIT
// Makes text for word counts, the same for the same options: bench_make_text --bytes 1e9 > FILE
#include <rankwise/random.hpp>

#include "mapreduce/distinct_words.hpp"
#include "mapreduce/frequencies.hpp"
#include "mapreduce/text_writer.hpp"

#include <boost/program_options.hpp>
#include <fmt/format.h>

#include <cstdint>
#include <cstdio>
#include <exception>
#include <span>
#include <stdexcept>
#include <vector>

namespace {

struct settings {
  double bytes = 1e9;
  std::uint32_t words = 1'000'000;
  double zipf = 1.0;
  double hot = 0.0;
  bool each_once = false;
  std::uint64_t seed = 7;  // with it the text has words of 8.0 letters, the hot word too
};

/// The distinct words in an order that has no pattern: what must stand in the text once.
class roll_call {
 public:
  explicit roll_call(std::span<const bench::word> words) : words_(words) {
    for (const bench::word& one : words) bytes_left_ += one.n_bytes();
  }

  std::uint64_t bytes_left() const { return bytes_left_; }

  const bench::word& next() {
    constexpr std::uint64_t prime = 2654435761;  // so that no step falls on a word again
    const bench::word& one = words_[n_called_++ * prime % words_.size()];
    bytes_left_ -= one.n_bytes();
    return one;
  }

 private:
  std::span<const bench::word> words_;
  std::uint64_t n_called_ = 0;
  std::uint64_t bytes_left_ = 0;
};

void make_text(const settings& given) {
  rankwise::random_stream random(given.seed, 0);
  const std::vector<bench::word> words = bench::distinct_words(given.words, random);
  const bench::alias_table draw(bench::frequencies(words, given.zipf, given.hot));
  roll_call once = given.each_once ? roll_call(words) : roll_call({});
  auto bytes_left = static_cast<std::uint64_t>(given.bytes);
  if (once.bytes_left() > bytes_left)
    throw std::runtime_error(fmt::format("--bytes: the words alone take {}", once.bytes_left()));

  bench::text_writer out(stdout);
  constexpr double n_values = 4294967296.0;
  constexpr std::uint32_t one_in_twelve = 0xFFFFFFFFU / 12;
  for (;;) {
    const double due = static_cast<double>(once.bytes_left()) / static_cast<double>(bytes_left);
    const bench::word* one = random() < due * n_values ? &once.next() : nullptr;
    if (one == nullptr) {
      one = &words[draw(random)];
      // A word drawn must leave room for those that are still to be called.
      if (bytes_left - once.bytes_left() < one->n_bytes()) {
        if (once.bytes_left() == 0) break;
        one = &once.next();
      }
    }
    out.add(*one, random() < one_in_twelve ? '\n' : ' ');
    bytes_left -= one->n_bytes();
  }
  for (; bytes_left > 0; --bytes_left) out.end_line();
  out.finish();
  fmt::print(stderr,
             "bench_make_text: {:.0f} bytes, {} words, {:.3f} bytes a word on average\n",
             given.bytes,
             out.n_words(),
             out.mean_length());
}

settings read_options(int argc, char** argv) {
  namespace po = boost::program_options;
  settings given;
  po::options_description all("Options");
  all.add_options()("bytes", po::value(&given.bytes), "size of the text, such as 1e9")(
      "words", po::value(&given.words), "distinct words to draw from")(
      "zipf", po::value(&given.zipf), "the word of rank k comes in proportion to 1 / k^ZIPF")(
      "hot", po::value(&given.hot), "share of the bytes that the first word takes")(
      "each-once", po::bool_switch(&given.each_once), "each word stands at least once")(
      "seed", po::value(&given.seed), "of all that is random");
  po::variables_map values;
  po::store(po::parse_command_line(argc, argv, all), values);
  po::notify(values);
  if (given.words == 0 || !(given.bytes >= 0 && given.bytes < 1e15) ||
      !(given.hot >= 0 && given.hot < 1))
    throw std::runtime_error("accepted: --words from 1, --bytes below 1e15, --hot from 0 to 0.99");
  return given;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    make_text(read_options(argc, argv));
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "bench_make_text: {}\n", error.what());
    return 2;
  }
}
