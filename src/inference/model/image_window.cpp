// SPDX-License-Identifier: MIT
#include "inference/model/image_window.hpp"

#include <fmt/format.h>

#include <string>

namespace rankwise::inference {

window read_window(const onnx_node& node, const std::vector<std::uint64_t>& shape) {
  window over;
  const auto strides = node.sizes("strides", 2, 1, 1);
  const auto dilations = node.sizes("dilations", 2, 1, 1);
  const auto kernel = node.sizes("kernel_shape", 2, 1, 1);
  over.kernel_height = kernel[0];
  over.kernel_width = kernel[1];
  over.stride_height = strides[0];
  over.stride_width = strides[1];
  over.dilation_height = dilations[0];
  over.dilation_width = dilations[1];
  const std::string automatic = node.text("auto_pad", "NOTSET");
  if (automatic == "NOTSET") {
    const auto pads = node.sizes("pads", 4, 0, 0);
    over.pad_top = pads[0];
    over.pad_left = pads[1];
    over.pad_bottom = pads[2];
    over.pad_right = pads[3];
  } else if (automatic == "SAME_UPPER" || automatic == "SAME_LOWER") {
    const auto pad = [&](std::uint64_t size,
                         std::uint32_t extent,
                         std::uint32_t stride,
                         std::uint32_t dilation,
                         std::uint32_t& before,
                         std::uint32_t& after) {
      const std::uint64_t n_out = (size + stride - 1) / stride;
      const std::uint64_t reach = (n_out - 1) * stride + std::uint64_t{extent - 1} * dilation + 1;
      const auto all = static_cast<std::uint32_t>(reach > size ? reach - size : 0);
      before = automatic == "SAME_UPPER" ? all / 2 : all - all / 2;
      after = all - before;
    };
    pad(shape[2],
        over.kernel_height,
        over.stride_height,
        over.dilation_height,
        over.pad_top,
        over.pad_bottom);
    pad(shape[3],
        over.kernel_width,
        over.stride_width,
        over.dilation_width,
        over.pad_left,
        over.pad_right);
  } else if (automatic != "VALID") {
    node.refuse(fmt::format("auto_pad {}", automatic), "NOTSET, VALID, SAME_UPPER, SAME_LOWER");
  }
  return over;
}

std::vector<std::uint64_t> slid(const onnx_node& node,
                                const window& over,
                                const std::vector<std::uint64_t>& shape,
                                std::uint64_t n_channels) {
  const auto size = [&node](std::uint64_t in,
                            std::uint64_t pads,
                            std::uint64_t extent,
                            std::uint64_t stride,
                            std::uint64_t dilation) {
    const std::uint64_t reach = (extent - 1) * dilation + 1;
    if (in + pads < reach)
      node.refuse(fmt::format("a window of {} over {} with pads of {}", reach, in, pads),
                  "one that fits");
    return (in + pads - reach) / stride + 1;
  };
  return {1,
          n_channels,
          size(shape[2],
               std::uint64_t{over.pad_top} + over.pad_bottom,
               over.kernel_height,
               over.stride_height,
               over.dilation_height),
          size(shape[3],
               std::uint64_t{over.pad_left} + over.pad_right,
               over.kernel_width,
               over.stride_width,
               over.dilation_width)};
}

std::vector<std::uint64_t> pooled(const onnx_node& node,
                                  const window& over,
                                  const std::vector<std::uint64_t>& shape,
                                  bool rounds_up) {
  std::vector<std::uint64_t> output = slid(node, over, shape, shape[1]);
  if (!rounds_up) return output;
  const auto add_last = [](std::uint64_t& n,
                           std::uint64_t padded,
                           std::uint64_t behind,
                           std::uint64_t reach,
                           std::uint64_t stride) {
    const bool is_something_left = (padded - reach) % stride != 0;
    const bool begins_before_end = n * stride < padded - behind;
    if (is_something_left && begins_before_end) ++n;
  };
  add_last(output[2],
           shape[2] + over.pad_top + over.pad_bottom,
           over.pad_bottom,
           std::uint64_t{over.kernel_height - 1} * over.dilation_height + 1,
           over.stride_height);
  add_last(output[3],
           shape[3] + over.pad_left + over.pad_right,
           over.pad_right,
           std::uint64_t{over.kernel_width - 1} * over.dilation_width + 1,
           over.stride_width);
  return output;
}

void require_image_in_windows(const onnx_node& node,
                              const window& over,
                              const std::vector<std::uint64_t>& shape,
                              const std::vector<std::uint64_t>& output) {
  const auto check = [&node](const char* what,
                             std::uint64_t size,
                             std::uint64_t n_out,
                             std::uint64_t extent,
                             std::uint64_t stride,
                             std::uint64_t dilation,
                             std::uint64_t before) {
    for (std::uint64_t out = 0; out < n_out; ++out) {
      // The first of its places that is not before the image.
      const std::uint64_t at = out * stride;
      const std::uint64_t skipped = at >= before ? 0 : (before - at + dilation - 1) / dilation;
      if (skipped < extent && at + skipped * dilation - before < size) continue;
      node.refuse(fmt::format("a window that lies in padding alone, {} {}", what, out),
                  "windows that cover a part of the image");
    }
  };
  check("row",
        shape[2],
        output[2],
        over.kernel_height,
        over.stride_height,
        over.dilation_height,
        over.pad_top);
  check("column",
        shape[3],
        output[3],
        over.kernel_width,
        over.stride_width,
        over.dilation_width,
        over.pad_left);
}

}  // namespace rankwise::inference
