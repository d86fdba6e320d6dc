// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/error.hpp>

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

}  // namespace rankwise::engine
