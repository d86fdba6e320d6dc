// SPDX-License-Identifier: MIT
// The word count of word_count --top 10 as a careful programmer writes it for the threads of one
// machine: bench_radix_word_count THREADS FILE [--sums]
//
// Each thread takes the next block of the file, combines what comes again soon in a small cache,
// and deals out the rest to 1,024 partitions by the first bits of a hash. Then each takes the next
// partition, and merges what all threads have for it in a table that stays in the core's cache.
// With --sums it also prints, untimed, what all words and counts come to.
#include "mapreduce/block_reader.hpp"
#include "mapreduce/pread_file.hpp"
#include "mapreduce/word_sums.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

namespace {

constexpr unsigned partition_bits = 10;
constexpr std::size_t n_partitions = std::size_t{1} << partition_bits;

/// A word of at most 15 bytes, padded with zeros, and its length in the last byte; 0: none.
struct short_word {
  std::uint64_t low = 0;
  std::uint64_t high = 0;

  std::size_t size() const { return high >> 56U; }

  std::string_view text() const { return {reinterpret_cast<const char*>(this), size()}; }

  bool operator==(const short_word&) const = default;
};

constexpr std::size_t short_bytes = 15;

/// What a word of n bytes keeps of 16.
constexpr std::array<short_word, short_bytes + 1> masks = [] {
  std::array<short_word, short_bytes + 1> all{};
  for (std::size_t n = 1; n < all.size(); ++n) {
    all[n].low = n >= 8 ? ~std::uint64_t{0} : (std::uint64_t{1} << (8 * n)) - 1;
    all[n].high = n > 8 ? (std::uint64_t{1} << (8 * (n - 8))) - 1 : 0;
  }
  return all;
}();

/// Of `n` bytes, where 16 can be read.
short_word pack(const char* text, std::size_t n) {
  short_word word;
  std::memcpy(&word.low, text, sizeof word.low);
  std::memcpy(&word.high, text + sizeof word.low, sizeof word.high);
  const short_word mask = masks[n];
  return {word.low & mask.low, (word.high & mask.high) | std::uint64_t{n} << 56U};
}

std::uint64_t fold(std::uint64_t left, std::uint64_t right) {
  __extension__ using wide = unsigned __int128;
  const wide product = static_cast<wide>(left) * right;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64U);
}

std::uint64_t hash_of(const short_word& word) {
  constexpr std::uint64_t first = 0x9E3779B97F4A7C15;
  constexpr std::uint64_t second = 0xBF58476D1CE4E5B9;
  return fold(fold(word.low ^ first, word.high ^ second) ^ first, second);
}

struct counted {
  short_word word;
  std::uint64_t count = 0;
};

/// The words of one partition from one thread: length, bytes and count (LEB128), in chunks.
class records {
 public:
  void add(const short_word& word, std::uint64_t count) {
    if (at_ >= full_at_) begin_chunk();
    *at_++ = static_cast<char>(word.size());
    std::memcpy(at_, &word, sizeof word);
    at_ += word.size();
    for (; count >= 128; count >>= 7U) *at_++ = static_cast<char>(count | 128U);
    *at_++ = static_cast<char>(count);
  }

  template <class Use>
  void for_each(Use use) const {
    for (std::size_t i = 0; i < chunks_.size(); ++i) {
      const char* at = chunks_[i].get();
      const char* const end = i + 1 == chunks_.size() ? at_ : ends_[i];
      while (at != end) {
        const auto size = static_cast<unsigned char>(*at++);
        const short_word word = pack(at, size);
        at += size;
        std::uint64_t count = 0;
        for (unsigned shift = 0;; shift += 7) {
          const auto byte = static_cast<unsigned char>(*at++);
          count |= std::uint64_t{byte & 127U} << shift;
          if (byte < 128) break;
        }
        use(word, count);
      }
    }
  }

 private:
  static constexpr std::size_t chunk_bytes = std::size_t{16} << 10U;
  static constexpr std::size_t record_bytes_at_most = 64;

  void begin_chunk() {
    if (at_ != nullptr) ends_.push_back(at_);
    chunks_.emplace_back(new char[chunk_bytes]);
    at_ = chunks_.back().get();
    full_at_ = at_ + chunk_bytes - record_bytes_at_most;
  }

  char* at_ = nullptr;
  char* full_at_ = nullptr;
  std::vector<std::unique_ptr<char[]>> chunks_;
  std::vector<const char*> ends_;  // of all chunks but the last
};

/// What one thread finds.
class mapper {
 public:
  const records& partition(std::size_t index) const { return partitions_[index]; }

  const std::unordered_map<std::string, std::uint64_t>& long_words() const { return long_words_; }

  std::uint64_t n_words() const { return n_words_; }

  /// From a word on 16 bytes can be read.
  void add(const char* text, std::size_t n) {
    ++n_words_;
    if (n > short_bytes) {
      ++long_words_[std::string(text, n)];
      return;
    }
    batch_[n_batch_] = pack(text, n);
    if (++n_batch_ == batch_.size()) take_batch();
  }

  void finish() {
    take_batch();
    for (const pair& both : cache_) {
      for (const counted& one : {both.later, both.earlier})
        if (one.count != 0) pass_on(one);
    }
  }

 private:
  struct alignas(64) pair {
    counted later;
    counted earlier;
  };

  static constexpr std::size_t n_pairs = std::size_t{1} << 13U;

  void take_batch() {
    std::array<std::size_t, 64> places{};
    for (std::size_t i = 0; i < n_batch_; ++i) {
      places[i] = hash_of(batch_[i]) % n_pairs;
      __builtin_prefetch(&cache_[places[i]], 1);
    }
    for (std::size_t i = 0; i < n_batch_; ++i) {
      pair& here = cache_[places[i]];
      if (here.later.word == batch_[i]) {
        ++here.later.count;
      } else if (here.earlier.word == batch_[i]) {
        const std::uint64_t count = here.earlier.count + 1;
        here.earlier = here.later;
        here.later = {batch_[i], count};
      } else {
        if (here.earlier.count != 0) pass_on(here.earlier);
        here.earlier = here.later;
        here.later = {batch_[i], 1};
      }
    }
    n_batch_ = 0;
  }

  void pass_on(const counted& one) {
    partitions_[hash_of(one.word) >> (64U - partition_bits)].add(one.word, one.count);
  }

  std::array<short_word, 64> batch_;
  std::size_t n_batch_ = 0;
  std::vector<pair> cache_ = std::vector<pair>(n_pairs);
  std::vector<records> partitions_ = std::vector<records>(n_partitions);
  std::unordered_map<std::string, std::uint64_t> long_words_;
  std::uint64_t n_words_ = 0;
};

/// A hash table with linear probing for the words of one partition.
class merged_words {
 public:
  void clear() {
    std::fill(slots_.begin(), slots_.end(), counted{});
    n_ = 0;
  }

  void add(const records& from) {
    from.for_each([this](const short_word& word, std::uint64_t count) {
      batch_[n_batch_] = {word, count};
      const std::uint64_t hash = hash_of(word);
      hashes_[n_batch_] = hash;
      __builtin_prefetch(&slots_[place_of(hash)], 1);
      if (++n_batch_ == batch_.size()) take_batch();
    });
    take_batch();
  }

  template <class Use>
  void for_each(Use use) const {
    for (const counted& one : slots_)
      if (one.count != 0) use(one);
  }

 private:
  std::size_t place_of(std::uint64_t hash) const {
    return (hash << partition_bits) >>
           (64U - static_cast<unsigned>(std::countr_zero(slots_.size())));
  }

  void take_batch() {
    if (n_ + n_batch_ > slots_.size() / 4 * 3) grow();
    for (std::size_t i = 0; i < n_batch_; ++i) add_one(batch_[i], hashes_[i]);
    n_batch_ = 0;
  }

  void add_one(const counted& one, std::uint64_t hash) {
    for (std::size_t at = place_of(hash);; at = (at + 1) & (slots_.size() - 1)) {
      counted& here = slots_[at];
      if (here.word == one.word) {
        here.count += one.count;
        return;
      }
      if (here.count == 0) {
        here = one;
        ++n_;
        return;
      }
    }
  }

  void grow() {
    const std::vector<counted> before =
        std::exchange(slots_, std::vector<counted>(2 * slots_.size()));
    n_ = 0;
    for (const counted& one : before)
      if (one.count != 0) add_one(one, hash_of(one.word));
  }

  std::vector<counted> slots_ = std::vector<counted>(1024);
  std::size_t n_ = 0;
  std::array<counted, 64> batch_;
  std::array<std::uint64_t, 64> hashes_{};
  std::size_t n_batch_ = 0;
};

using line = std::pair<std::uint64_t, std::string>;  // a count and its word

bool comes_first(const line& left, const line& right) {
  return left.first != right.first ? left.first > right.first : left.second < right.second;
}

/// The ten first lines.
class top_ten {
 public:
  void add(std::uint64_t count, std::string_view word) {
    if (lines_.size() == n && count < lines_.front().first) return;
    lines_.emplace_back(count, word);
    std::push_heap(lines_.begin(), lines_.end(), comes_first);
    if (lines_.size() <= n) return;
    std::pop_heap(lines_.begin(), lines_.end(), comes_first);
    lines_.pop_back();
  }

  void add(const top_ten& other) {
    for (const auto& [count, word] : other.lines_) add(count, word);
  }

  std::vector<line> sorted() const {
    std::vector<line> all = lines_;
    std::sort(all.begin(), all.end(), comes_first);
    return all;
  }

 private:
  static constexpr std::size_t n = 10;
  std::vector<line> lines_;
};

/// Runs `work(index)` on so many threads.
template <class Work>
void on_threads(std::size_t n, Work work) {
  std::vector<std::exception_ptr> failures(n);
  {
    std::vector<std::jthread> threads;
    threads.reserve(n);
    for (std::size_t i = 0; i < n; ++i) {
      threads.emplace_back([&, i] {
        try {
          work(i);
        } catch (...) {
          failures[i] = std::current_exception();
        }
      });
    }
  }
  for (const std::exception_ptr& failure : failures)
    if (failure) std::rethrow_exception(failure);
}

struct result {
  top_ten first;
  std::uint64_t n_words = 0;
  bench::word_sums sums;  // where they are asked for, all; else the distinct words alone
};

result count_words(const bench::pread_file& file, std::size_t n_threads, bool wants_sums) {
  std::vector<mapper> mappers(n_threads);
  std::atomic<std::uint64_t> next_block{0};
  on_threads(n_threads, [&](std::size_t index) {
    mapper& mine = mappers[index];
    bench::block_reader reader;
    for (;;) {
      const std::uint64_t offset = next_block.fetch_add(bench::block_reader::block_bytes);
      if (offset >= file.n_bytes()) break;
      reader.read(file, offset, [&](const char* text, std::size_t n) { mine.add(text, n); });
    }
    mine.finish();
  });
  std::vector<result> parts(n_threads);
  std::atomic<std::size_t> next_partition{0};
  on_threads(n_threads, [&](std::size_t index) {
    result& mine = parts[index];
    merged_words merged;
    for (;;) {
      const std::size_t partition = next_partition++;
      if (partition >= n_partitions) break;
      merged.clear();
      for (const mapper& one : mappers) merged.add(one.partition(partition));
      merged.for_each([&](const counted& one) {
        mine.first.add(one.count, one.word.text());
        if (wants_sums) mine.sums.add(one.word.text(), one.count);
        if (!wants_sums) ++mine.sums.distinct;
      });
    }
  });
  result all;
  std::unordered_map<std::string, std::uint64_t> long_words;
  for (const mapper& one : mappers) {
    all.n_words += one.n_words();
    for (const auto& [word, count] : one.long_words()) long_words[word] += count;
  }
  for (const auto& [word, count] : long_words) {
    all.first.add(count, word);
    all.sums.add(word, count);
  }
  for (const result& part : parts) {
    all.first.add(part.first);
    all.sums.distinct += part.sums.distinct;
    all.sums.checksum += part.sums.checksum;
  }
  all.sums.total = all.n_words;
  return all;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const bool wants_sums = argc == 4 && std::string_view(argv[3]) == "--sums";
    const std::size_t n_threads = argc > 2 ? std::strtoul(argv[1], nullptr, 10) : 0;
    if (n_threads == 0 || (argc != 3 && !wants_sums))
      throw std::runtime_error("accepted: THREADS FILE [--sums]");
    const result found = count_words(bench::pread_file(argv[2]), n_threads, wants_sums);
    for (const auto& [count, word] : found.first.sorted())
      fmt::print("{{\"word\":\"{}\",\"count\":{}}}\n", word, count);
    fmt::print(stderr,
               R"({{"threads":{},"emitted":{},"distinct":{},"words":{},"checksum":"{:016x}"}})"
               "\n",
               n_threads,
               found.n_words,
               found.sums.distinct,
               found.n_words,
               found.sums.checksum);
    std::fflush(stdout);
    std::_Exit(0);  // the system takes the memory back faster than free does, chunk by chunk
  } catch (const std::exception& error) {
    fmt::print(stderr, "bench_radix_word_count: {}\n", error.what());
    return 2;
  }
}
