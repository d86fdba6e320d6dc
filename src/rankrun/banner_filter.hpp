// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

namespace rankwise::launcher {

/// Takes out of mpirun's stderr the banners that only repeat that some rank ended with a status, so
/// that the program's own message stands alone. All else goes through unchanged and at once; Open
/// MPI's `-q` would silence failures of the launch as well.
class banner_filter {
 public:
  /// From now on ranks may be lost, and the program itself says so: what Open MPI says about their
  /// connections and daemons is unwanted too.
  void expect_losses() { expects_losses_ = true; }

  /// What may be printed now.
  std::string feed(std::string_view text) {
    held_ += text;
    std::string out;
    for (;;) {
      const std::size_t start = find_rule(held_);
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
  std::string finish() { return std::exchange(held_, {}); }

 private:
  enum class verdict { unknown, other, unwanted };

  static constexpr std::string_view rule =
      "--------------------------------------------------------------------------\n";

  /// Where a rule starts, or where the text may end inside one.
  static std::size_t find_rule(std::string_view text) {
    if (const std::size_t whole = text.find(rule); whole != std::string_view::npos) {
      return whole;
    }
    std::size_t start = text.size() - std::min(text.size(), rule.size() - 1);
    while (!rule.starts_with(text.substr(start))) ++start;
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
  std::string held_;  ///< may belong to a banner; starts with (a part of) a rule, or is empty
};

}  // namespace rankwise::launcher
