// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace rankwise::images {

/// The files that `operands` name, and those named .jpg, .jpeg, .png or .bmp, in any case, in the
/// directories that they name and below, which are sorted by name; links are followed.
///
/// Throws: config_error if one is not there, can't be listed, or holds no pictures.
std::vector<std::filesystem::path> find_pictures(const std::vector<std::string>& operands);

}  // namespace rankwise::images
