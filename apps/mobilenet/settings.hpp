// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/error.hpp>
#include <rankwise/program.hpp>
#include <rankwise/rank.hpp>
#include <rankwise/text.hpp>

#include <boost/program_options/options_description.hpp>
#include <boost/program_options/value_semantic.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mobilenet {

/// How a model is spread over the ranks.
enum class spread_mode : std::uint8_t {
  automatic,  ///< whichever of the others is expected to be fastest
  single,     ///< all of it on the root
  replicas,   ///< all of it on each rank
  pipeline,   ///< a part on each rank
  hybrid      ///< parts, some of them on several ranks
};

/// The names that users know them by, in the order of `spread_mode`.
inline constexpr std::array<std::string_view, 5> mode_names{
    "auto", "single", "replicas", "pipeline", "hybrid"};

inline std::string name_of(spread_mode mode) {
  return std::string(mode_names[static_cast<std::size_t>(mode)]);
}

/// What a byte of a picture is to the model: (byte - mean) / scale, for red, green and blue.
struct pixel_scale {
  std::array<float, 3> mean{127.5F, 127.5F, 127.5F};
  std::array<float, 3> scale{127.5F, 127.5F, 127.5F};
};

/// A rank that is to do all of its work several times, as a slower machine would take longer.
struct slow_rank {
  std::uint32_t rank = 0;
  std::uint32_t factor = 1;

  std::uint32_t factor_of(rankwise::rank_id which) const {
    return rankwise::to_index(which) == rank ? factor : 1;
  }
};

/// What the command line asks for.
struct settings {
  std::vector<std::string> words;  ///< the command, then what it takes
  std::string model;
  std::string labels;  ///< empty: classes are numbers
  std::uint32_t top = 1;
  pixel_scale pixels;
  spread_mode mode = spread_mode::automatic;
  std::uint32_t n_stages = 0;             ///< 0: any
  std::vector<std::uint32_t> cut_layers;  ///< Keras layers of each stage; empty: the planner cuts
  std::vector<std::uint32_t> cut_operators;  ///< the same in operators
  std::uint64_t memory_bytes = 0;            ///< of a rank, for its part of the model; 0: any
  bool show_plan = false;
  bool float_input = false;
  std::uint64_t in_flight = 0;  ///< 0: as many as keep all ranks busy
  std::uint32_t n_images = 200;
  slow_rank slow;
  std::string out;  ///< a file to write
  double width = 1;
  std::uint32_t size = 224;
  std::uint32_t n_classes = 1000;
};

namespace detail {

/// The parts of `text` between commas.
inline std::vector<std::string> split_at_commas(const std::string& text) {
  std::vector<std::string> parts;
  std::size_t at = 0;
  while (at <= text.size()) {
    const std::size_t comma = std::min(text.find(',', at), text.size());
    parts.push_back(text.substr(at, comma - at));
    at = comma + 1;
  }
  return parts;
}

/// Whole numbers with commas between them.
inline std::vector<std::uint32_t> parse_numbers(const std::string& text) {
  std::vector<std::uint32_t> numbers;
  for (const std::string& part : split_at_commas(text))
    numbers.push_back(rankwise::parse_whole_number<std::uint32_t>(part, 1, 1'000'000));
  return numbers;
}

/// A number from `least` to `most`.
inline double parse_real(const std::string& text, double least, double most) {
  const std::optional<double> number = rankwise::parse_number(text);
  if (!number || !(*number >= least && *number <= most))
    throw rankwise::bad_value(text, fmt::format("a number from {} to {}", least, most));
  return *number;
}

/// One number, or one for each of red, green and blue.
inline std::array<float, 3> parse_channels(const std::string& text, double least) {
  constexpr double most = 1e6;
  const std::vector<std::string> parts = split_at_commas(text);
  if (parts.size() != 1 && parts.size() != 3)
    throw rankwise::bad_value(text, "a number, or three for red, green and blue");
  std::array<float, 3> channels{};
  for (std::size_t i = 0; i < channels.size(); ++i)
    channels[i] = static_cast<float>(parse_real(parts[parts.size() == 1 ? 0 : i], least, most));
  return channels;
}

/// RANKxTIMES.
inline slow_rank parse_slow_rank(const std::string& text) {
  constexpr std::uint32_t most = 1000;
  const std::size_t sign = std::min(text.find('x'), text.size());
  if (sign == text.size()) throw rankwise::bad_value(text, "a rank and a factor, such as 1x3");
  return {rankwise::parse_whole_number<std::uint32_t>(text.substr(0, sign)),
          rankwise::parse_whole_number<std::uint32_t>(text.substr(sign + 1), 1, most)};
}

/// An option that `parse` makes of its text.
template <class Target, class Parse>
boost::program_options::typed_value<std::string>* parsed(Target& target,
                                                         const char* name,
                                                         Parse parse) {
  return boost::program_options::value<std::string>()->value_name(name)->notifier(
      [&target, parse](const std::string& given) { target = parse(given); });
}

}  // namespace detail

/// The options of a program that classifies: the model, and how it is spread. They go to `asked`.
inline boost::program_options::options_description model_options(settings& asked) {
  namespace po = boost::program_options;
  po::options_description group("Options of the program");
  const auto add = [&group](const char* name, const po::value_semantic* value, const char* help) {
    group.add_options()(name, value, help);
  };
  add("model",
      rankwise::nonempty_text(asked.model, "FILE"),
      "the model, in ONNX; only the root reads it");
  add("labels",
      rankwise::nonempty_text(asked.labels, "FILE"),
      "the names of its classes, one a line");
  add("top", rankwise::whole_number(asked.top, 1U), "show the K likeliest classes (default: 1)");
  add("mean",
      detail::parsed(asked.pixels.mean,
                     "M[,M,M]",
                     [](const std::string& given) { return detail::parse_channels(given, -1e6); }),
      "what is subtracted from a byte of a picture, for all channels or for red, green and blue "
      "(default: 127.5)");
  add("scale",
      detail::parsed(asked.pixels.scale,
                     "S[,S,S]",
                     [](const std::string& given) { return detail::parse_channels(given, 1e-6); }),
      "what the difference is divided by (default: 127.5)");
  add("mode",
      rankwise::one_of(asked.mode, mode_names),
      "how the model is spread: single, replicas, pipeline, hybrid, or auto: whichever is expected "
      "to be fastest (default: auto)");
  add("stages", rankwise::whole_number(asked.n_stages, 1U), "stages of a pipeline (default: any)");
  add("cut",
      detail::parsed(asked.cut_layers, "N,N,...", detail::parse_numbers),
      "where to cut a pipeline: layers of each stage, as Keras counts them (27,27,36,53,14 is a "
      "cut "
      "of MobileNetV2 that was made by hand for five Raspberry Pis)");
  add("cut-operators",
      detail::parsed(asked.cut_operators, "N,N,...", detail::parse_numbers),
      "the same, in operators as `plan` lists them");
  add("memory-limit",
      rankwise::byte_count(asked.memory_bytes, 1),
      "memory of a rank for its part of the model (default: any)");
  add("plan",
      po::bool_switch(&asked.show_plan)->default_value(asked.show_plan, ""),
      "show the plan, and afterwards what was achieved");
  add("in-flight",
      rankwise::whole_number(asked.in_flight, std::uint64_t{1}),
      "pictures under way at most (default: two for each stage, three for each of its replicas)");
  add("slow",
      detail::parsed(asked.slow, "RANKxTIMES", detail::parse_slow_rank),
      "let a rank do all its work several times, to see unequal ranks: 1x3");
  return group;
}

/// All options of mobilenet.
inline boost::program_options::options_description options(settings& asked) {
  boost::program_options::options_description group = model_options(asked);
  const auto add = [&group](const char* name,
                            const boost::program_options::value_semantic* value,
                            const char* help) { group.add_options()(name, value, help); };
  add("images",
      rankwise::whole_number(asked.n_images, 1U),
      "pictures that bench and compare make up (default: 200)");
  add("float-input",
      boost::program_options::bool_switch(&asked.float_input)->default_value(asked.float_input, ""),
      "bench: send pictures as floats, four times the bytes, for comparison");
  add("out",
      rankwise::nonempty_text(asked.out, "FILE"),
      "compare: draw a chart (SVG); make-model: the file to write");
  add("width",
      detail::parsed(asked.width,
                     "X",
                     [](const std::string& given) { return detail::parse_real(given, 0.1, 4); }),
      "make-model: width multiplier (default: 1)");
  add("size",
      rankwise::whole_number(asked.size, 32U, 1024U),
      "make-model: height and width of pictures (default: 224)");
  add("classes",
      rankwise::whole_number(asked.n_classes, 1U, 1'000'000U),
      "make-model: classes (default: 1000)");
  return group;
}

}  // namespace mobilenet
