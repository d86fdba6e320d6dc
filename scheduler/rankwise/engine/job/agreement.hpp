// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/types.hpp>
#include <rankwise/engine/call/task_threw.hpp>
#include <rankwise/error.hpp>
#include <rankwise/wire/buffer.hpp>
#include <rankwise/wire/codec.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace rankwise::engine {

/// What all ranks of a collective call must have written alike. Travels as its bytes.
struct collective_form {
  std::array<char, 24> call{};   ///< its name
  std::uint64_t everywhere = 0;  ///< 1: its results come to all ranks
  std::uint64_t n_items = 0;

  collective_form(std::string_view name, bool results_everywhere, std::uint64_t n)
      : everywhere(results_everywhere ? 1 : 0), n_items(n) {
    std::copy_n(name.begin(), std::min(name.size(), call.size() - 1), call.begin());
  }

  collective_form() = default;

  friend bool operator==(const collective_form&, const collective_form&) = default;

  std::string text() const {
    return fmt::format("rankwise::{}{} of {} {}",
                       call.data(),
                       everywhere != 0 ? ", results everywhere," : "",
                       n_items,
                       n_items == 1 ? "input" : "inputs");
  }
};

/// Refuses ranks that have come together in different calls.
///
/// Local: every rank comes to the same answer from the same table.
/// Throws: config_error, naming the first rank that differs from rank 0, and both calls.
inline void require_same_call(const std::vector<collective_form>& forms) {
  const auto other = std::find_if(
      forms.begin(), forms.end(), [&](const auto& form) { return form != forms.front(); });
  if (other == forms.end()) return;
  throw config_error(fmt::format(
      "found {} on rank {} and {} on rank 0, accepted: the same call, with the same inputs, on all "
      "ranks of the communicator",
      other->text(),
      other - forms.begin(),
      forms.front().text()));
}

/// How a job has ended on rank 0, for the other ranks.
struct job_outcome {
  enum kind : std::uint8_t { done, task, configuration, lost_rank, journal, other };

  std::uint8_t what = done;
  std::string text;
  std::vector<task_failure> failures;
  std::uint64_t n_items = 0;
};

/// The outcome of a job that threw `failure` on rank 0; of one that is done where there is none.
inline job_outcome outcome_of(const std::exception_ptr& failure, const std::string& host) {
  if (!failure) return {};
  const auto as = [](job_outcome::kind what, const std::exception& error) {
    return job_outcome{what, error.what(), {}, 0};
  };
  try {
    std::rethrow_exception(failure);
  } catch (const task_error& error) {
    return {job_outcome::task, {}, error.failures(), error.n_items()};
  } catch (const config_error& error) {
    return as(job_outcome::configuration, error);
  } catch (const rank_lost& error) {
    return as(job_outcome::lost_rank, error);
  } catch (const journal_error& error) {
    return as(job_outcome::journal, error);
  } catch (...) {
    return {
        job_outcome::other, fmt::format("rank 0 ({}): {}", host, describe_exception().text), {}, 0};
  }
}

/// What another rank throws where rank 0 has ended so; null where the job is done.
inline std::exception_ptr failure_of(const job_outcome& outcome) {
  switch (outcome.what) {
    case job_outcome::done:
      return nullptr;
    case job_outcome::task:
      return std::make_exception_ptr(task_error(outcome.failures, outcome.n_items));
    case job_outcome::configuration:
      return std::make_exception_ptr(config_error(outcome.text));
    case job_outcome::lost_rank:
      return std::make_exception_ptr(rank_lost(outcome.text));
    case job_outcome::journal:
      return std::make_exception_ptr(journal_error(outcome.text));
    default:
      return std::make_exception_ptr(root_failed(outcome.text));
  }
}

inline wire::bytes encode_outcome(const job_outcome& outcome) {
  wire::bytes out;
  wire::encoder<job_outcome>(out).put(outcome);
  return out;
}

/// Throws: decode_error where the bytes are no outcome.
inline job_outcome decode_outcome(std::span<const std::byte> bytes) {
  return wire::decoder<job_outcome>(bytes).get();
}

}  // namespace rankwise::engine
