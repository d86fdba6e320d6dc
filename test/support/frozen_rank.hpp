// SPDX-License-Identifier: MIT
#pragma once

#include "in_process_job.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <exception>
#include <string>
#include <thread>

/// What tests with ranks that freeze share.
namespace rankwise::test {

/// Longer than a rank of an in_process_job may be silent.
inline constexpr std::chrono::milliseconds freeze_time{1800};

/// Waits until `condition()` is true, for `longest` at most, and returns whether it has become
/// true.
template <class Condition>
bool comes_true(const Condition& condition,
                std::chrono::milliseconds longest = std::chrono::seconds(5)) {
  const auto begun = std::chrono::steady_clock::now();
  while (!condition()) {
    if (std::chrono::steady_clock::now() - begun > longest) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

/// Waits until rank 2, which was frozen, has joined again `n_times`, and returns whether it has.
inline bool is_rank_2_back(const in_process_job& job, std::ptrdiff_t n_times = 1) {
  return comes_true(
      [&] { return std::ranges::count(job.notices(), "rank 2 on here is back") >= n_times; },
      std::chrono::seconds(60));
}

/// The text of what `work` throws; empty if it throws nothing.
template <class Work>
std::string thrown_by(const Work& work) {
  try {
    work();
  } catch (const std::exception& error) {
    return error.what();
  }
  return {};
}

inline bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace rankwise::test
