// SPDX-License-Identifier: MIT
// Threads of a body beside its own.
#pragma once

#include <rankwise/engine/rank/cannot_go_on.hpp>
#include <rankwise/transport/machine.hpp>

#include <exception>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

namespace rankwise::test {

class side_threads {
 public:
  explicit side_threads(transport::machine& machine) : machine_(machine) {}

  void start(std::function<void()> work) {
    threads_.push_back(machine_.start([this, work = std::move(work)] {
      try {
        work();
      } catch (const engine::cannot_go_on&) {
        broken_ = std::current_exception();
      }
    }));
  }

  /// Waits for all of them.
  ///
  /// Throws: cannot_go_on if one of them has.
  void join() {
    threads_.clear();
    if (broken_) std::rethrow_exception(broken_);
  }

 private:
  transport::machine& machine_;
  std::exception_ptr broken_;
  std::vector<std::unique_ptr<transport::machine::thread>> threads_;  // last: they use the others
};

}  // namespace rankwise::test
