// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/readers/input.hpp>
#include <rankwise/readers/split.hpp>

#include <cstdint>

namespace rankwise::engine {
struct rank_context;
}

namespace rankwise::files {

/// Opens a split for a task on the rank of `context`. `view` is the number under which the rank has
/// the list of files that the split belongs to (see `file_view`); 0: this host has the file.
///
/// Throws: config_error, naming the path, if it can't be opened.
input open_split(engine::rank_context& context, std::uint64_t view, const split& part);

}  // namespace rankwise::files

#ifndef RANKWISE_COMPILED
#include <rankwise/files/open_split_inline.hpp>
#endif
