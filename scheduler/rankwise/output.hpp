// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/entry.hpp>
#include <rankwise/map_reduce/distributed.hpp>
#include <rankwise/map_reduce/output_options.hpp>  // IWYU pragma: export

#include <cstddef>
#include <string>

namespace rankwise {

/// An order of entries that is known when the program runs.
struct chosen_order {
  entry_order by = entry_order::value;

  template <class Entry>
  bool operator()(const Entry& left, const Entry& right) const {
    return by == entry_order::value ? by_value{}(left, right) : by_key{}(left, right);
  }

  /// As `by_value` has it.
  template <class Value>
  bool is_behind(const Value& value, const Value& other) const {
    return by == entry_order::value && by_value{}.is_behind(value, other);
  }
};

/// Writes the entries of `result` where the options say. `format(entry, text)`, a task, appends the
/// line of one entry to `text`.
///
/// Throws: system_error if standard output can't be written; what `distributed::write` throws.
template <class Key, class Value, class Format>
void output(const distributed<Key, Value>& result,
            const output_options& how,
            const Format& format) {
  // Not left to stdout's own buffer: under mpirun that is a line.
  constexpr std::size_t written_at_once = std::size_t{64} << 10U;
  const chosen_order order{how.by};
  std::string text;
  const auto write = [&text] {
    combine::write_to_standard_output(text);
    text.clear();
  };
  const auto print = [&](const entry<Key, Value>& one) {
    format(one, text);
    if (text.size() >= written_at_once) write();
  };
  if (how.has_directory()) {
    result.write(how.directory, format, order);
  } else if (how.top != 0) {
    for (const entry<Key, Value>& one : result.top_k(how.top, order)) print(one);
  } else {
    result.sorted(order, print);
  }
  write();
}

}  // namespace rankwise
