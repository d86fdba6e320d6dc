// SPDX-License-Identifier: MIT
// The same loop by oneDNN's primitives, in the layouts that it prefers, on as many threads as asked
// for.
//   bench_onednn_loop MODEL IMAGES THREADS
#include "inference/model/onnx_reader.hpp"
#include "pipeline/loop.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <dnnl.hpp>
#include <exception>
#include <limits>
#include <omp.h>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

namespace {

namespace inference = rankwise::inference;
using tag = dnnl::memory::format_tag;
using dims = dnnl::memory::dims;

/// A whole model as a list of primitives; of MobileNetV2's operators.
class onednn_model {
 public:
  explicit onednn_model(const inference::graph& model) : model_(model) {
    values_.resize(model.values.size());
    const std::uint32_t input = model.inputs.front();
    input_ = dnnl::memory({shape_of(input), dnnl::memory::data_type::f32, tag::nhwc}, engine_);
    values_[input] = input_;
    for (const inference::operator_node& node : model.operators)
      std::visit([&](const auto& what) { add(what, node); }, node.what);
    const std::uint32_t output = model.outputs.front();
    output_ = dnnl::memory({shape_of(output), dnnl::memory::data_type::f32, tag::nc}, engine_);
    add_reorder(values_[output], output_);
  }

  /// Where a picture goes, channels last.
  float* input() { return static_cast<float*>(input_.get_data_handle()); }

  std::vector<float> run() {
    for (const auto& [primitive, arguments] : steps_) primitive.execute(stream_, arguments);
    stream_.wait();
    const auto* const first = static_cast<const float*>(output_.get_data_handle());
    return {first, first + output_.get_desc().get_size() / sizeof(float)};
  }

 private:
  using argument_list = std::unordered_map<int, dnnl::memory>;

  dims shape_of(std::uint32_t value) const {
    const std::vector<std::uint64_t>& shape = model_.values[value].shape;
    return {shape.begin(), shape.end()};
  }

  dnnl::memory::desc any(const dims& shape) const {
    return {shape, dnnl::memory::data_type::f32, tag::any};
  }

  /// Clamping as something that follows a primitive.
  static dnnl::primitive_attr attributes(const inference::operator_node& node) {
    dnnl::primitive_attr made;
    if (!std::isinf(node.low) || !std::isinf(node.high)) {
      constexpr float most = std::numeric_limits<float>::max();
      dnnl::post_ops after;
      after.append_eltwise(
          1, dnnl::algorithm::eltwise_clip, std::max(node.low, -most), std::min(node.high, most));
      made.set_post_ops(after);
    }
    return made;
  }

  void add_reorder(const dnnl::memory& from, const dnnl::memory& to) {
    steps_.emplace_back(dnnl::reorder(from, to),
                        argument_list{{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}});
  }

  /// `from` in the layout that a primitive wants.
  dnnl::memory laid_out(const dnnl::memory& from, const dnnl::memory::desc& wanted) {
    if (from.get_desc() == wanted) return from;
    dnnl::memory to(wanted, engine_);
    add_reorder(from, to);
    return to;
  }

  /// Weights are put into their layout once.
  dnnl::memory constant(const std::vector<float>& data,
                        const dims& shape,
                        tag layout,
                        const dnnl::memory::desc& wanted) {
    dnnl::memory given({shape, dnnl::memory::data_type::f32, layout}, engine_);
    std::copy(data.begin(), data.end(), static_cast<float*>(given.get_data_handle()));
    dnnl::memory kept(wanted, engine_);
    dnnl::reorder(given, kept).execute(stream_, given, kept);
    stream_.wait();
    return kept;
  }

  void add(const inference::convolution& what, const inference::operator_node& node) {
    const inference::weight& kernel = model_.weights[node.weights];
    const std::vector<float>& bias = model_.weights[node.bias].data;
    const inference::window& over = what.over;
    dims shape{kernel.shape.begin(), kernel.shape.end()};
    if (what.groups != 1)
      shape = {what.groups, shape[0] / what.groups, shape[1], shape[2], shape[3]};
    const dims bias_shape{static_cast<dnnl::memory::dim>(bias.size())};
    const dnnl::convolution_forward::desc described(
        dnnl::prop_kind::forward_inference,
        dnnl::algorithm::convolution_auto,
        any(shape_of(node.inputs[0])),
        any(shape),
        any(bias_shape),
        any(shape_of(node.output)),
        {over.stride_height, over.stride_width},
        {over.dilation_height - 1, over.dilation_width - 1},
        {over.pad_top, over.pad_left},
        {over.pad_bottom, over.pad_right});
    const dnnl::convolution_forward::primitive_desc chosen(described, attributes(node), engine_);
    values_[node.output] = dnnl::memory(chosen.dst_desc(), engine_);
    const dnnl::memory from = laid_out(values_[node.inputs[0]], chosen.src_desc());
    steps_.emplace_back(
        dnnl::convolution_forward(chosen),
        argument_list{{DNNL_ARG_SRC, from},
                      {DNNL_ARG_WEIGHTS,
                       constant(kernel.data,
                                shape,
                                what.groups == 1 ? tag::oihw : tag::goihw,
                                chosen.weights_desc())},
                      {DNNL_ARG_BIAS, constant(bias, bias_shape, tag::x, chosen.bias_desc())},
                      {DNNL_ARG_DST, values_[node.output]}});
  }

  void add(const inference::addition& /*what*/, const inference::operator_node& node) {
    const dnnl::memory left = values_[node.inputs[0]];
    const dnnl::memory right = laid_out(values_[node.inputs[1]], left.get_desc());
    values_[node.output] = dnnl::memory(left.get_desc(), engine_);
    const dnnl::binary::primitive_desc chosen(
        {dnnl::algorithm::binary_add, left.get_desc(), right.get_desc(), left.get_desc()},
        attributes(node),
        engine_);
    steps_.emplace_back(
        dnnl::binary(chosen),
        argument_list{
            {DNNL_ARG_SRC_0, left}, {DNNL_ARG_SRC_1, right}, {DNNL_ARG_DST, values_[node.output]}});
  }

  void add(const inference::global_average_pooling& /*what*/,
           const inference::operator_node& node) {
    const dnnl::memory from = values_[node.inputs[0]];
    const dims in = shape_of(node.inputs[0]);
    const dnnl::pooling_forward::primitive_desc chosen({dnnl::prop_kind::forward_inference,
                                                        dnnl::algorithm::pooling_avg,
                                                        from.get_desc(),
                                                        any({in[0], in[1], 1, 1}),
                                                        {1, 1},
                                                        {in[2], in[3]},
                                                        {0, 0},
                                                        {0, 0}},
                                                       engine_);
    const dnnl::memory image(chosen.dst_desc(), engine_);
    steps_.emplace_back(dnnl::pooling_forward(chosen),
                        argument_list{{DNNL_ARG_SRC, from}, {DNNL_ARG_DST, image}});
    values_[node.output] = as_row_or_image(image, node.output);
  }

  void add(const inference::reshape& /*what*/, const inference::operator_node& node) {
    values_[node.output] = as_row_or_image(values_[node.inputs[0]], node.output);
  }

  /// An image of one pixel is a row.
  dnnl::memory as_row_or_image(const dnnl::memory& image, std::uint32_t value) {
    if (shape_of(value).size() == 4) return image;
    dims shape = image.get_desc().dims();
    if (shape.size() == 4 && shape[2] * shape[3] != 1)
      throw std::runtime_error("the shape of an image is changed");
    const dnnl::memory plain(
        {shape, dnnl::memory::data_type::f32, shape.size() == 4 ? tag::nchw : tag::nc}, engine_);
    add_reorder(image, plain);
    return {
        {shape_of(value), dnnl::memory::data_type::f32, tag::nc}, engine_, plain.get_data_handle()};
  }

  void add(const inference::fully_connected& /*what*/, const inference::operator_node& node) {
    const inference::weight& kernel = model_.weights[node.weights];
    const dims shape{kernel.shape.begin(), kernel.shape.end()};
    const std::vector<float> bias = node.bias == inference::no_weight
                                        ? std::vector<float>(kernel.shape[0])
                                        : model_.weights[node.bias].data;
    const dims bias_shape{shape[0]};
    const dnnl::inner_product_forward::primitive_desc chosen({dnnl::prop_kind::forward_inference,
                                                              any(shape_of(node.inputs[0])),
                                                              any(shape),
                                                              any(bias_shape),
                                                              any(shape_of(node.output))},
                                                             attributes(node),
                                                             engine_);
    values_[node.output] = dnnl::memory(chosen.dst_desc(), engine_);
    const dnnl::memory from = laid_out(values_[node.inputs[0]], chosen.src_desc());
    steps_.emplace_back(
        dnnl::inner_product_forward(chosen),
        argument_list{
            {DNNL_ARG_SRC, from},
            {DNNL_ARG_WEIGHTS, constant(kernel.data, shape, tag::oi, chosen.weights_desc())},
            {DNNL_ARG_BIAS, constant(bias, bias_shape, tag::x, chosen.bias_desc())},
            {DNNL_ARG_DST, values_[node.output]}});
  }

  void add(const inference::softmax& /*what*/, const inference::operator_node& node) {
    const dnnl::memory from = values_[node.inputs[0]];
    values_[node.output] = dnnl::memory(from.get_desc(), engine_);
    const dnnl::softmax_forward::primitive_desc chosen(
        {dnnl::prop_kind::forward_inference, from.get_desc(), 1}, engine_);
    steps_.emplace_back(dnnl::softmax_forward(chosen),
                        argument_list{{DNNL_ARG_SRC, from}, {DNNL_ARG_DST, values_[node.output]}});
  }

  template <class Other>
  void add(const Other& /*what*/, const inference::operator_node& node) {
    throw std::runtime_error(node.name + ": an operator that MobileNetV2 does not have");
  }

  const inference::graph& model_;
  dnnl::engine engine_{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream_{engine_};
  std::vector<dnnl::memory> values_;
  dnnl::memory input_;
  dnnl::memory output_;
  std::vector<std::pair<dnnl::primitive, argument_list>> steps_;
};

void run(const std::string& file, std::uint32_t n_images, int n_threads) {
  omp_set_num_threads(n_threads);
  const inference::graph read = inference::read_onnx_file(file);
  onednn_model model(read);
  const bench::to_floats convert;
  const bench::classify classify = [&](const std::vector<std::uint8_t>& picture) {
    convert(picture, model.input());
    return model.run();
  };
  const std::size_t n_bytes = inference::n_elements(read.values[read.inputs.front()].shape);
  bench::loop(classify, n_bytes, 10);  // warm
  bench::print_loops({bench::loop(classify, n_bytes, n_images)}, n_images);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (argc != 4) throw std::runtime_error("accepted: MODEL IMAGES THREADS");
    run(argv[1], static_cast<std::uint32_t>(std::stoul(argv[2])), std::stoi(argv[3]));
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "bench_onednn_loop: {}\n", error.what());
    return 3;
  }
}
