// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/error.hpp>
#include <rankwise/rankwise.hpp>

#include "images/find_pictures.hpp"
#include "mobilenet/commands/classify.hpp"
#include "mobilenet/commands/evaluation.hpp"
#include "mobilenet/commands/labels.hpp"
#include "mobilenet/commands/ranking.hpp"
#include "mobilenet/settings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <map>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace mobilenet {

namespace images = rankwise::images;

/// A picture whose class is known.
struct known_picture {
  std::filesystem::path path;
  std::size_t truth = 0;
};

/// The pictures of a directory that has a directory for each class, called by its name or number.
///
/// Throws: config_error if a directory is called otherwise.
inline std::vector<known_picture> find_known_pictures(const std::filesystem::path& directory,
                                                      const class_names& names) {
  std::map<std::string, std::size_t> numbers;
  for (std::size_t i = 0; i < names.size(); ++i) {
    numbers.emplace(names[i], i);  // the first of two classes of one name
    numbers.emplace(std::to_string(i), i);
  }
  std::vector<std::filesystem::path> folders;
  std::error_code error;
  for (std::filesystem::directory_iterator at(directory, error), end; !error && at != end;
       at.increment(error)) {
    std::error_code leads_nowhere;
    if (at->is_directory(leads_nowhere)) folders.push_back(at->path());
  }
  if (error)
    throw rankwise::config_error(
        fmt::format("{}: can't be listed: {}", directory.string(), error.message()));
  if (folders.empty())
    throw rankwise::config_error(
        fmt::format("{}: found no directories there, accepted: one for each class, called by its "
                    "name or number",
                    directory.string()));
  std::sort(folders.begin(), folders.end());
  std::vector<known_picture> all;
  for (const std::filesystem::path& folder : folders) {
    const auto found = numbers.find(folder.filename().string());
    if (found == numbers.end())
      throw rankwise::config_error(fmt::format(
          "{}: is called like no class of the model; accepted: the name of one, or its number",
          folder.string()));
    for (std::filesystem::path& path : images::find_pictures({folder.string()}))
      all.push_back({std::move(path), found->second});
  }
  return all;
}

/// The command `evaluate`: a directory with a directory for each class.
inline void evaluate(const rankwise::pool& pool, const settings& asked) {
  if (asked.words.size() != 2)
    throw rankwise::config_error(fmt::format(
        "evaluate: found {} operands, accepted: a directory with a directory for each class",
        asked.words.size() - 1));
  classifying what = read_classifying(asked);
  const class_names names = what.names;
  const std::vector<known_picture> known = find_known_pictures(asked.words[1], names);
  std::vector<std::filesystem::path> files;
  for (const known_picture& one : known) files.push_back(one.path);
  evaluation found;
  const auto show = [&] {
    fmt::print("{}",
               pool.options().json ? evaluation_json(found, names) : evaluation_text(found, names));
  };
  try {
    classify_files(pool,
                   asked,
                   std::move(what),
                   files,
                   [&](std::size_t number, const std::vector<float>& probabilities) {
                     found.add(known[number].truth, most_probable(probabilities, 1).front().number);
                   });
  } catch (const rankwise::config_error&) {
    if (found.n_pictures() != 0) show();
    throw;
  }
  show();
}

}  // namespace mobilenet
