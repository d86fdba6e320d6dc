// SPDX-License-Identifier: MIT
// A loop over pictures by hand: XNNPACK's own runtime for the whole model, one thread, no MPI.
//   bench_bare_loop MODEL IMAGES LOOPS: so many processes at the same time, each with all images.
#include "inference/model/onnx_reader.hpp"
#include "pipeline/loop.hpp"
#include "pipeline/xnnpack_model.hpp"

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace {

using two_ends = std::array<int, 2>;

two_ends new_pipe() {
  two_ends ends{};
  if (::pipe(ends.data()) != 0) throw std::runtime_error("no pipe");
  return ends;
}

void put(int to, const void* from, std::size_t n) {
  if (::write(to, from, n) != static_cast<ssize_t>(n)) throw std::runtime_error("a pipe broke");
}

void get(int from, void* to, std::size_t n) {
  if (::read(from, to, n) != static_cast<ssize_t>(n)) throw std::runtime_error("a loop failed");
}

/// One process: gets ready, waits for the start, and tells its result.
void run_loop(const std::string& file, std::uint32_t n_images, int results, int start) {
  std::size_t n_bytes = 0;
  std::unique_ptr<bench::xnnpack_model> model;
  {
    const rankwise::inference::graph read = rankwise::inference::read_onnx_file(file);
    n_bytes = rankwise::inference::n_elements(read.values[read.inputs.front()].shape);
    model = std::make_unique<bench::xnnpack_model>(read);
  }
  const bench::to_floats convert;
  const bench::classify classify = [&](const std::vector<std::uint8_t>& picture) {
    convert(picture, model->input());
    model->run();
    return std::vector<float>(model->output(), model->output() + model->n_outputs());
  };
  bench::loop(classify, n_bytes, 10);  // warm
  const bench::loop_result ready{};
  put(results, &ready, sizeof ready);
  char go = 0;
  get(start, &go, 1);
  const bench::loop_result found = bench::loop(classify, n_bytes, n_images);
  put(results, &found, sizeof found);
}

void run(const std::string& file, std::uint32_t n_images, std::uint32_t n_loops) {
  const two_ends start = new_pipe();
  std::vector<int> results;
  for (std::uint32_t i = 0; i < n_loops; ++i) {
    const two_ends result = new_pipe();
    if (::fork() == 0) {
      try {
        run_loop(file, n_images, result[1], start[0]);
        std::_Exit(0);
      } catch (const std::exception& error) {
        fmt::print(stderr, "bench_bare_loop: {}\n", error.what());
        std::_Exit(3);
      }
    }
    ::close(result[1]);
    results.push_back(result[0]);
  }
  std::vector<bench::loop_result> found(n_loops);
  for (std::uint32_t i = 0; i < n_loops; ++i) get(results[i], &found[i], sizeof found[i]);
  const std::string go(n_loops, 'g');
  put(start[1], go.data(), go.size());
  for (std::uint32_t i = 0; i < n_loops; ++i) get(results[i], &found[i], sizeof found[i]);
  while (::wait(nullptr) > 0) {
  }
  bench::print_loops(found, n_images);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (argc != 4) throw std::runtime_error("accepted: MODEL IMAGES LOOPS");
    run(argv[1],
        static_cast<std::uint32_t>(std::stoul(argv[2])),
        static_cast<std::uint32_t>(std::stoul(argv[3])));
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "bench_bare_loop: {}\n", error.what());
    return 3;
  }
}
