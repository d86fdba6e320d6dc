// SPDX-License-Identifier: MIT
// The same loop by OpenCV's DNN module, on as many threads as asked for.
//   bench_opencv_loop MODEL IMAGES THREADS
#include "inference/model/onnx_reader.hpp"
#include "inference/model/onnx_writer.hpp"
#include "pipeline/loop.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <cstdio>
#include <exception>
#include <opencv2/core.hpp>
#include <opencv2/dnn.hpp>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

void run(const std::string& file, std::uint32_t n_images, int n_threads) {
  cv::setNumThreads(n_threads);
  const rankwise::inference::graph model = rankwise::inference::read_onnx_file(file);
  const std::vector<std::uint64_t>& shape = model.values[model.inputs.front()].shape;
  // OpenCV 4.6 refuses a Clip whose limits are inputs; in opset 9 they are attributes.
  const std::string bytes = rankwise::inference::write_onnx(model, {.opset = 9});
  cv::dnn::Net net = cv::dnn::readNetFromONNX(bytes.data(), bytes.size());
  net.setPreferableBackend(cv::dnn::DNN_BACKEND_OPENCV);
  net.setPreferableTarget(cv::dnn::DNN_TARGET_CPU);
  const auto height = static_cast<int>(shape[2]);
  const auto width = static_cast<int>(shape[3]);
  const bench::classify classify = [&](const std::vector<std::uint8_t>& picture) {
    // Its input is channels first: OpenCV's own conversion.
    const cv::Mat pixels(height, width, CV_8UC3, const_cast<std::uint8_t*>(picture.data()));
    net.setInput(cv::dnn::blobFromImage(
        pixels, 1 / 127.5, cv::Size(), cv::Scalar(127.5, 127.5, 127.5), false));
    const cv::Mat scores = net.forward();
    const auto* const first = scores.ptr<float>();
    return std::vector<float>(first, first + scores.total());
  };
  const std::size_t n_bytes = rankwise::inference::n_elements(shape);
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
    fmt::print(stderr, "bench_opencv_loop: {}\n", error.what());
    return 3;
  }
}
