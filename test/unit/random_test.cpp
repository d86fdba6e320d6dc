// SPDX-License-Identifier: MIT
#include <rankwise/random.hpp>

#include "catch.hpp"

#include <array>
#include <cstdint>
#include <random>
#include <set>
#include <vector>

using rankwise::random_stream;

TEST_CASE("Philox4x32-10 gives the published answers") {
  // Random123 1.14, tests/kat_vectors.
  CHECK(random_stream::philox({0, 0, 0, 0}, {0, 0}) ==
        std::array<std::uint32_t, 4>{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  CHECK(random_stream::philox({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
                              {0xffffffff, 0xffffffff}) ==
        std::array<std::uint32_t, 4>{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  CHECK(random_stream::philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
                              {0xa4093822, 0x299f31d0}) ==
        std::array<std::uint32_t, 4>{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST_CASE("a stream depends on seed and index alone, and on both") {
  const auto first_numbers = [](std::uint64_t seed, std::uint64_t index) {
    random_stream stream(seed, index);
    std::vector<std::uint32_t> numbers(100);
    for (std::uint32_t& number : numbers) number = stream();
    return numbers;
  };
  CHECK(first_numbers(1, 2) == first_numbers(1, 2));
  CHECK(first_numbers(1, 2) != first_numbers(2, 2));
  CHECK(first_numbers(1, 2) != first_numbers(1, 3));
  CHECK(first_numbers(1, 2) != first_numbers(1, 2 + (std::uint64_t{1} << 32U)));
}

TEST_CASE("calls have streams of their own, and the first call those of seed and index") {
  const auto numbers_of = [](std::uint32_t call, std::uint64_t index) {
    random_stream stream(7, index, call);
    std::array<std::uint32_t, 8> numbers{};
    for (std::uint32_t& number : numbers) number = stream();
    return numbers;
  };
  std::set<std::array<std::uint32_t, 8>> all;
  for (std::uint32_t call = 0; call < 100; ++call)
    for (std::uint64_t index = 0; index < 100; ++index) all.insert(numbers_of(call, index));
  CHECK(all.size() == 100 * 100);
  random_stream first(7, 3);
  for (const std::uint32_t number : numbers_of(0, 3)) CHECK(number == first());
  // As they have always been: Philox of the counter {0, 0, index}, the key being the seed.
  CHECK(random_stream(7, 3)() == random_stream::philox({0, 0, 3, 0}, {7, 0})[0]);
  // The second call begins half the counter's range away from where the first one would run into
  // it.
  CHECK(random_stream(7, 3, 1)() == random_stream::philox({0, 0x80000000, 3, 0}, {7, 0})[0]);
}

TEST_CASE("it drives the distributions of <random>") {
  random_stream stream(7, 0);
  std::uniform_real_distribution<double> uniform;
  double sum = 0;
  for (int i = 0; i < 100'000; ++i) sum += uniform(stream);
  // The standard error of the mean is 1 / sqrt(12 * 100,000) = 0.0009.
  CHECK(sum / 100'000 == Approx(0.5).margin(0.004));
}
