// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/exchange/channels.hpp>
#include <rankwise/map_reduce/combine/cuckoo_table.hpp>
#include <rankwise/map_reduce/combine/keyed_part.hpp>
#include <rankwise/map_reduce/combine/linear_table.hpp>
#include <rankwise/map_reduce/combine/part.hpp>
#include <rankwise/map_reduce/options.hpp>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>

namespace rankwise::combine {

/// Makes the part of a rank whose keys stand in tables.
template <class Value, class Combine>
std::unique_ptr<keyed_part<Value>> make_part(combiner_kind combiner,
                                             const part_options& how,
                                             const Combine& combine,
                                             exchange::channels& others,
                                             const std::atomic<bool>& cancelled) {
  if (combiner == combiner_kind::cuckoo)
    return std::make_unique<part<Value, Combine, cuckoo_table>>(how, combine, others, cancelled);
  return std::make_unique<part<Value, Combine, linear_table>>(how, combine, others, cancelled);
}

#ifdef RANKWISE_COMPILED
// What counts things is compiled in the library: scheduler/src/count.cpp.
extern template std::unique_ptr<keyed_part<std::uint64_t>> make_part(combiner_kind,
                                                                     const part_options&,
                                                                     const std::plus<>&,
                                                                     exchange::channels&,
                                                                     const std::atomic<bool>&);
#endif

}  // namespace rankwise::combine
