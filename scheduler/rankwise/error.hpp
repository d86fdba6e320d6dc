// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace rankwise {

/// The exit statuses of a program that runs through `rankwise::run`.
enum class exit_status : int {
  success = 0,
  failed_items = 1,       ///< `task_error`: tasks threw, or were given up
  bad_configuration = 2,  ///< `config_error`: an option, a file or a set-up that can't be used
  failed_job = 3          ///< any other exception that left the body: the job could not go on
};

/// A flag, file or set-up that can't be used. The message names where it stands (file:line or
/// option), what was found and what is accepted. Ends a program that runs through `rankwise::run`
/// with status 2.
class config_error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// One task that threw.
struct task_failure {
  std::uint64_t index = 0;        ///< the place of the item in the inputs of the call
  std::int32_t rank = 0;          ///< the rank that the task ran on
  std::string host;               ///< the host of that rank
  std::string text;               ///< `what()` of the exception, as it was thrown there
  bool is_configuration = false;  ///< the task threw a `config_error`
};

/// Some tasks of a call threw. `what()` holds the text, index, rank and host of each (of the first
/// ten).
class task_error : public std::runtime_error {
 public:
  explicit task_error(std::vector<task_failure> failures, std::uint64_t n_items)
      : std::runtime_error(describe(failures, n_items)),
        failures_(std::move(failures)),
        n_items_(n_items) {}

  /// The failures, in ascending order of index; never empty.
  const std::vector<task_failure>& failures() const noexcept { return failures_; }

  /// How many items the call had.
  std::uint64_t n_items() const noexcept { return n_items_; }

  /// True if some task threw a config_error.
  bool is_configuration() const noexcept {
    return std::any_of(failures_.begin(), failures_.end(), [](const task_failure& failure) {
      return failure.is_configuration;
    });
  }

 private:
  static std::string describe(const std::vector<task_failure>& failures, std::uint64_t n_items);

  std::vector<task_failure> failures_;
  std::uint64_t n_items_ = 0;
};

/// Thrown where the result of a task is asked for that was cancelled.
class task_cancelled : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Thrown by a call that can't go on without a rank that was lost.
class rank_lost : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Thrown by a call whose results can't be written to the journal. The message names the journal's
/// file, and what is wrong.
class journal_error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Thrown on the other ranks of a collective call if rank 0 throws what is none of the exceptions
/// above: its text, after the rank and host that it comes from.
class root_failed : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// An MPI call that failed.
class mpi_error : public std::runtime_error {
 public:
  mpi_error(const std::string& call, int code, const std::string& text)
      : std::runtime_error(call + " failed with code " + std::to_string(code) + ": " + text),
        code_(code) {}

  int code() const noexcept { return code_; }

 private:
  int code_;
};

inline std::string task_error::describe(const std::vector<task_failure>& failures,
                                        std::uint64_t n_items) {
  constexpr std::size_t shown_at_most = 10;
  std::string text = failures.size() == 1 ? std::string{}
                                          : std::to_string(failures.size()) + " of " +
                                                std::to_string(n_items) + " tasks failed:";
  for (std::size_t i = 0; i < failures.size() && i < shown_at_most; ++i) {
    const task_failure& failure = failures[i];
    if (!text.empty()) text += "\n  ";
    text += "task " + std::to_string(failure.index) + " failed on rank " +
            std::to_string(failure.rank) + " (" + failure.host + "): " + failure.text;
  }
  if (failures.size() > shown_at_most)
    text += "\n  ... and " + std::to_string(failures.size() - shown_at_most) + " more";
  return text;
}

}  // namespace rankwise
