// SPDX-License-Identifier: MIT
// What the readers only declare where they are compiled for rankwise::compiled.
#include <rankwise/readers/detail/separators_inline.hpp>
#include <rankwise/readers/for_each_row_inline.hpp>
#include <rankwise/readers/open_file_inline.hpp>
