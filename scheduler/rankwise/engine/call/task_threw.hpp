// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/types.hpp>
#include <rankwise/error.hpp>

#include <fmt/core.h>

#include <chrono>
#include <exception>
#include <string>

namespace rankwise::engine {

/// A task's exception on its way out of the task.
struct task_threw {
  std::string text;
  bool is_configuration = false;
};

/// The exception under way, in words. To be called in a catch block.
inline task_threw describe_exception() {
  try {
    throw;
  } catch (const config_error& error) {
    return {error.what(), true};
  } catch (const std::exception& error) {
    return {error.what()};
  } catch (...) {
    return {"an exception that is not a std::exception"};
  }
}

/// What becomes of a task that has taken longer than `limit`.
inline task_threw took_too_long(core::duration limit) {
  return {fmt::format("it took longer than {:.3g} s (--task-limit)",
                      std::chrono::duration<double>(limit).count())};
}

}  // namespace rankwise::engine
