// SPDX-License-Identifier: MIT
#include "inference/model/constant_folding.hpp"

#include "inference/model/dimension_order.hpp"
#include "inference/model/shape_changes.hpp"
#include "inference/model/shape_text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <map>
#include <numeric>
#include <utility>

namespace rankwise::inference {

namespace {

using shape_list = std::vector<std::uint64_t>;
using input_list = std::vector<const constant_tensor*>;

/// Of what may be larger than what it is made of: more would be no shape and no limit, but a trap.
constexpr std::uint64_t most_folded = std::uint64_t{1} << 24U;

const constant_tensor& needed(const onnx_node& node, const input_list& inputs, std::size_t place) {
  if (place >= inputs.size() || inputs[place] == nullptr)
    node.refuse(fmt::format("no input {}", place), "a constant");
  return *inputs[place];
}

const constant_tensor* optional_input(const input_list& inputs, std::size_t place) {
  return place < inputs.size() ? inputs[place] : nullptr;
}

void require_small(const onnx_node& node, const shape_list& shape) {
  std::uint64_t n = 1;
  for (const std::uint64_t size : shape) {
    if (size != 0 && n > most_folded / size)
      node.refuse(fmt::format("a constant of shape {}", text_of(shape)),
                  fmt::format("{} elements at most", most_folded));
    n *= size;
  }
}

/// Steps in memory from one place of each dimension to the next.
std::vector<std::int64_t> strides_of(const shape_list& shape) {
  std::vector<std::int64_t> strides(shape.size(), 1);
  for (std::size_t i = shape.size(); i-- > 1;)
    strides[i - 1] = strides[i] * static_cast<std::int64_t>(shape[i]);
  return strides;
}

/// Calls `use(place)` for each element of `shape`, in ONNX's order.
template <class Use>
void walk(const shape_list& shape,
          const std::vector<std::int64_t>& strides,
          std::int64_t begin,
          Use use) {
  std::vector<std::uint64_t> at(shape.size(), 0);
  std::int64_t place = begin;
  for (std::uint64_t left = n_elements(shape); left != 0; --left) {
    use(static_cast<std::size_t>(place));
    for (std::size_t i = shape.size(); i-- > 0;) {
      place += strides[i];
      if (++at[i] < shape[i]) break;
      place -= strides[i] * static_cast<std::int64_t>(shape[i]);
      at[i] = 0;
    }
  }
}

/// Elements of `from`, as `walk` goes over them.
constant_tensor taken(const constant_tensor& from,
                      shape_list shape,
                      const std::vector<std::int64_t>& strides,
                      std::int64_t begin) {
  constant_tensor result;
  walk(shape, strides, begin, [&](std::size_t place) {
    if (from.numbers.empty()) {
      result.floats.push_back(from.floats[place]);
    } else {
      result.numbers.push_back(from.numbers[place]);
    }
  });
  result.shape = std::move(shape);
  return result;
}

constant_tensor with_shape(const constant_tensor& from, shape_list shape) {
  return {std::move(shape), from.floats, from.numbers};
}

constant_tensor cast(const onnx_node& node, const input_list& inputs) {
  const constant_tensor& from = needed(node, inputs, 0);
  const std::int64_t to = node.number("to", 0);
  constant_tensor result{from.shape, {}, {}};
  if (to == onnx::TensorProto::FLOAT || to == onnx::TensorProto::DOUBLE) {
    result.floats = from.floats;
    for (const std::int64_t number : from.numbers)
      result.floats.push_back(static_cast<float>(number));
  } else if (to == onnx::TensorProto::INT64 || to == onnx::TensorProto::INT32) {
    result.numbers = from.numbers;
    for (const float real : from.floats) {
      constexpr float most = 1e9F;
      if (!(std::abs(real) <= most))
        node.refuse(fmt::format("{} as a whole number", real), fmt::format("up to {}", most));
      result.numbers.push_back(static_cast<std::int64_t>(real));
    }
  } else {
    node.refuse(fmt::format("to {}", to), "FLOAT, DOUBLE, INT64, INT32");
  }
  return result;
}

constant_tensor concatenated(const onnx_node& node, const input_list& inputs) {
  shape_list shape = needed(node, inputs, 0).shape;
  const auto axis = static_cast<std::size_t>(node.from_front(node.number("axis", 1), shape.size()));
  std::uint64_t along = 0;
  bool has_floats = false;
  bool has_numbers = false;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const constant_tensor& one = needed(node, inputs, i);
    shape_list expected = shape;
    if (one.shape.size() == shape.size()) expected[axis] = one.shape[axis];
    if (one.shape != expected)
      node.refuse(fmt::format("constants of shapes {} and {}", text_of(shape), text_of(one.shape)),
                  "shapes that differ along the axis alone");
    along += one.shape[axis];
    has_floats = has_floats || !one.floats.empty();
    has_numbers = has_numbers || !one.numbers.empty();
  }
  if (has_floats && has_numbers)
    node.refuse("floats and whole numbers together", "constants of one kind");
  shape[axis] = along;
  require_small(node, shape);
  constant_tensor result;
  const std::uint64_t n_outer =
      n_elements({shape.begin(), shape.begin() + static_cast<std::ptrdiff_t>(axis)});
  for (std::uint64_t outer = 0; outer < n_outer; ++outer) {
    const auto add_chunk = [&](const auto& from, auto& to) {
      const auto n = static_cast<std::ptrdiff_t>(from.size() / n_outer);
      const auto begin = from.begin() + static_cast<std::ptrdiff_t>(outer) * n;
      to.insert(to.end(), begin, begin + n);
    };
    for (const constant_tensor* const one : inputs) {
      add_chunk(one->floats, result.floats);
      add_chunk(one->numbers, result.numbers);
    }
  }
  result.shape = std::move(shape);
  return result;
}

constant_tensor constant_of_shape(const onnx_node& node, const input_list& inputs) {
  shape_list shape;
  for (const std::int64_t size : whole_numbers(node, needed(node, inputs, 0), "a shape")) {
    if (size < 0) node.refuse(fmt::format("a size of {}", size), "0 or more");
    shape.push_back(static_cast<std::uint64_t>(size));
  }
  require_small(node, shape);
  constant_tensor value{{}, {0.0F}, {}};
  if (const onnx::TensorProto* const given = node.tensor("value"))
    value = read_tensor(*given, node.where());
  if (value.floats.size() + value.numbers.size() != 1)
    node.refuse(fmt::format("a value of shape {}", text_of(value.shape)), "one number");
  const auto n = static_cast<std::size_t>(n_elements(shape));
  constant_tensor result{std::move(shape), {}, {}};
  if (value.floats.empty()) {
    result.numbers.assign(n, value.numbers[0]);
  } else {
    result.floats.assign(n, value.floats[0]);
  }
  return result;
}

constant_tensor gathered(const onnx_node& node, const input_list& inputs) {
  const constant_tensor& from = needed(node, inputs, 0);
  const constant_tensor& indices = needed(node, inputs, 1);
  if (!indices.floats.empty()) node.refuse("indices that are floats", "whole numbers");
  const auto axis =
      static_cast<std::size_t>(node.from_front(node.number("axis", 0), from.shape.size()));
  const auto split = from.shape.begin() + static_cast<std::ptrdiff_t>(axis);
  shape_list shape(from.shape.begin(), split);
  shape.insert(shape.end(), indices.shape.begin(), indices.shape.end());
  shape.insert(shape.end(), split + 1, from.shape.end());
  require_small(node, shape);
  const std::uint64_t n_outer = n_elements({from.shape.begin(), split});
  const std::uint64_t n_inner = n_elements({split + 1, from.shape.end()});
  const auto n = static_cast<std::int64_t>(from.shape[axis]);
  constant_tensor result;
  for (std::uint64_t outer = 0; outer < n_outer; ++outer) {
    for (const std::int64_t index : indices.numbers) {
      if (index < -n || index >= n)
        node.refuse(fmt::format("index {} of {}", index, n), fmt::format("{} to {}", -n, n - 1));
      const auto place = static_cast<std::uint64_t>(index < 0 ? index + n : index);
      const std::uint64_t begin = (outer * from.shape[axis] + place) * n_inner;
      for (std::uint64_t i = begin; i < begin + n_inner; ++i) {
        if (from.numbers.empty()) {
          result.floats.push_back(from.floats[i]);
        } else {
          result.numbers.push_back(from.numbers[i]);
        }
      }
    }
  }
  result.shape = std::move(shape);
  return result;
}

constant_tensor sliced(const onnx_node& node, const input_list& inputs) {
  const constant_tensor& from = needed(node, inputs, 0);
  const auto list = [&](const char* attribute, int place) {
    return numbers_of(
        node, attribute, place, optional_input(inputs, static_cast<std::size_t>(place)));
  };
  const auto starts = list("starts", 1);
  const auto ends = list("ends", 2);
  if (!starts || !ends) node.refuse("no starts or no ends", "both");
  std::vector<std::int64_t> axes(starts->size());
  std::iota(axes.begin(), axes.end(), 0);
  if (const auto given = list("axes", 3)) axes = *given;
  const auto steps = list("steps", 4).value_or(std::vector<std::int64_t>(starts->size(), 1));
  if (ends->size() != starts->size() || axes.size() != starts->size() ||
      steps.size() != starts->size())
    node.refuse(fmt::format("{} starts, {} ends, {} axes, {} steps",
                            starts->size(),
                            ends->size(),
                            axes.size(),
                            steps.size()),
                "as many of each");
  shape_list shape = from.shape;
  std::vector<std::int64_t> strides = strides_of(from.shape);
  std::int64_t begin = 0;
  std::vector<bool> is_cut(shape.size());
  for (std::size_t i = 0; i < axes.size(); ++i) {
    const auto axis = static_cast<std::size_t>(node.from_front(axes[i], shape.size()));
    const std::int64_t step = steps[i];
    constexpr std::int64_t most = std::numeric_limits<std::int32_t>::max();
    if (step == 0 || step < -most || step > most || is_cut[axis])
      node.refuse(fmt::format("step {} of axis {}", step, axis), "one cut of an axis, not by 0");
    is_cut[axis] = true;
    const auto n = static_cast<std::int64_t>(shape[axis]);
    const std::int64_t least = step > 0 ? 0 : -1;
    const auto place = [&](std::int64_t at) {
      return std::clamp(at < 0 ? std::max(at, -n - 1) + n : at, least, step > 0 ? n : n - 1);
    };
    const std::int64_t first = place((*starts)[i]);
    // An end before the front is where a cut backwards ends that takes all.
    const std::int64_t end = step < 0 && (*ends)[i] < -n ? -1 : place((*ends)[i]);
    const std::int64_t all =
        step > 0 ? (end - first + step - 1) / step : (first - end - step - 1) / -step;
    shape[axis] = static_cast<std::uint64_t>(std::max<std::int64_t>(all, 0));
    begin += std::max<std::int64_t>(first, 0) * strides[axis];
    strides[axis] *= step;
  }
  return taken(from, std::move(shape), strides, begin);
}

constant_tensor transposed(const onnx_node& node, const input_list& inputs) {
  const constant_tensor& from = needed(node, inputs, 0);
  const dimension_order order = order_of_transpose(node, from.shape.size());
  const std::vector<std::int64_t> strides = strides_of(from.shape);
  std::vector<std::int64_t> in_order;
  for (const std::uint32_t dimension : order) in_order.push_back(strides[dimension]);
  return taken(from, reordered(from.shape, order), in_order, 0);
}

/// Add, Sub, Mul, Div of two whole numbers.
std::int64_t computed(const onnx_node& node, std::int64_t left, std::int64_t right) {
  std::int64_t result = 0;
  bool is_too_large = false;
  if (node.type() == "Add") {
    is_too_large = __builtin_add_overflow(left, right, &result);
  } else if (node.type() == "Sub") {
    is_too_large = __builtin_sub_overflow(left, right, &result);
  } else if (node.type() == "Mul") {
    is_too_large = __builtin_mul_overflow(left, right, &result);
  } else {
    is_too_large = right == 0 || (right == -1 && left == std::numeric_limits<std::int64_t>::min());
    if (!is_too_large) result = left / right;
  }
  if (is_too_large)
    node.refuse(fmt::format("the whole numbers {} and {}", left, right), "a result of 64 bits");
  return result;
}

float computed(const onnx_node& node, float left, float right) {
  if (node.type() == "Add") return left + right;
  if (node.type() == "Sub") return left - right;
  if (node.type() == "Mul") return left * right;
  return left / right;
}

/// Two constants, the smaller one repeated over the larger one as in NumPy.
constant_tensor combined(const onnx_node& node, const input_list& inputs) {
  const constant_tensor& left = needed(node, inputs, 0);
  const constant_tensor& right = needed(node, inputs, 1);
  const bool are_floats = left.numbers.empty() && right.numbers.empty();
  if (!are_floats && !(left.floats.empty() && right.floats.empty()))
    node.refuse("floats and whole numbers together", "constants of one kind");
  const std::size_t n = std::max(left.shape.size(), right.shape.size());
  shape_list shape(n, 1);
  for (const constant_tensor* const one : {&left, &right}) {
    for (std::size_t i = 0; i < one->shape.size(); ++i) {
      std::uint64_t& size = shape[n - one->shape.size() + i];
      if (size != 1 && one->shape[i] != 1 && size != one->shape[i])
        node.refuse(
            fmt::format("constants of shapes {} and {}", text_of(left.shape), text_of(right.shape)),
            "shapes that fit each other");
      if (one->shape[i] != 1) size = one->shape[i];
    }
  }
  require_small(node, shape);
  const auto places = [&](const constant_tensor& of) {
    const std::vector<std::int64_t> own = strides_of(of.shape);
    std::vector<std::int64_t> strides(n, 0);
    for (std::size_t i = 0; i < own.size(); ++i)
      if (of.shape[i] != 1) strides[n - own.size() + i] = own[i];
    std::vector<std::size_t> all;
    walk(shape, strides, 0, [&](std::size_t place) { all.push_back(place); });
    return all;
  };
  const std::vector<std::size_t> of_left = places(left);
  const std::vector<std::size_t> of_right = places(right);
  constant_tensor result;
  for (std::size_t i = 0; i < of_left.size(); ++i) {
    if (are_floats) {
      result.floats.push_back(computed(node, left.floats[of_left[i]], right.floats[of_right[i]]));
    } else {
      result.numbers.push_back(
          computed(node, left.numbers[of_left[i]], right.numbers[of_right[i]]));
    }
  }
  result.shape = std::move(shape);
  return result;
}

constant_tensor reshaped_constant(const onnx_node& node, const input_list& inputs) {
  const constant_tensor& from = needed(node, inputs, 0);
  const auto target = whole_numbers(node, needed(node, inputs, 1), "a shape");
  return with_shape(from, reshaped(node, from.shape, target));
}

constant_tensor squeezed_constant(const onnx_node& node, const input_list& inputs) {
  const constant_tensor& from = needed(node, inputs, 0);
  return with_shape(
      from, squeezed(node, from.shape, numbers_of(node, "axes", 1, optional_input(inputs, 1))));
}

constant_tensor unsqueezed_constant(const onnx_node& node, const input_list& inputs) {
  const constant_tensor& from = needed(node, inputs, 0);
  return with_shape(
      from, unsqueezed(node, from.shape, numbers_of(node, "axes", 1, optional_input(inputs, 1))));
}

}  // namespace

const std::vector<std::string>& operators_of_constants() {
  static const std::vector<std::string> all{"ConstantOfShape", "Gather", "Slice"};
  return all;
}

std::optional<constant_tensor> folded(const onnx_node& node, const input_list& inputs) {
  using folding = constant_tensor (*)(const onnx_node&, const input_list&);
  static const std::map<std::string, folding> all{{"Add", combined},
                                                  {"Cast", cast},
                                                  {"Concat", concatenated},
                                                  {"ConstantOfShape", constant_of_shape},
                                                  {"Div", combined},
                                                  {"Gather", gathered},
                                                  {"Mul", combined},
                                                  {"Reshape", reshaped_constant},
                                                  {"Slice", sliced},
                                                  {"Squeeze", squeezed_constant},
                                                  {"Sub", combined},
                                                  {"Transpose", transposed},
                                                  {"Unsqueeze", unsqueezed_constant}};
  const auto found = all.find(node.type());
  if (found == all.end()) return std::nullopt;
  return found->second(node, inputs);
}

constant_tensor shape_as_constant(const onnx_node& node, const shape_list& shape) {
  const auto n = static_cast<std::int64_t>(shape.size());
  const auto place = [n](std::int64_t at) {
    return std::clamp<std::int64_t>(at < 0 ? std::max(at, -n) + n : at, 0, n);
  };
  const std::int64_t first = place(node.number("start", 0));
  const std::int64_t last = std::max(first, place(node.number("end", n)));
  constant_tensor result;
  for (std::int64_t i = first; i < last; ++i)
    result.numbers.push_back(static_cast<std::int64_t>(shape[static_cast<std::size_t>(i)]));
  result.shape = {result.numbers.size()};
  return result;
}

}  // namespace rankwise::inference
