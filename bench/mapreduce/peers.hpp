// SPDX-License-Identifier: MIT
#pragma once

#include "support/command.hpp"

#include <stdexcept>
#include <string>
#include <vector>

namespace bench {

/// A program of someone else's that counts words, and prints how many different ones there are, and
/// how many in all.
struct peer {
  std::string name;
  std::string needs;  ///< a line for the shell that fails where the program is not installed
  std::string count;  ///< a line for the shell; $0 is the file

  command count_words(const std::string& path) const { return {"sh", "-c", count, path}; }

  bool is_installed() const {
    try {
      run_command({"sh", "-c", needs});
      return true;
    } catch (const std::runtime_error&) {
      return false;
    }
  }
};

/// Those that may be installed. The text has no other white space than these split at.
inline std::vector<peer> peers() {
  const std::string count_fields =
      R"( '{ for (i = 1; i <= NF; ++i) ++n[$i] } )"
      R"(END { for (w in n) { ++d; t += n[w] } printf "%d %d\n", d, t }' "$0")";
  const std::string count_lines = R"(awk '{ ++d; t += $1 } END { printf "%d %d\n", d, t }')";
  return {{"tr | sed | sort | uniq -c, 2 threads",
           "command -v sort",
           R"(export LC_ALL=C; tr -s '[:space:]' '\n' < "$0" | sed '/^$/d' | )"
           "sort --parallel=2 | uniq -c | " +
               count_lines},
          {"mawk", "command -v mawk", "LC_ALL=C mawk" + count_fields},
          {"gawk", "command -v gawk", "LC_ALL=C gawk" + count_fields},
          {"Python, collections.Counter",
           "command -v python3",
           R"(python3 bench/mapreduce/count_words.py "$0")"}};
}

}  // namespace bench
