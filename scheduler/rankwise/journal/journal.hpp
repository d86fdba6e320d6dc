// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/types.hpp>
#include <rankwise/wire/buffer.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace rankwise::observe {

/// A call of the body, as it can be told from others.
struct journal_call {
  std::uint32_t number = 0;  ///< of the journaled calls of the body, from 1
  std::string name;          ///< as the user made it: "pool::map"
  std::string task;          ///< the name of the task's type
  std::uint64_t n_items = 0;
  std::uint64_t digest = 0;  ///< of the call's type, the task's members, the seed and the streams
  std::uint64_t digest_of_old = 0;  ///< when all calls had the same random streams; 0: the same
};

/// Items of a call that are done.
struct journal_result {
  std::uint32_t call = 0;
  core::item_range items;
  std::uint64_t inputs = 0;  ///< digest of their inputs
  std::int32_t rank = 0;
  double task_s = 0;         ///< that they took together
  wire::bytes payload = {};  ///< their results, as they travel
};

/// A task that threw, or was given up.
struct journal_failure {
  std::uint32_t call = 0;
  std::uint64_t item = 0;
  std::int32_t rank = 0;
  std::string host = {};
  std::string text = {};
  bool is_configuration = false;
  bool is_final = true;  ///< else the item is tried again
};

/// Where the root writes down what is done, so that another job can go on from there. What is added
/// is kept in the order in which it was added, within a moment; `flush` waits for that.
///
/// Any thread may call it.
class journal {
 public:
  journal() = default;
  journal(const journal&) = delete;
  journal& operator=(const journal&) = delete;
  journal(journal&&) = delete;
  journal& operator=(journal&&) = delete;
  virtual ~journal() = default;

  /// For people.
  virtual const std::string& file() const = 0;

  /// Another job may have gone before.
  virtual bool is_resumed() const = 0;

  /// `call` is under way from now on.
  ///
  /// Throws: config_error, naming it, where the journal holds another one under its number.
  virtual void begin(const journal_call& call) = 0;

  /// Gives what it holds of a call to `take`, in the order of the items.
  ///
  /// Throws: config_error where the file is damaged, and what `take` throws.
  virtual void read_results(
      std::uint32_t call,
      const std::function<void(const journal_result&, std::span<const std::byte>)>& take) = 0;

  /// The failures of a call that nothing has made good since; none where they are to be tried
  /// again.
  virtual std::vector<journal_failure> read_failures(std::uint32_t call) = 0;

  virtual void add(journal_result done) = 0;

  virtual void add(journal_failure failed) = 0;

  /// What `read_results` gave as `items`, together, counts no more.
  virtual void forget(std::uint32_t call, core::item_range items) = 0;

  /// So much waits to be written that nothing more should be handed out. Asked often.
  virtual bool is_behind() const = 0;

  /// What was added can't be kept: `flush` says why. Asked often.
  virtual bool is_broken() const = 0;

  /// Waits until all that was added is safe from a loss of power.
  ///
  /// Throws: journal_error where there is a problem.
  virtual void flush() = 0;

  /// The job is over. `outcome` is for people.
  virtual void end(const std::string& outcome) = 0;
};

}  // namespace rankwise::observe
