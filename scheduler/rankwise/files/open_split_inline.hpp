// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/build_mode.hpp>
#include <rankwise/files/file_view.hpp>
#include <rankwise/files/open_split.hpp>
#include <rankwise/readers/input.hpp>
#include <rankwise/readers/split.hpp>
#include <rankwise/task.hpp>

#include <cstdint>

namespace rankwise::files {

RANKWISE_INLINE input open_split(engine::rank_context& context,
                                 std::uint64_t view,
                                 const split& part) {
  return view == 0 ? input::open(part) : context.kept.get<file_view>(view).open(part);
}

}  // namespace rankwise::files
