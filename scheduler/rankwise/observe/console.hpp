// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/types.hpp>
#include <rankwise/observe/background_writer.hpp>
#include <rankwise/observe/progress.hpp>
#include <rankwise/observe/summary.hpp>
#include <rankwise/observe/watcher.hpp>
#include <rankwise/options.hpp>
#include <rankwise/process/launcher.hpp>
#include <rankwise/statistics.hpp>

#include <fmt/core.h>

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <sys/ioctl.h>
#include <system_error>
#include <unistd.h>

namespace rankwise::observe {

/// Returns the width of the terminal that stderr ends at; none if it ends at none. Under mpirun it
/// is a pipe, and the launcher says in RANKWISE_TERMINAL how many columns the terminal behind it
/// has.
inline std::optional<std::size_t> terminal_columns() {
  const std::string told = launch_environment::of_process().value("RANKWISE_TERMINAL");
  if (const std::size_t columns = std::strtoul(told.c_str(), nullptr, 10); columns != 0)
    return columns;
  winsize size{};
  if (::isatty(STDERR_FILENO) == 0) return std::nullopt;
  constexpr std::size_t usual_columns = 80;
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col != 0 ? size.ws_col
                                                                            : usual_columns;
}

/// Shows how the job goes, on the root: progress on stderr, and the summary at the end, which goes
/// to stdout if it is JSON. Nobody waits for a stderr that is not read but the destructor of this.
class console final : public watcher {
 public:
  explicit console(const options& how)
      : how_(how),
        columns_(terminal_columns()),
        progress_(how.quiet ? progress_mode::none : resolve(how.progress, columns_.has_value()),
                  columns_.value_or(80),
                  [this](std::string_view text) { errors_.write_passing(text); }) {}

  void say(std::string_view text) { errors_.write(fmt::format("rankwise: {}\n", text)); }

  void update(const job_statistics& job, core::duration at) override { progress_.update(job, at); }

  bool show_now(const job_statistics& job) override { return progress_.show_now(job); }

  void notice(const std::string& text) override {
    if (how_.quiet) return;
    progress_.make_room();
    say(text);
  }

  void call_over(const job_statistics& job) override { progress_.end_call(job); }

  /// Shows the summary of a job that has ended well; of one without items it says nothing.
  ///
  /// Throws: system_error if a summary for standard output can't be written.
  void job_over(const job_statistics& job) {
    if (how_.quiet || job.calls == 0) return;
    if (how_.json) {
      if (!write(stdout, summary_json(job, how_.threads)))
        throw std::system_error(errno, std::generic_category(), "standard output");
    } else {
      std::fflush(stdout);
      errors_.write(summary_text(job, how_.threads));
    }
  }

 private:
  /// True if all is written.
  static bool write(std::FILE* stream, std::string_view text) {
    const bool is_taken = std::fwrite(text.data(), 1, text.size(), stream) == text.size();
    return std::fflush(stream) == 0 && is_taken;
  }

  background_writer errors_{STDERR_FILENO};
  options how_;
  std::optional<std::size_t> columns_;
  progress progress_;
};

}  // namespace rankwise::observe
