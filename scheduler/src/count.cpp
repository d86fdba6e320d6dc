// SPDX-License-Identifier: MIT
// The parts of a map_reduce that counts, as words are counted.
#include <rankwise/map_reduce/make_part.hpp>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>

template std::unique_ptr<rankwise::combine::keyed_part<std::uint64_t>> rankwise::combine::make_part(
    rankwise::combiner_kind,
    const rankwise::combine::part_options&,
    const std::plus<>&,
    rankwise::exchange::channels&,
    const std::atomic<bool>&);
