// SPDX-License-Identifier: MIT
// Classifies the frames of a film or a camera, in order, by a network that is spread over the
// ranks; no line names a rank.
#include <rankwise/error.hpp>
#include <rankwise/program.hpp>
#include <rankwise/rankwise.hpp>
#include <rankwise/text.hpp>

#include "images/picture.hpp"
#include "images/resized.hpp"
#include "mobilenet/commands/class_line.hpp"
#include "mobilenet/commands/classify.hpp"
#include "mobilenet/commands/latency.hpp"
#include "mobilenet/commands/ranking.hpp"
#include "mobilenet/plan/planned_run.hpp"
#include "mobilenet/plan/spread_model.hpp"
#include "mobilenet/settings.hpp"
#include "mobilenet/stages/frame.hpp"
#include "mobilenet/stages/memory_use.hpp"
#include "mobilenet/stages/picture_stage.hpp"
#include "mobilenet_video/frame_queue.hpp"

#include <boost/program_options/value_semantic.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <deque>
#include <exception>
#include <opencv2/core.hpp>
#include <opencv2/core/utils/logger.hpp>
#include <opencv2/videoio.hpp>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace mobilenet_video {
namespace {

using clock = std::chrono::steady_clock;

struct settings {
  mobilenet::settings model;
  bool is_realtime = false;
  std::uint64_t n_frames = 0;  ///< 0: all
};

/// A frame, and when it was filmed or read.
struct filmed {
  std::uint64_t number = 0;
  clock::time_point at;
  rankwise::images::picture pixels;
};

/// OpenCV's film or camera.
class film {
 public:
  /// Throws: config_error if it can't be opened.
  explicit film(const std::string& name) : name_(name) {
    cv::setNumThreads(1);  // the ranks have the cores
    // Its own lines would stand beside the one that says what is wrong.
    cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT);
    const bool is_camera =
        !name.empty() && name.find_first_not_of("0123456789") == std::string::npos;
    const bool is_open = is_camera ? film_.open(std::stoi(name)) : film_.open(name);
    if (!is_open)
      throw rankwise::config_error(
          name + ": OpenCV can't open it; accepted: a film, or the number of a camera");
    if (!is_camera) frames_per_s_ = film_.get(cv::CAP_PROP_FPS);
  }

  /// Of a film, as it is to be shown; 0 of a camera, which has its own pace.
  double frames_per_s() const { return frames_per_s_; }

  /// The next frame; none at the end.
  std::optional<rankwise::images::picture> next() {
    cv::Mat frame;
    if (!film_.read(frame) || frame.empty()) return std::nullopt;
    if (frame.type() != CV_8UC3)
      throw rankwise::config_error(name_ + ": found frames that are not in 8-bit colours");
    rankwise::images::picture made{
        static_cast<std::uint32_t>(frame.cols), static_cast<std::uint32_t>(frame.rows), {}};
    made.pixels.resize(frame.total() * 3);
    std::uint8_t* to = made.pixels.data();
    for (int row = 0; row < frame.rows; ++row) {
      const std::uint8_t* from = frame.ptr<std::uint8_t>(row);
      for (int column = 0; column < frame.cols; ++column, from += 3) {
        *to++ = from[2];
        *to++ = from[1];
        *to++ = from[0];
      }
    }
    return made;
  }

 private:
  std::string name_;
  cv::VideoCapture film_;
  double frames_per_s_ = 0;
};

/// A thread that reads frames into a queue, until the end or until it is let go of; `at_pace`: no
/// faster than they are to be shown.
class filming {
 public:
  filming(film& from, frame_queue<filmed>& to, std::uint64_t n_frames, bool at_pace)
      : to_(to), thread_([&from, &to, n_frames, at_pace, this] {
          try {
            const clock::time_point begun = clock::now();
            for (std::uint64_t number = 0; n_frames == 0 || number < n_frames; ++number) {
              if (at_pace && from.frames_per_s() > 0)
                std::this_thread::sleep_until(
                    begun +
                    std::chrono::duration_cast<clock::duration>(std::chrono::duration<double>(
                        static_cast<double>(number) / from.frames_per_s())));
              std::optional<rankwise::images::picture> pixels = from.next();
              if (!pixels || !to.put({number, clock::now(), std::move(*pixels)})) break;
            }
          } catch (...) {
            failure_ = std::current_exception();
          }
          to.end();
        }) {}

  filming(const filming&) = delete;
  filming& operator=(const filming&) = delete;
  filming(filming&&) = delete;
  filming& operator=(filming&&) = delete;

  ~filming() {
    to_.end();
    if (thread_.joinable()) thread_.join();
  }

  /// Throws: what the thread threw.
  void finish() {
    thread_.join();
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  frame_queue<filmed>& to_;
  std::exception_ptr failure_;
  std::thread thread_;
};

std::string frame_line(bool is_json,
                       std::uint64_t number,
                       const std::vector<mobilenet::scored_class>& best,
                       const mobilenet::class_names& names) {
  const std::string name = fmt::format("frame {}", number);
  return is_json ? mobilenet::class_json(name, best, names)
                 : mobilenet::class_line(name, best, names);
}

void body(const rankwise::pool& pool, const settings& asked) {
  mobilenet::check_spread(asked.model);
  if (asked.model.words.size() != 1)
    throw rankwise::config_error(
        fmt::format("found {} operands, accepted: a film, or the number of a camera",
                    asked.model.words.size()));
  film from(asked.model.words.front());
  mobilenet::classifying what = mobilenet::read_classifying(asked.model);
  const mobilenet::class_names names = what.names;
  const mobilenet::planned_run run =
      mobilenet::plan_run(pool, what.model, asked.model, asked.model.show_plan);
  if (asked.model.show_plan)
    fmt::print(stderr, "{}", rankwise::inference::plan_text(run.problem, run.choice));
  const mobilenet::spread_model spread(
      pool, std::move(what.model), run.plan(), {}, {}, asked.model);

  constexpr std::size_t n_waiting = 4;
  frame_queue<filmed> waiting(n_waiting, asked.is_realtime);
  std::deque<std::pair<std::uint64_t, clock::time_point>> under_way;
  std::vector<double> latencies;
  const clock::time_point begun = clock::now();
  filming camera(from, waiting, asked.n_frames, asked.is_realtime);
  spread.run(
      [&]() -> std::optional<mobilenet::frame> {
        std::optional<filmed> next = waiting.take();
        if (!next) return std::nullopt;
        under_way.emplace_back(next->number, next->at);
        mobilenet::frame sent;
        sent.bytes =
            rankwise::images::resized(next->pixels, what.kind.reader.width, what.kind.reader.height)
                .pixels;
        if (what.kind.reader.is_grey) sent.bytes = mobilenet::as_grey(sent.bytes);
        return sent;
      },
      [&](mobilenet::frame result) {
        const auto [number, at] = under_way.front();
        under_way.pop_front();
        latencies.push_back(std::chrono::duration<double>(clock::now() - at).count());
        if (what.kind.gives_scores) mobilenet::apply_softmax(result.values);
        const auto best = mobilenet::most_probable(result.values, asked.model.top);
        fmt::print("{}", frame_line(pool.options().json, number, best, names));
        std::fflush(stdout);
      },
      [&waiting] { return waiting.is_ready(); });
  camera.finish();
  const double elapsed = std::chrono::duration<double>(clock::now() - begun).count();
  const double rate = static_cast<double>(latencies.size()) / elapsed;
  const double p50 = 1e3 * mobilenet::percentile(latencies, 50);
  const double p95 = 1e3 * mobilenet::percentile(latencies, 95);
  if (pool.options().json) {
    fmt::print(
        R"({{"frames":{},"dropped":{},"frames_per_s":{:.4f},"p50_ms":{:.3f},"p95_ms":{:.3f}}})"
        "\n",
        latencies.size(),
        waiting.n_dropped(),
        rate,
        p50,
        p95);
    return;
  }
  fmt::print("{} frames, {} dropped: {} frames/s, latency {:.1f} ms (median), {:.1f} ms (95 %)\n",
             latencies.size(),
             waiting.n_dropped(),
             rankwise::observe::amount_text(rate),
             p50,
             p95);
}

}  // namespace
}  // namespace mobilenet_video

int main(int argc, char** argv) {
  mobilenet::keep_memory_small();
  mobilenet_video::settings asked;
  auto options = mobilenet::model_options(asked.model);
  options.add_options()(
      "realtime",
      boost::program_options::bool_switch(&asked.is_realtime)->default_value(false, ""),
      "as a camera: take a film's frames when they are to be shown, and drop the oldest where they "
      "come faster than they are classified")(
      "frames", rankwise::whole_number(asked.n_frames, std::uint64_t{1}), "stop after so many");
  return rankwise::run(argc,
                       argv,
                       {.name = "mobilenet_video",
                        .summary = "classifies the frames of a film or a camera",
                        .options = options,
                        .operands = {"FILM|CAMERA", &asked.model.words}},
                       [&asked](rankwise::pool& pool) { mobilenet_video::body(pool, asked); });
}
