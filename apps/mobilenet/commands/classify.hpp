// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/error.hpp>
#include <rankwise/pipeline.hpp>
#include <rankwise/rankwise.hpp>

#include "images/find_pictures.hpp"
#include "images/picture.hpp"
#include "inference/graph.hpp"
#include "inference/plan/plan_text.hpp"
#include "mobilenet/commands/class_line.hpp"
#include "mobilenet/commands/classifier.hpp"
#include "mobilenet/commands/labels.hpp"
#include "mobilenet/commands/ranking.hpp"
#include "mobilenet/plan/planned_run.hpp"
#include "mobilenet/plan/spread.hpp"
#include "mobilenet/plan/spread_model.hpp"
#include "mobilenet/settings.hpp"
#include "mobilenet/stages/frame.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace mobilenet {

namespace inference = rankwise::inference;
namespace images = rankwise::images;

/// What is needed to classify pictures.
struct classifying {
  inference::graph model;
  classifier kind;
  class_names names;
};

/// Throws: config_error where --model or --labels can't be used.
inline classifying read_classifying(const settings& asked) {
  inference::graph model = read_model(asked);
  const classifier kind = as_classifier(model, asked.model);
  class_names names = asked.labels.empty() ? class_names(kind.n_classes)
                                           : class_names(asked.labels, kind.n_classes);
  return {std::move(model), kind, std::move(names)};
}

/// The file of a picture, or why it can't be read.
inline frame read_frame(const std::filesystem::path& path) {
  frame file;
  file.name = path.string();
  try {
    const std::vector<std::byte> bytes = rankwise::images::read_picture_bytes(path);
    file.bytes.resize(bytes.size());
    if (!bytes.empty()) std::memcpy(file.bytes.data(), bytes.data(), bytes.size());
    if (bytes.empty()) file.error = file.name + ": found an empty file, accepted: JPEG, PNG, BMP";
  } catch (const rankwise::config_error& error) {
    file.error = error.what();
  }
  return file;
}

inline bool is_finite(const std::vector<float>& values) {
  return std::all_of(
      values.begin(), values.end(), [](float value) { return std::isfinite(value); });
}

/// Sends the files through the model; `take(number, probabilities)` gets what comes out, in their
/// order. Files that can't be read, or of which the model makes no finite numbers, are reported on
/// stderr, and left out.
///
/// Throws: config_error at the end if there were such files.
template <class Take>
void classify_files(const rankwise::pool& pool,
                    const settings& asked,
                    classifying what,
                    const std::vector<std::filesystem::path>& files,
                    Take take) {
  using clock = std::chrono::steady_clock;
  const planned_run run = plan_run(pool, what.model, asked, asked.show_plan);
  if (asked.show_plan) fmt::print(stderr, "{}", inference::plan_text(run.problem, run.choice));
  picture_stage reader = what.kind.reader;
  const spread_model spread(pool,
                            std::move(what.model),
                            run.plan(),
                            reader,
                            ranks_that_read(run.problem, run.plan()),
                            asked);
  std::size_t n_sent = 0;
  std::size_t n_unread = 0;
  const clock::time_point begun = clock::now();
  const rankwise::pipeline_report report = spread.run(
      [&]() -> std::optional<frame> {
        if (n_sent == files.size()) return std::nullopt;
        return read_frame(files[n_sent++]);
      },
      [&](std::uint64_t number, frame result) {
        if (result.error.empty() && !is_finite(result.values))
          result.error = fmt::format(
              "{}: found scores that are no finite numbers, accepted: models that give some",
              files[static_cast<std::size_t>(number)].string());
        if (!result.error.empty()) {
          ++n_unread;
          fmt::print(stderr, "mobilenet: {}\n", result.error);
          return;
        }
        if (what.kind.gives_scores) apply_softmax(result.values);
        take(static_cast<std::size_t>(number), result.values);
      });
  const double elapsed = std::chrono::duration<double>(clock::now() - begun).count();
  if (asked.show_plan)
    fmt::print(stderr,
               "{}",
               inference::result_text(
                   run.choice, result_of(report, static_cast<double>(files.size()) / elapsed)));
  if (n_unread != 0)
    throw rankwise::config_error(
        fmt::format("{} of {} pictures could not be read", n_unread, files.size()));
}

/// The command `classify`: a line for each picture as soon as it and those before it are done.
inline void classify(const rankwise::pool& pool, const settings& asked) {
  const std::vector<std::string> operands(asked.words.begin() + 1, asked.words.end());
  if (operands.empty())
    throw rankwise::config_error("classify: no pictures; accepted: files and directories");
  const std::vector<std::filesystem::path> files = images::find_pictures(operands);
  classifying what = read_classifying(asked);
  const class_names names = what.names;
  classify_files(pool,
                 asked,
                 std::move(what),
                 files,
                 [&](std::size_t number, const std::vector<float>& probabilities) {
                   const auto best = most_probable(probabilities, asked.top);
                   const auto line = pool.options().json ? class_json : class_line;
                   fmt::print("{}", line(files[number].string(), best, names));
                   std::fflush(stdout);
                 });
}

}  // namespace mobilenet
