// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/error.hpp>
#include <rankwise/random.hpp>

#include "catch.hpp"
#include "fuzz/fuzz.hpp"
#include "images/picture.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace rankwise::test {

/// Reads changed files, each twice: a damaged picture is refused with the file's name, or read;
/// there is never another crash, nor pixels that depend on what memory held before.
template <class Read, class Mend>
void read_changed(const std::vector<std::string>& files, Read read, Mend mend) {
  std::uint64_t n_read = 0;
  std::uint64_t n_refused = 0;
  for (const std::string& file : files)
    REQUIRE(read(std::as_bytes(std::span(file)), "a").width > 0);
  fuzz::run([&](std::uint64_t, rankwise::random_stream& chance) {
    const std::string file = mend(fuzz::changed(files, chance));
    try {
      const images::picture made = read(std::as_bytes(std::span(file)), "a");
      REQUIRE(made.pixels.size() == std::size_t{made.width} * made.height * 3);
      if (made.pixels.size() < 100'000)
        REQUIRE(read(std::as_bytes(std::span(file)), "a").pixels == made.pixels);
      ++n_read;
    } catch (const rankwise::config_error& error) {
      REQUIRE(std::string_view(error.what()).starts_with("a: "));
      ++n_refused;
    }
  });
  CHECK(n_read > 0);
  CHECK(n_refused > 0);
}

}  // namespace rankwise::test
