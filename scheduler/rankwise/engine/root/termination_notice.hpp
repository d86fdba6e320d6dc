// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/types.hpp>
#include <rankwise/process/launcher.hpp>
#include <rankwise/process/termination.hpp>

#include <fmt/core.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace rankwise::engine {

/// What the root says of a call where the job is ended from outside: while it lives, `termination`
/// says when words are wanted. Between SIGTERM and SIGKILL there may be no time at all: rankrun,
/// where it has started this job, hears the words before, and says them.
class termination_notice {
 public:
  /// Asked often, by whoever polls; `describe()` makes the words.
  template <class Describe>
  void look(core::duration at, Describe describe) {
    if (termination::asks_for_words()) {
      prepared_at_ = at;
      const std::string words = describe();
      const bool is_told = tell_launcher(words);
      termination::prepare(is_told ? std::string() : words + "\n");
    }
    if (prepared_at_ && at - *prepared_at_ > std::chrono::seconds(3)) {
      termination::forget();  // the job goes on: somebody has stopped it for a while
      tell_launcher({});
      prepared_at_.reset();
    }
  }

  /// Whether the job may be ended at any moment, with those words.
  bool are_prepared() const { return prepared_at_.has_value(); }

 private:
  /// Returns whether there is one, and it can be told.
  static bool tell_launcher(std::string_view words) {
    const std::optional<launcher_line> launcher = launcher_line::of_process();
    return launcher &&
           launcher->say_now(fmt::format("{} {}", launcher_words::termination_notice, words));
  }

  std::optional<core::duration> prepared_at_;
};

}  // namespace rankwise::engine
