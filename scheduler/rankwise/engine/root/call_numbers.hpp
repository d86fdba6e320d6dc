// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/error.hpp>
#include <rankwise/wire/digest.hpp>

#include <fmt/core.h>

#include <cstdint>
#include <map>
#include <span>
#include <string>

namespace rankwise::engine {

/// The numbers of the calls of a body, by which random streams and journals tell them apart. Calls
/// without a name are counted. The number of a call with a name depends on the name, and on how
/// many of that name came before it, so that other calls do not matter to it.
class call_numbers {
 public:
  /// Of a call without a name.
  std::uint32_t next() { return n_counted_++; }

  /// Of a call with a name.
  ///
  /// Throws: config_error if another name has the number.
  std::uint32_t next(const std::string& name) {
    const std::uint64_t digest =
        wire::digest().add(std::as_bytes(std::span(name))).add(n_of_[name]++).value();
    const std::uint32_t number = static_cast<std::uint32_t>(digest) | of_named;
    const std::string& known = names_.try_emplace(number, name).first->second;
    if (known != name) {
      throw config_error(
          fmt::format("options::name: found \"{}\" and \"{}\", which have the same number by "
                      "chance; accepted: other names",
                      known,
                      name));
    }
    return number;
  }

 private:
  static constexpr std::uint32_t of_named = std::uint32_t{1} << 31U;

  std::uint32_t n_counted_ = 0;
  std::map<std::string, std::uint64_t> n_of_;   // calls of each name
  std::map<std::uint32_t, std::string> names_;  // by number
};

}  // namespace rankwise::engine
