// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

namespace rankwise::launcher {

/// Takes out of mpirun's stderr the banners that only repeat that some rank ended with a status, so
/// that the program's own message stands alone. All else goes through unchanged and at once; Open
/// MPI's `-q` would silence failures of the launch as well. What mpirun says of signals that it
/// passes on is taken out too.
class banner_filter {
 public:
  /// From now on ranks may be lost, and the program itself says so: what Open MPI says about their
  /// connections and daemons is unwanted too.
  void expect_losses() { expects_losses_ = true; }

  /// What may be printed now.
  std::string feed(std::string_view text) {
    held_ += without_forwarding(text);
    std::string out;
    for (;;) {
      const std::size_t start = find_start(held_, rule);
      out += held_.substr(0, start);
      held_.erase(0, start);
      if (held_.size() < rule.size()) return out;  // maybe the beginning of a rule

      const std::string_view body = std::string_view(held_).substr(rule.size());
      const std::size_t end = body.find(rule);
      switch (judge(body)) {
        case verdict::unknown:
          return out;
        case verdict::other:
          out += rule;
          held_.erase(0, rule.size());
          break;
        case verdict::unwanted:
          if (end == std::string_view::npos) return out;
          held_.erase(0, rule.size() + end + rule.size());
          break;
      }
    }
  }

  /// What was held back, when nothing more comes.
  std::string finish() { return std::exchange(held_, {}) + std::exchange(held_line_, {}); }

 private:
  /// The text without the lines by which mpirun says that it passes a signal on; one may follow a
  /// line of progress that has no end.
  std::string without_forwarding(std::string_view text) {
    held_line_ += text;
    std::string out;
    for (;;) {
      const std::size_t start = find_start(held_line_, forwarding);
      out += held_line_.substr(0, start);
      held_line_.erase(0, start);
      const std::size_t end = held_line_.find('\n');
      if (end == std::string::npos) return out;
      held_line_.erase(0, end + 1);
    }
  }

  enum class verdict { unknown, other, unwanted };

  static constexpr std::string_view rule =
      "--------------------------------------------------------------------------\n";

  static constexpr std::string_view forwarding = "mpirun: Forwarding signal ";

  /// Where what is looked for starts, or where the text may end inside it.
  static std::size_t find_start(std::string_view text, std::string_view wanted) {
    if (const std::size_t whole = text.find(wanted); whole != std::string_view::npos) {
      return whole;
    }
    std::size_t start = text.size() - std::min(text.size(), wanted.size() - 1);
    while (!wanted.starts_with(text.substr(start))) ++start;
    return start;
  }

  /// By the first line after the rule.
  verdict judge(std::string_view body) const {
    const std::size_t end = body.find('\n');
    if (end == std::string_view::npos) {
      return body.size() > longest_first_line ? verdict::other : verdict::unknown;
    }
    const std::string_view line = body.substr(0, end);
    const bool is_unwanted =
        line.starts_with("Primary job  terminated normally, but") ||
        line.find(" detected that one or more processes exited with non-zero status") !=
            std::string_view::npos;
    const bool is_of_loss =
        line.starts_with("ORTE was unable to reliably start one or more daemons") ||
        line.starts_with("WARNING: Open MPI failed to TCP connect to a peer MPI process") ||
        line.starts_with("An MPI communication peer process has unexpectedly disconnected");
    return is_unwanted || (is_of_loss && expects_losses_) ? verdict::unwanted : verdict::other;
  }

  static constexpr std::size_t longest_first_line = 200;

  bool expects_losses_ = false;
  std::string held_line_;  ///< may be (a part of) a line that is left out
  std::string held_;       ///< may belong to a banner; starts with (a part of) a rule, or is empty
};

}  // namespace rankwise::launcher
