// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/process/launcher.hpp>

#include <algorithm>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace rankwise::launcher {

/// Takes out of a job's stderr what ranks tell rankrun (see `launcher_line`), and what Open MPI's
/// own library says in each rank when another one dies in a job that goes on. All else goes through
/// unchanged and at once.
class launcher_filter {
 public:
  /// Told of each line's words.
  using listener = std::function<void(std::string_view words)>;

  launcher_filter(std::string token, listener told)
      : mark_(launcher_line::mark + std::move(token) + ' '), told_(std::move(told)) {}

  /// What may be printed now.
  std::string feed(std::string_view text) {
    held_ += text;
    std::string out;
    while (!held_.empty()) {
      const std::size_t end = held_.find('\n');
      const bool is_whole = end != std::string::npos;
      const std::string_view line =
          std::string_view(held_).substr(0, is_whole ? end + 1 : held_.size());
      const std::size_t mark = line.find(launcher_line::mark);
      if (mark != std::string_view::npos &&
          (is_whole || mark_.starts_with(line.substr(mark, mark_.size())))) {
        if (!is_whole) {
          pass(line.substr(0, mark), out);
          return out;
        }
        take(line, mark, out);
      } else if (is_at_start_ && (may_be_noise(line) || is_in_tag(line))) {
        if (!is_whole) return out;
      } else {
        out += line;
        is_at_start_ = is_whole;
      }
      held_.erase(0, line.size());
    }
    return out;
  }

  /// What was held back, when nothing more comes.
  std::string finish() { return std::exchange(held_, {}); }

 private:
  /// A whole line with a mark in it: what stands before it is the program's, but for a tag that the
  /// real mpirun has put there.
  void take(std::string_view line, std::size_t mark, std::string& out) {
    const std::string_view told = line.substr(mark);
    if (!told.starts_with(mark_)) {
      out += line;
      is_at_start_ = true;
      return;
    }
    const std::string_view before = line.substr(0, mark);
    const bool is_tag = before.starts_with('[') && before.ends_with("<stderr>:");
    if (!is_tag) out += before;
    is_at_start_ = is_tag || before.empty() ? is_at_start_ : false;
    std::string_view words = told.substr(mark_.size());
    words.remove_suffix(1);
    told_(words);
  }

  /// What stands before a mark that is not whole yet.
  void pass(std::string_view before, std::string& out) {
    if (before.empty() || before.front() == '[') return;
    out += before;
    is_at_start_ = false;
    held_.erase(0, before.size());
  }

  /// The beginning of the tag that a mark may follow, "[job,rank]<stderr>:", and nothing else yet.
  static bool is_in_tag(std::string_view line) {
    const std::size_t name = std::min(line.find_first_not_of("0123456789,[]"), line.size());
    return line.starts_with('[') && std::string_view("<stderr>:").starts_with(line.substr(name));
  }

  /// "[host:number] PMIX ERROR: ... pmix_event_notification.c ...", or the beginning of it.
  static bool may_be_noise(std::string_view line) {
    constexpr std::string_view says = " PMIX ERROR: ";
    constexpr std::size_t longest_name = 100;
    if (!line.starts_with('[')) return false;
    const std::size_t bracket = line.find(']');
    if (bracket == std::string_view::npos)
      return line.find_first_of(" \n") == std::string_view::npos && line.size() < longest_name;
    const std::string_view rest = line.substr(bracket + 1);
    if (rest.size() < says.size()) return says.starts_with(rest);
    return rest.starts_with(says) &&
           (rest.back() != '\n' ||
            rest.find("pmix_event_notification.c") != std::string_view::npos);
  }

  std::string mark_;
  listener told_;
  std::string held_;  // the beginning of a line that may have to be taken out
  bool is_at_start_ = true;
};

}  // namespace rankwise::launcher
