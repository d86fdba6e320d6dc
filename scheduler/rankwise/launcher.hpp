// SPDX-License-Identifier: MIT
#pragma once

#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <unistd.h>
#include <utility>

namespace rankwise {

/// What a rank tells rankrun, the launcher that started it: lines on stderr that begin with a mark
/// and rankrun's token, and that rankrun takes out. So they arrive from any host, by the way that
/// the launch made anyway.
///
/// rankrun offers it in the environment variable `launcher_variable` to programs whose file has
/// that name in it; such a job goes on where ranks are lost, and its outcome is what the root says.
class launcher_line {
 public:
  /// The variable whose value is the token.
  static constexpr const char* variable = "RANKWISE_LAUNCHER";

  /// Stands before the token; no text has it.
  static constexpr char mark = '\x1e';

  explicit launcher_line(std::string token) : token_(std::move(token)) {}

  /// None where rankrun has not started this process, or can do without.
  static std::optional<launcher_line> of_process() {
    const char* const token = std::getenv(variable);
    if (token == nullptr || *token == '\0') return std::nullopt;
    return launcher_line(token);
  }

  /// Says `words`, which are one line. Whole lines of several threads and ranks do not mix.
  void say(std::string_view words) const {
    std::string line = mark + token_ + ' ';
    line.append(words).append("\n");
    // Nothing can be done where stderr is gone.
    [[maybe_unused]] const auto written = ::write(STDERR_FILENO, line.data(), line.size());
  }

 private:
  std::string token_;
};

/// What stands in such a line, before what it is about.
namespace launcher_words {

inline constexpr std::string_view starting = "starting";      ///< RANK HOST: again and again
inline constexpr std::string_view joined = "joined";          ///< RANKS: all are there
inline constexpr std::string_view lost = "lost";              ///< it ends because a rank was lost
inline constexpr std::string_view last_words = "last-words";  ///< TEXT: should it be ended now
inline constexpr std::string_view outcome = "outcome";        ///< STATUS: the root ends with it

}  // namespace launcher_words

}  // namespace rankwise
