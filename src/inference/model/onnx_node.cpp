// SPDX-License-Identifier: MIT
#include "inference/model/onnx_node.hpp"

#include <rankwise/error.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <utility>

namespace rankwise::inference {

namespace {

float from_half(std::uint16_t half) {
  const int exponent = half >> 10U & 0x1fU;
  const float fraction = static_cast<float>(half & 0x3ffU);
  const float sign = (half & 0x8000U) != 0 ? -1.0F : 1.0F;
  if (exponent == 0) return sign * std::ldexp(fraction, -24);
  if (exponent == 31) return fraction == 0 ? sign * HUGE_VALF : std::nanf("");
  return sign * std::ldexp(1024.0F + fraction, exponent - 25);
}

/// The elements of raw_data, each converted.
template <class Stored, class Convert, class Target>
void take_raw(const std::string& raw, Convert convert, std::vector<Target>& target) {
  static_assert(std::endian::native == std::endian::little, "ONNX stores little-endian numbers");
  target.resize(raw.size() / sizeof(Stored));
  for (std::size_t i = 0; i < target.size(); ++i) {
    Stored one{};
    std::memcpy(&one, raw.data() + i * sizeof(Stored), sizeof(Stored));
    target[i] = convert(one);
  }
}

template <class Field, class Convert, class Target>
void take_field(const Field& field, Convert convert, std::vector<Target>& target) {
  target.reserve(static_cast<std::size_t>(field.size()));
  for (const auto& one : field) target.push_back(convert(one));
}

}  // namespace

constant_tensor read_tensor(const onnx::TensorProto& tensor, const std::string& where) {
  const auto refuse = [&where](const std::string& why) { throw config_error(where + ": " + why); };
  constant_tensor all;
  std::uint64_t n = 1;
  for (const std::int64_t size : tensor.dims()) {
    if (size < 0 || static_cast<std::uint64_t>(size) > most_elements)
      refuse(fmt::format("found a dimension of {}; accepted: 0 to {}", size, most_elements));
    all.shape.push_back(static_cast<std::uint64_t>(size));
    n *= static_cast<std::uint64_t>(size);
    if (n > most_elements) refuse(fmt::format("more than {} elements", most_elements));
  }
  if (tensor.data_location() == onnx::TensorProto::EXTERNAL || tensor.external_data_size() != 0)
    refuse("its data are in another file; accepted: data in the model's own file");
  const auto same = [](auto one) { return one; };
  const auto to_float = [](auto one) { return static_cast<float>(one); };
  const auto to_number = [](auto one) { return static_cast<std::int64_t>(one); };
  const auto of_half = [](auto one) { return from_half(static_cast<std::uint16_t>(one)); };
  const std::string& raw = tensor.raw_data();
  const bool is_raw = tensor.has_raw_data();
  switch (tensor.data_type()) {
    case onnx::TensorProto::FLOAT:
      is_raw ? take_raw<float>(raw, same, all.floats)
             : take_field(tensor.float_data(), same, all.floats);
      break;
    case onnx::TensorProto::DOUBLE:
      is_raw ? take_raw<double>(raw, to_float, all.floats)
             : take_field(tensor.double_data(), to_float, all.floats);
      break;
    case onnx::TensorProto::FLOAT16:
      is_raw ? take_raw<std::uint16_t>(raw, of_half, all.floats)
             : take_field(tensor.int32_data(), of_half, all.floats);
      break;
    case onnx::TensorProto::INT64:
      is_raw ? take_raw<std::int64_t>(raw, to_number, all.numbers)
             : take_field(tensor.int64_data(), to_number, all.numbers);
      break;
    case onnx::TensorProto::INT32:
      is_raw ? take_raw<std::int32_t>(raw, to_number, all.numbers)
             : take_field(tensor.int32_data(), to_number, all.numbers);
      break;
    default:
      refuse(
          fmt::format("found elements of type {}; accepted: FLOAT, FLOAT16, DOUBLE, INT64, INT32",
                      tensor.data_type()));
  }
  const std::size_t found = all.floats.size() + all.numbers.size();
  if (found != n) refuse(fmt::format("found {} elements, where its shape has {}", found, n));
  return all;
}

onnx_node::onnx_node(const onnx::NodeProto& node, std::int64_t opset, const std::string& file)
    : node_(&node), opset_(opset), file_(&file), name_(node.name()) {
  if (name_.empty() && node.output_size() != 0) name_ = node.output(0);
  if (node.output_size() == 0 || node.output(0).empty()) refuse("no output", "one");
}

std::string onnx_node::input(int place) const {
  return place < node_->input_size() ? node_->input(place) : std::string();
}

const onnx::AttributeProto* onnx_node::find(const char* attribute,
                                            onnx::AttributeProto::AttributeType type) const {
  for (const onnx::AttributeProto& one : node_->attribute()) {
    if (one.name() != attribute) continue;
    if (one.type() != type)
      refuse(fmt::format("attribute {} of type {}", attribute, static_cast<int>(one.type())),
             fmt::format("type {}", static_cast<int>(type)));
    return &one;
  }
  return nullptr;
}

std::int64_t onnx_node::number(const char* attribute, std::int64_t otherwise) const {
  const auto* const found = find(attribute, onnx::AttributeProto::INT);
  return found == nullptr ? otherwise : found->i();
}

float onnx_node::real(const char* attribute, float otherwise) const {
  const auto* const found = find(attribute, onnx::AttributeProto::FLOAT);
  return found == nullptr ? otherwise : found->f();
}

std::string onnx_node::text(const char* attribute, const std::string& otherwise) const {
  const auto* const found = find(attribute, onnx::AttributeProto::STRING);
  return found == nullptr ? otherwise : found->s();
}

std::optional<std::vector<std::int64_t>> onnx_node::numbers(const char* attribute) const {
  const auto* const found = find(attribute, onnx::AttributeProto::INTS);
  if (found == nullptr) return std::nullopt;
  return std::vector<std::int64_t>(found->ints().begin(), found->ints().end());
}

std::optional<std::vector<float>> onnx_node::reals(const char* attribute) const {
  const auto* const found = find(attribute, onnx::AttributeProto::FLOATS);
  if (found == nullptr) return std::nullopt;
  return std::vector<float>(found->floats().begin(), found->floats().end());
}

bool onnx_node::has(const char* attribute) const {
  return std::any_of(node_->attribute().begin(), node_->attribute().end(), [&](const auto& one) {
    return one.name() == attribute;
  });
}

std::vector<std::uint32_t> onnx_node::sizes(const char* attribute,
                                            std::size_t n,
                                            std::uint32_t otherwise,
                                            std::uint32_t least) const {
  constexpr std::uint32_t most = 65'535;
  const auto found = numbers(attribute);
  if (!found) return std::vector<std::uint32_t>(n, otherwise);
  if (found->size() != n)
    refuse(fmt::format("{} numbers in {}", found->size(), attribute), fmt::format("{}", n));
  std::vector<std::uint32_t> all;
  for (const std::int64_t one : *found) {
    if (one < least || one > most)
      refuse(fmt::format("{} in {}", one, attribute), fmt::format("{} to {}", least, most));
    all.push_back(static_cast<std::uint32_t>(one));
  }
  return all;
}

const onnx::TensorProto* onnx_node::tensor(const char* attribute) const {
  const auto* const found = find(attribute, onnx::AttributeProto::TENSOR);
  return found == nullptr ? nullptr : &found->t();
}

std::string onnx_node::where() const {
  return fmt::format("{}: node '{}' ({})", *file_, name_, type());
}

std::int64_t onnx_node::from_front(std::int64_t axis, std::size_t n_dimensions) const {
  const auto n = static_cast<std::int64_t>(n_dimensions);
  if (axis < -n || axis >= n)
    refuse(fmt::format("axis {}", axis), fmt::format("{} to {}", -n, n - 1));
  return axis < 0 ? axis + n : axis;
}

void onnx_node::refuse(const std::string& found, const std::string& accepted) const {
  throw config_error(fmt::format("{}: found {}; accepted: {}", where(), found, accepted));
}

}  // namespace rankwise::inference
