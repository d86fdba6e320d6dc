// SPDX-License-Identifier: MIT
// Histogram and linear regression as a careful programmer writes them for the threads of one
// machine: bench_by_hand histogram|linear_regression THREADS FILE
//
// Each thread takes the next block of the file and reads it by pread, which is faster than to have
// the pages of a mapping come one by one.
#include "mapreduce/pair_sums.hpp"
#include "mapreduce/pread_file.hpp"
#include "support/stopwatch.hpp"

#include <fmt/format.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

/// Copies from the page cache, and wide vectors, are a third faster where lines don't straddle.
struct alignas(4096) page_block {
  std::array<unsigned char, std::size_t{256} * 1024> bytes;
};

/// Adds up all blocks of `file` from `first` on, on `n_threads` threads.
template <class Sums>
Sums over_blocks(const bench::pread_file& file, std::uint64_t first, std::size_t n_threads) {
  std::atomic<std::uint64_t> next{first};
  std::vector<Sums> of_threads(n_threads);
  {
    std::vector<std::jthread> threads;
    threads.reserve(n_threads);
    for (Sums& sums : of_threads) {
      threads.emplace_back([&] {
        const auto mine = std::make_unique<Sums>();
        const auto held = std::make_unique<page_block>();
        const std::span block(held->bytes.data(), Sums::block_bytes);
        for (;;) {
          const std::uint64_t at = next.fetch_add(block.size());
          if (at >= file.n_bytes()) break;
          mine->add_block(file.read(at, block));
        }
        sums = *mine;
      });
    }
  }
  Sums all;
  for (const Sums& sums : of_threads) all.add(sums);
  return all;
}

/// How often each value of each colour stands in a 24-bit image without padding.
///
/// A counter that was just stored can be loaded again only after some clocks, so that neighbouring
/// pixels, which are often alike, are counted in four tables in turn.
class colour_counts {
 public:
  static constexpr std::size_t step = 24;  // 8 pixels
  static constexpr std::size_t block_bytes = std::size_t{256} * 1024 / step * step;

  void add_block(std::span<const unsigned char> bytes) {
    std::size_t at = 0;
    for (; at + step <= bytes.size(); at += step) {
      add_eight<0>(bytes.data() + at);
      add_eight<8>(bytes.data() + at + 8);
      add_eight<16>(bytes.data() + at + 16);
    }
    for (; at < bytes.size(); ++at) ++tables_[at % n_tables][bytes[at]];
  }

  void add(const colour_counts& other) {
    for (std::size_t table = 0; table < n_tables; ++table)
      for (std::size_t value = 0; value < 256; ++value)
        tables_[table][value] += other.tables_[table][value];
  }

  /// Of blue (0), green (1) or red (2).
  std::uint64_t count(std::size_t colour, std::size_t value) const {
    std::uint64_t sum = 0;
    for (std::size_t table = colour; table < n_tables; table += 3) sum += tables_[table][value];
    return sum;
  }

 private:
  static constexpr std::size_t n_tables = 12;  // four of each colour

  template <std::size_t First>
  void add_eight(const unsigned char* bytes) {
    std::uint64_t eight = 0;
    std::memcpy(&eight, bytes, sizeof eight);
    [&]<std::size_t... I>(std::index_sequence<I...> /*places*/) {
      (++tables_[(First + I) % n_tables][eight >> (8 * I) & 255U], ...);
    }
    (std::make_index_sequence<8>());
  }

  std::array<std::array<std::uint32_t, 256>, n_tables> tables_{};  // enough for any BMP of 4 GiB
};

void histogram(const bench::pread_file& file, std::size_t n_threads) {
  const bench::stopwatch clock;
  std::array<unsigned char, 54> header{};
  file.read(0, header);
  const std::uint64_t width = header[18] | header[19] * 0x100U | header[20] * 0x10000U;
  if (header[0] != 'B' || header[1] != 'M' || header[28] != 24 || width % 4 != 0)
    throw std::runtime_error("accepted: a BMP image of 24 bits whose rows have no padding");
  const auto counts = over_blocks<colour_counts>(file, header.size(), n_threads);
  const double seconds = clock.seconds();
  std::uint64_t checksum = 0;
  for (std::size_t colour = 0; colour < 3; ++colour)
    for (std::size_t value = 0; value < 256; ++value)
      checksum += counts.count(2 - colour, value) * (256 * colour + value + 1);
  fmt::print(R"({{"threads":{},"seconds":{:.6f},"mb_s":{:.1f},"checksum":"{:016x}"}})"
             "\n",
             n_threads,
             seconds,
             1e-6 * static_cast<double>(file.n_bytes()) / seconds,
             checksum);
}

struct block_sums : bench::pair_sums {
  static constexpr std::size_t block_bytes = std::size_t{256} * 1024;

  void add_block(std::span<const unsigned char> bytes) {
    add(bench::sum_pairs(bytes.first(bytes.size() / 2 * 2)));
  }
};

void linear_regression(const bench::pread_file& file, std::size_t n_threads) {
  const bench::stopwatch clock;
  const auto sums = over_blocks<block_sums>(file, 0, n_threads);
  const double seconds = clock.seconds();
  // Differences of products of the sums are whole numbers of up to 128 bits: no digit is lost.
  __extension__ using wide = __int128;
  const auto moment = [&](std::uint64_t ab, std::uint64_t a, std::uint64_t b) {
    return static_cast<double>(wide{sums.n} * ab - wide{a} * b);
  };
  const double slope = moment(sums.xy, sums.x, sums.y) / moment(sums.xx, sums.x, sums.x);
  const auto n = static_cast<double>(sums.n);
  const double intercept =
      static_cast<double>(sums.y) / n - slope * static_cast<double>(sums.x) / n;
  fmt::print(R"({{"threads":{},"seconds":{:.6f},"mb_s":{:.1f},"slope":{:.12g},"intercept":{:.12g},)"
             R"("checksum":"{:016x}"}})"
             "\n",
             n_threads,
             seconds,
             1e-6 * static_cast<double>(file.n_bytes()) / seconds,
             slope,
             intercept,
             sums.n + 3 * sums.x + 5 * sums.y + 7 * sums.xx + 11 * sums.yy + 13 * sums.xy);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const std::string what = argc == 4 ? argv[1] : "";
    const std::size_t n_threads = argc == 4 ? std::strtoul(argv[2], nullptr, 10) : 0;
    if (n_threads == 0 || (what != "histogram" && what != "linear_regression"))
      throw std::runtime_error("accepted: histogram|linear_regression THREADS FILE");
    const bench::pread_file file(argv[3]);
    what == "histogram" ? histogram(file, n_threads) : linear_regression(file, n_threads);
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "bench_by_hand: {}\n", error.what());
    return 2;
  }
}
