// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/error.hpp>
#include <rankwise/wire/digest.hpp>

#include <fmt/core.h>

#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>
#include <unordered_set>

namespace rankwise::engine {

/// The numbers of the calls of a body, by which random streams and journals tell them apart. Calls
/// without a name are counted. The number of a call with a name depends on the name, and on how
/// many of that name came before it, so that other calls do not matter to it.
class call_numbers {
 public:
  /// Of a call without a name.
  std::uint32_t next() { return n_counted_++; }

  /// Of a call with a name. Two of them may have the same by chance, unless they are journaled.
  ///
  /// Throws: config_error if another journaled call has the number.
  std::uint32_t next(const std::string& name, bool is_journaled) {
    const std::uint64_t n_before = n_of_[name]++;
    const std::uint64_t digest =
        wire::digest().add(std::as_bytes(std::span(name))).add(n_before).value();
    const std::uint32_t number = static_cast<std::uint32_t>(digest) | of_named;
    if (is_journaled && !journaled_.insert(number).second)
      throw config_error(fmt::format(
          "--journal: found two calls whose names have the same number by chance, of which one is "
          "\"{}\"; accepted: another name",
          name));
    return number;
  }

 private:
  static constexpr std::uint32_t of_named = std::uint32_t{1} << 31U;

  std::uint32_t n_counted_ = 0;
  std::unordered_map<std::string, std::uint64_t> n_of_;  // calls of each name
  std::unordered_set<std::uint32_t> journaled_;          // numbers
};

}  // namespace rankwise::engine
