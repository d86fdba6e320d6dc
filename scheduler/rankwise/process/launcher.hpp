// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/process/write_now.hpp>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unistd.h>
#include <utility>
#include <vector>

namespace rankwise {

/// The part of this process's environment that its launcher has made for it alone. It is taken out
/// of there: a program that this process starts would take itself for a rank of the job.
class launch_environment {
 public:
  /// What rankrun sets for a process.
  static constexpr std::array<const char*, 3> rankrun_variables{
      "RANKWISE_LAUNCHER", "RANKWISE_RESUME", "RANKWISE_TERMINAL"};

  /// Takes the variables of rankrun when it is called first; that is before `main` in programs that
  /// include `rankwise/run.hpp`.
  static const launch_environment& of_process() {
    static const launch_environment mine;
    return mine;
  }

  /// The variables of rankrun that there were.
  const std::map<std::string, std::string, std::less<>>& taken() const { return taken_; }

  /// The value of one of them; empty where there was none.
  std::string value(std::string_view name) const {
    const auto found = taken_.find(name);
    return found == taken_.end() ? std::string() : found->second;
  }

  /// The rank that an MPI launcher has given this process; none where nobody launched it.
  std::optional<int> rank() const { return rank_; }

  /// Whether a variable says to MPI which rank of which job a process is. Those that only inform,
  /// such as OMPI_COMM_WORLD_LOCAL_RANK, are none. (By OMPI_UNIVERSE_SIZE Open MPI's mpirun refuses
  /// to run inside a job.)
  static bool makes_a_rank(std::string_view name) {
    return (name.starts_with("PMIX_") && !name.starts_with("PMIX_MCA_")) ||
           name.starts_with("PMI_") || name.starts_with("OMPI_MCA_orte_") ||
           name.starts_with("OMPI_MCA_ess") || name == "OMPI_MCA_pmix" ||
           name == "OMPI_UNIVERSE_SIZE";
  }

  /// Takes those variables out of the environment, once MPI has been initialised and needs them no
  /// more.
  static void leave_rank() {
    std::vector<std::string> names;
    for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
      const std::string_view text = *entry;
      const std::string_view name = text.substr(0, text.find('='));
      if (makes_a_rank(name)) names.emplace_back(name);
    }
    for (const std::string& name : names) ::unsetenv(name.c_str());
  }

 private:
  launch_environment() {
    for (const char* const name : rankrun_variables) {
      if (const char* const value = std::getenv(name)) taken_.emplace(name, value);
      ::unsetenv(name);
    }
    // Open MPI, srun with PMIx; MPICH, srun. OMPI_COMM_WORLD_RANK stays behind in a rank's
    // children.
    for (const char* const name : {"PMIX_RANK", "PMI_RANK"}) {
      if (const char* const value = std::getenv(name); value != nullptr && !rank_)
        rank_ = std::atoi(value);
    }
  }

  std::map<std::string, std::string, std::less<>> taken_;
  std::optional<int> rank_;
};

/// What a rank tells rankrun, the launcher that started it: lines on stderr that begin with a mark,
/// rankrun's token and the speaker's process id, and that rankrun takes out. So they arrive from
/// any host, by the way that the launch made anyway.
///
/// rankrun offers it in the environment variable `variable` to programs whose file has
/// `program_mark` in it; such a job goes on where ranks are lost, and its outcome is what the root
/// says.
class launcher_line {
 public:
  /// The variable whose value is the token, and what follows it for `input_of_process`.
  static constexpr const char* variable = "RANKWISE_LAUNCHER";

  /// Stands in the file of a program that starts MPI and the job through `rankwise::run(argc, argv,
  /// ...)`. One that does so itself, and calls the collective form, is an MPI program like others.
  static constexpr const char* program_mark = "rankwise::run has rankrun know how the job goes";

  /// Leaves that mark in the file of the program that is compiled with it; not in
  /// rankwise::compiled, which programs of both kinds are linked with.
  static void leave_mark() {
    [[maybe_unused]] const char first = *static_cast<const volatile char*>(program_mark);
  }

  /// Stands before the token; no text has it.
  static constexpr char mark = '\x1e';

  explicit launcher_line(std::string token) : token_(std::move(token)) {}

  /// None where rankrun has not started this process, or can do without.
  static std::optional<launcher_line> of_process() {
    const std::string value = launch_environment::of_process().value(variable);
    const std::string token = value.substr(0, value.find('/'));
    if (token.empty()) return std::nullopt;
    return launcher_line(token);
  }

  /// What stands behind the token where rankrun sends standard input once rank 0 asks for it, and
  /// where its own is closed.
  static constexpr std::string_view input_on_demand = "/asked";
  static constexpr std::string_view input_closed = "/closed";

  /// One of them; empty where standard input comes as usual, or not at all.
  static std::string input_of_process() {
    const std::string value = launch_environment::of_process().value(variable);
    return value.substr(std::min(value.find('/'), value.size()));
  }

  /// Says `words`, which are one line. Whole lines of several threads and ranks do not mix.
  void say(std::string_view words) const {
    const std::string line = line_of(words);
    // Nothing can be done where stderr is gone.
    [[maybe_unused]] const auto written = ::write(STDERR_FILENO, line.data(), line.size());
  }

  /// The same where others wait for this thread: false where stderr has no room, since nobody reads
  /// it.
  bool say_now(std::string_view words) const {
    return observe::write_now(STDERR_FILENO, line_of(words));
  }

 private:
  std::string line_of(std::string_view words) const {
    std::string line = mark + token_ + ' ' + std::to_string(::getpid()) + ' ';
    line.append(words).append("\n");
    return line;
  }

  std::string token_;
};

/// What stands in such a line, before what it is about.
namespace launcher_words {

inline constexpr std::string_view present = "present";    ///< before `main`
inline constexpr std::string_view starting = "starting";  ///< RANK HOST: again and again
inline constexpr std::string_view input = "input";        ///< rank 0 reads standard input
inline constexpr std::string_view joined = "joined";      ///< RANKS: all are there
inline constexpr std::string_view lost = "lost";          ///< it ends because a rank was lost
inline constexpr std::string_view termination_notice =
    "termination-notice";                               ///< TEXT: should it be ended now
inline constexpr std::string_view outcome = "outcome";  ///< STATUS: the root ends with it

}  // namespace launcher_words

}  // namespace rankwise
