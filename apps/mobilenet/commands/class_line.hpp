// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/text.hpp>

#include "mobilenet/commands/labels.hpp"
#include "mobilenet/commands/ranking.hpp"

#include <fmt/format.h>

#include <iterator>
#include <string>
#include <vector>

namespace mobilenet {

/// The first of the names that a class has.
inline std::string short_name(const std::string& name) {
  return name.substr(0, name.find(','));
}

/// A picture, or whatever `file` names, with its likeliest classes.
inline std::string class_line(const std::string& file,
                              const std::vector<scored_class>& best,
                              const class_names& names) {
  std::string line = file + ':';
  for (const scored_class& one : best)
    fmt::format_to(std::back_inserter(line),
                   "{} {} {:.3f}",
                   &one == best.data() ? "" : ",",
                   short_name(names[one.number]),
                   one.probability);
  return line + '\n';
}

/// The same as a line of JSON.
inline std::string class_json(const std::string& file,
                              const std::vector<scored_class>& best,
                              const class_names& names) {
  std::string classes;
  for (const scored_class& one : best)
    fmt::format_to(std::back_inserter(classes),
                   R"({}{{"class":{},"name":{},"probability":{}}})",
                   classes.empty() ? "" : ",",
                   one.number,
                   rankwise::json_text(names[one.number]),
                   rankwise::json_number(one.probability, "{:.9g}"));
  return fmt::format(R"({{"file":{},"top":[{}]}})"
                     "\n",
                     rankwise::json_text(file),
                     classes);
}

}  // namespace mobilenet
