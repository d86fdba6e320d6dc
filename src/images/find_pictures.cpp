// SPDX-License-Identifier: MIT
#include "images/find_pictures.hpp"

#include <rankwise/error.hpp>
#include <rankwise/files.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>
#include <system_error>

namespace rankwise::images {

namespace {

bool is_named_as_picture(const std::filesystem::path& path) {
  static constexpr std::array<std::string_view, 4> endings{".jpg", ".jpeg", ".png", ".bmp"};
  std::string ending = path.extension().string();
  std::transform(ending.begin(), ending.end(), ending.begin(), [](unsigned char letter) {
    return static_cast<char>(std::tolower(letter));
  });
  return std::find(endings.begin(), endings.end(), ending) != endings.end();
}

std::vector<std::filesystem::path> pictures_below(const std::filesystem::path& directory) {
  std::vector<std::filesystem::path> found = files::files_below(directory);
  std::erase_if(found, [](const auto& path) { return !is_named_as_picture(path); });
  return found;
}

}  // namespace

std::vector<std::filesystem::path> find_pictures(const std::vector<std::string>& operands) {
  std::vector<std::filesystem::path> all;
  for (const std::string& operand : operands) {
    std::error_code error;
    const std::filesystem::file_status status = std::filesystem::status(operand, error);
    if (!std::filesystem::exists(status))
      throw config_error(
          fmt::format("{}: {}", operand, error ? error.message() : "No such file or directory"));
    if (!std::filesystem::is_directory(status)) {
      all.emplace_back(operand);
      continue;
    }
    const std::vector<std::filesystem::path> below = pictures_below(operand);
    if (below.empty())
      throw config_error(fmt::format(
          "{}: found no pictures there, accepted: files named .jpg, .jpeg, .png or .bmp", operand));
    all.insert(all.end(), below.begin(), below.end());
  }
  return all;
}

}  // namespace rankwise::images
