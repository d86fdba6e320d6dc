// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/engine/call/root_call.hpp>

#include <cstddef>
#include <cstdint>

namespace rankwise::engine {

/// A call whose items come one by one, for as long as the job lasts. It lives in the root.
class open_call : public root_call {
 public:
  open_call() { keep_failures(); }

  /// At its beginning.
  std::uint64_t n_items() const override { return 0; }

  bool is_open() const override { return true; }

  /// The job is over: nobody waits for its items any more.
  virtual void end() = 0;

  /// An item was cancelled, in whatever state it was.
  virtual void on_cancel_asked(std::uint64_t index) = 0;

  /// Whether somebody has been told of the failure of an item.
  virtual bool is_heard(std::uint64_t index) const = 0;

  /// Among the open calls of the root.
  std::size_t place() const { return place_; }

  void set_place(std::size_t place) { place_ = place; }

 private:
  std::size_t place_ = 0;
};

}  // namespace rankwise::engine
