// SPDX-License-Identifier: MIT
#include "inference/execute/executor.hpp"

#include <rankwise/error.hpp>

#include "inference/execute/buffer_plan.hpp"
#include "inference/execute/plain_operators.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <limits>
#include <new>
#include <stdexcept>
#include <string_view>
#include <utility>
#include <variant>
#include <xnnpack.h>

namespace rankwise::inference {

namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();

std::string_view name_of(xnn_status status) {
  switch (status) {
    case xnn_status_success:
      return "success";
    case xnn_status_uninitialized:
      return "not initialised";
    case xnn_status_invalid_parameter:
      return "invalid parameter";
    case xnn_status_invalid_state:
      return "invalid state";
    case xnn_status_unsupported_parameter:
      return "unsupported parameter";
    case xnn_status_unsupported_hardware:
      return "unsupported hardware";
    case xnn_status_out_of_memory:
      return "out of memory";
  }
  return "unknown status";
}

void initialize() {
  static const xnn_status status = xnn_initialize(nullptr);
  if (status != xnn_status_success)
    throw config_error(fmt::format("XNNPACK can't be used on this host: {}", name_of(status)));
}

struct free_memory {
  void operator()(float* memory) const { std::free(memory); }
};

struct delete_operator {
  void operator()(xnn_operator_t one) const { xnn_delete_operator(one); }
};

using operator_handle = std::unique_ptr<xnn_operator, delete_operator>;

/// [output channels, input channels, height, width] becomes [output channels, height, width, input
/// channels].
std::vector<float> input_channels_last(const weight& kernel) {
  const std::size_t n_outputs = kernel.shape[0];
  const std::size_t n_inputs = kernel.shape[1];
  const std::size_t n_places = kernel.shape[2] * kernel.shape[3];
  std::vector<float> moved(kernel.data.size());
  for (std::size_t out = 0; out < n_outputs; ++out) {
    for (std::size_t in = 0; in < n_inputs; ++in) {
      for (std::size_t place = 0; place < n_places; ++place)
        moved[(out * n_places + place) * n_inputs + in] =
            kernel.data[(out * n_inputs + in) * n_places + place];
    }
  }
  return moved;
}

}  // namespace

class executor::state {
 public:
  explicit state(const graph& part) {
    initialize();
    const buffer_plan buffers = plan_buffers(part, XNN_EXTRA_BYTES);
    constexpr std::size_t alignment = 64;
    memory_.reset(static_cast<float*>(
        std::aligned_alloc(alignment, std::max<std::size_t>(buffers.n_bytes, alignment))));
    if (!memory_) throw std::bad_alloc();
    std::memset(memory_.get(), 0, buffers.n_bytes);
    for (const std::size_t at : buffers.at) at_.push_back(memory_.get() + at / sizeof(float));
    for (const std::uint32_t value : part.inputs) inputs_.push_back(place_of(part, value));
    for (const std::uint32_t value : part.outputs) outputs_.push_back(place_of(part, value));
    for (const operator_node& node : part.operators) {
      std::visit([&](const auto& what) { add(part, node, what); }, node.what);
    }
  }

  std::size_t n_inputs() const { return n_of(inputs_); }

  std::size_t n_outputs() const { return n_of(outputs_); }

  void run(std::span<const float> inputs, std::span<float> outputs) {
    if (inputs.size() != n_inputs() || outputs.size() != n_outputs())
      throw std::invalid_argument(fmt::format("{} inputs and {} outputs; accepted: {} and {}",
                                              inputs.size(),
                                              outputs.size(),
                                              n_inputs(),
                                              n_outputs()));
    for (const std::span<float> place : inputs_) {
      std::copy_n(inputs.begin(), place.size(), place.begin());
      inputs = inputs.subspan(place.size());
    }
    for (const auto& step : steps_) step();
    for (const std::span<float> place : outputs_) {
      std::copy(place.begin(), place.end(), outputs.begin());
      outputs = outputs.subspan(place.size());
    }
  }

  void time(std::span<double> seconds) {
    using clock = std::chrono::steady_clock;
    for (const std::span<float> place : inputs_) {  // later values may lie where they were
      for (std::size_t i = 0; i < place.size(); ++i) place[i] = static_cast<float>(i % 7) - 3;
    }
    clock::time_point begun = clock::now();
    for (std::size_t i = 0; i < steps_.size(); ++i) {
      steps_[i]();
      const clock::time_point ended = clock::now();
      seconds[i] = std::min(seconds[i], std::chrono::duration<double>(ended - begun).count());
      begun = ended;
    }
  }

 private:
  static std::size_t n_of(const std::vector<std::span<float>>& places) {
    std::size_t n = 0;
    for (const std::span<float> place : places) n += place.size();
    return n;
  }

  std::span<float> place_of(const graph& part, std::uint32_t value) const {
    return {at_[value], static_cast<std::size_t>(n_elements(part.values[value].shape))};
  }

  [[noreturn]] static void refuse(const operator_node& node, std::string_view why) {
    throw config_error(fmt::format("operator '{}': {}", node.name, why));
  }

  static void check(const operator_node& node, xnn_status status) {
    if (status != xnn_status_success)
      refuse(node, fmt::format("XNNPACK refuses it: {}", name_of(status)));
  }

  /// XNNPACK wants room between the limits.
  static bool has_room(const operator_node& node) { return node.low < node.high; }

  static float low_of(const operator_node& node) { return has_room(node) ? node.low : -infinity; }

  static float high_of(const operator_node& node) { return has_room(node) ? node.high : infinity; }

  void add_step(const operator_node& node, operator_handle one, std::span<float> output) {
    xnn_operator_t handle = operators_.emplace_back(std::move(one)).get();
    const auto run = [handle] { xnn_run_operator(handle, nullptr); };
    if (has_room(node)) {
      steps_.emplace_back(run);
    } else {
      steps_.emplace_back([run, output, low = node.low, high = node.high] {
        run();
        plain::clamp(low, high, output.data(), output);
      });
    }
  }

  template <class Run>
  void add_plain_step(const operator_node& node, Run run, std::span<float> output) {
    if (node.low == -infinity && node.high == infinity) {
      steps_.emplace_back(run);
    } else {
      steps_.emplace_back([run, output, low = node.low, high = node.high] {
        run();
        plain::clamp(low, high, output.data(), output);
      });
    }
  }

  void add(const graph& part, const operator_node& node, const convolution& what) {
    const weight& kernel = part.weights[node.weights];
    const image_shape in = shape_of(part.values[node.inputs[0]]);
    const window& over = what.over;
    const std::vector<float> moved = input_channels_last(kernel);
    const float* const bias =
        node.bias == no_weight ? nullptr : part.weights[node.bias].data.data();
    const std::size_t n_outputs = kernel.shape[0];
    xnn_operator_t made = nullptr;
    check(node,
          xnn_create_convolution2d_nhwc_f32(over.pad_top,
                                            over.pad_right,
                                            over.pad_bottom,
                                            over.pad_left,
                                            over.kernel_height,
                                            over.kernel_width,
                                            over.stride_height,
                                            over.stride_width,
                                            over.dilation_height,
                                            over.dilation_width,
                                            what.groups,
                                            kernel.shape[1],
                                            n_outputs / what.groups,
                                            in.channels,
                                            n_outputs,
                                            moved.data(),
                                            bias,
                                            low_of(node),
                                            high_of(node),
                                            0,
                                            &made));
    operator_handle one(made);
    check(node,
          xnn_setup_convolution2d_nhwc_f32(
              made, 1, in.height, in.width, at_[node.inputs[0]], at_[node.output], nullptr));
    add_step(node, std::move(one), place_of(part, node.output));
  }

  void add(const graph& part, const operator_node& node, const max_pooling& what) {
    const image_shape in = shape_of(part.values[node.inputs[0]]);
    const image_shape out = shape_of(part.values[node.output]);
    const float* const from = at_[node.inputs[0]];
    float* const to = at_[node.output];
    add_plain_step(
        node, [=] { plain::maximum(what, in, out, from, to); }, place_of(part, node.output));
  }

  void add(const graph& part, const operator_node& node, const average_pooling& what) {
    const image_shape in = shape_of(part.values[node.inputs[0]]);
    const image_shape out = shape_of(part.values[node.output]);
    const float* const from = at_[node.inputs[0]];
    float* const to = at_[node.output];
    add_plain_step(
        node, [=] { plain::average(what, in, out, from, to); }, place_of(part, node.output));
  }

  void add(const graph& part, const operator_node& node, const global_average_pooling& /*what*/) {
    const image_shape in = shape_of(part.values[node.inputs[0]]);
    xnn_operator_t made = nullptr;
    check(node,
          xnn_create_global_average_pooling_nwc_f32(
              in.channels, in.channels, in.channels, low_of(node), high_of(node), 0, &made));
    operator_handle one(made);
    check(node,
          xnn_setup_global_average_pooling_nwc_f32(
              made, 1, in.n_pixels(), at_[node.inputs[0]], at_[node.output], nullptr));
    add_step(node, std::move(one), place_of(part, node.output));
  }

  void add(const graph& part, const operator_node& node, const addition& /*what*/) {
    const std::size_t n = place_of(part, node.output).size();
    xnn_operator_t made = nullptr;
    check(node, xnn_create_add_nd_f32(low_of(node), high_of(node), 0, &made));
    operator_handle one(made);
    check(node,
          xnn_setup_add_nd_f32(made,
                               1,
                               &n,
                               1,
                               &n,
                               at_[node.inputs[0]],
                               at_[node.inputs[1]],
                               at_[node.output],
                               nullptr));
    add_step(node, std::move(one), place_of(part, node.output));
  }

  void add(const graph& part, const operator_node& node, const concatenation& /*what*/) {
    const image_shape out = shape_of(part.values[node.output]);

    struct source {
      const float* from;
      std::size_t channels;
    };

    std::vector<source> sources;
    for (const std::uint32_t value : node.inputs)
      sources.push_back({at_[value], shape_of(part.values[value]).channels});
    const auto run = [sources, out, to = at_[node.output]] {
      float* at = to;
      for (std::size_t pixel = 0; pixel < out.n_pixels(); ++pixel) {
        for (const source& one : sources)
          at = std::copy_n(one.from + pixel * one.channels, one.channels, at);
      }
    };
    add_plain_step(node, run, place_of(part, node.output));
  }

  void add(const graph& part, const operator_node& node, const fully_connected& /*what*/) {
    const weight& kernel = part.weights[node.weights];
    const float* const bias =
        node.bias == no_weight ? nullptr : part.weights[node.bias].data.data();
    const std::size_t n_outputs = kernel.shape[0];
    const std::size_t n_inputs = kernel.shape[1];
    xnn_operator_t made = nullptr;
    check(node,
          xnn_create_fully_connected_nc_f32(n_inputs,
                                            n_outputs,
                                            n_inputs,
                                            n_outputs,
                                            kernel.data.data(),
                                            bias,
                                            low_of(node),
                                            high_of(node),
                                            0,
                                            &made));
    operator_handle one(made);
    check(
        node,
        xnn_setup_fully_connected_nc_f32(made, 1, at_[node.inputs[0]], at_[node.output], nullptr));
    add_step(node, std::move(one), place_of(part, node.output));
  }

  void add(const graph& part, const operator_node& node, const reshape& /*what*/) {
    const image_shape in = shape_of(part.values[node.inputs[0]]);
    const image_shape out = shape_of(part.values[node.output]);
    const std::span<float> to = place_of(part, node.output);
    const float* const from = at_[node.inputs[0]];
    const auto run = [=] {
      std::vector<float> first(to.size());
      plain::channels_first(in, from, first.data());
      plain::channels_last(out, first.data(), to.data());
    };
    add_plain_step(node, run, to);
  }

  void add(const graph& part, const operator_node& node, const softmax& /*what*/) {
    const std::size_t n = place_of(part, node.output).size();
    xnn_operator_t made = nullptr;
    check(node, xnn_create_softmax_nc_f32(n, n, n, 0, &made));
    operator_handle one(made);
    check(node, xnn_setup_softmax_nc_f32(made, 1, at_[node.inputs[0]], at_[node.output], nullptr));
    add_step(node, std::move(one), place_of(part, node.output));
    if (has_room(node) && (node.low != -infinity || node.high != infinity)) {  // it has no limits
      steps_.back() = [run = std::move(steps_.back()),
                       to = place_of(part, node.output),
                       low = node.low,
                       high = node.high] {
        run();
        plain::clamp(low, high, to.data(), to);
      };
    }
  }

  void add(const graph& part, const operator_node& node, const transposition& what) {
    const plain::dimension_walk walk(
        part.values[node.inputs[0]].shape, part.values[node.output].shape, what.order);
    const std::span<float> to = place_of(part, node.output);
    add_plain_step(
        node, [walk, from = at_[node.inputs[0]], to] { walk(from, to.data()); }, to);
  }

  void add(const graph& part, const operator_node& node, const padding& what) {
    const image_shape in = shape_of(part.values[node.inputs[0]]);
    const image_shape out = shape_of(part.values[node.output]);
    const std::span<float> to = place_of(part, node.output);
    add_plain_step(
        node, [=, from = at_[node.inputs[0]]] { plain::pad(what, in, out, from, to.data()); }, to);
  }

  void add(const graph& part, const operator_node& node, const clamping& /*what*/) {
    const std::span<float> to = place_of(part, node.output);
    steps_.emplace_back([to, from = at_[node.inputs[0]], low = node.low, high = node.high] {
      plain::clamp(low, high, from, to);
    });
  }

  std::unique_ptr<float, free_memory> memory_;
  std::vector<float*> at_;  // of each value
  std::vector<std::span<float>> inputs_;
  std::vector<std::span<float>> outputs_;
  std::vector<operator_handle> operators_;
  std::vector<std::function<void()>> steps_;
};

executor::executor(const graph& part) : state_(std::make_unique<state>(part)) {}

executor::executor(executor&&) noexcept = default;
executor& executor::operator=(executor&&) noexcept = default;
executor::~executor() = default;

std::size_t executor::n_inputs() const {
  return state_->n_inputs();
}

std::size_t executor::n_outputs() const {
  return state_->n_outputs();
}

void executor::run(std::span<const float> inputs, std::span<float> outputs) {
  state_->run(inputs, outputs);
}

void executor::time(std::span<double> seconds) {
  state_->time(seconds);
}

}  // namespace rankwise::inference
