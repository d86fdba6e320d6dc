// SPDX-License-Identifier: MIT
#pragma once

// Files that appear whole or not at all, and the files below a folder.

#include <rankwise/files/published_file.hpp>  // IWYU pragma: export
#include <rankwise/readers/files_below.hpp>   // IWYU pragma: export
