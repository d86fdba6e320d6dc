// SPDX-License-Identifier: MIT
#pragma once

#include "inference/graph.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace rankwise::inference {

/// A model, or some of its operators, ready to run on one thread, by XNNPACK.
///
/// Each operator computes the same bits wherever the model is cut: nothing is fused that is not one
/// operator in the graph. Images lie channels last.
class executor {
 public:
  /// Packs the weights of `part`, which is not needed afterwards.
  ///
  /// Throws: config_error, naming the operator, where one can't be run.
  explicit executor(const graph& part);

  executor(const executor&) = delete;
  executor& operator=(const executor&) = delete;
  executor(executor&&) noexcept;
  executor& operator=(executor&&) noexcept;
  ~executor();

  /// Floats that come in: the inputs of the graph, one after the other.
  std::size_t n_inputs() const;

  /// Floats that go out, likewise.
  std::size_t n_outputs() const;

  /// Computes the outputs.
  ///
  /// Shapes: inputs is [n_inputs()], outputs [n_outputs()].
  /// Throws: std::invalid_argument if they are not.
  void run(std::span<const float> inputs, std::span<float> outputs);

  /// Runs what the buffers hold, and adds to `seconds` what each operator took, where that is less
  /// than what stands there.
  ///
  /// Shapes: seconds is [operators of the graph].
  void time(std::span<double> seconds);

 private:
  class state;
  std::unique_ptr<state> state_;
};

}  // namespace rankwise::inference
