// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/build_mode.hpp>
#include <rankwise/core/types.hpp>
#include <rankwise/engine/access.hpp>
#include <rankwise/engine/call/call_rules.hpp>
#include <rankwise/error.hpp>
#include <rankwise/map_reduce/combine/keyed_part.hpp>
#include <rankwise/map_reduce/combine/part_file.hpp>
#include <rankwise/map_reduce/map_reduce_run.hpp>
#include <rankwise/map_reduce/options.hpp>
#include <rankwise/options.hpp>
#include <rankwise/pool.hpp>
#include <rankwise/statistics.hpp>
#include <rankwise/task.hpp>
#include <rankwise/transport/machine.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace rankwise::combine {

/// A task that ends the maps: each key goes to its owner.
struct finish_part {
  static constexpr bool runs_once = true;

  std::uint64_t part = 0;

  part_figures operator()(task_context& context, std::uint32_t /*row*/) const {
    auto& mine = access::context(context).kept.get<any_part>(part);
    mine.finish();
    return mine.figures();
  }
};

/// A task that gives a file its name.
struct publish_part {
  static constexpr bool runs_once = true;

  std::uint64_t number = 0;

  void operator()(task_context& context, std::uint32_t /*row*/) const {
    access::context(context).kept.get<part_file>(number).publish();
  }
};

RANKWISE_INLINE map_reduce_run begin_map_reduce(const char* name,
                                                const pool& ranks,
                                                const map_reduce_options& how,
                                                bool can_front) {
  engine::refuse_retry_of(name, ranks.options());
  engine::refuse_journal_of(name, ranks.options());
  if (how.combiner == combiner_kind::zynq && !can_front) {
    throw config_error(
        "--combiner zynq: adds up unsigned integers of at least 32 bits, which this program's "
        "values are not; accepted here: linear, cuckoo, none");
  }

  options quiet = ranks.options();
  quiet.quiet = true;
  quiet.on_error = on_error_kind::stop;  // ranks wait for each other there
  engine::abstract_root& root = access::root(ranks);
  map_reduce_run run{access::within_call(ranks, access::number_call(ranks), quiet, name),
                     root.object_numbers().add(),
                     {}};
  run.parts.channel = *run.number;
  run.parts.hash_seed = root.context().machine->draw();
  run.parts.memory_bytes = how.memory_bytes;
  run.parts.spill_directory = how.spill_directory;
  run.parts.combine_here =
      how.combiner == combiner_kind::linear || how.combiner == combiner_kind::cuckoo;
  run.parts.zynq = how.combiner == combiner_kind::zynq;
  run.parts.group.first_rank = ranks.first_worker();
  run.parts.group.n_rows = ranks.n_workers();
  return run;
}

RANKWISE_INLINE map_reduce_statistics finish_map_reduce(const map_reduce_run& run) {
  engine::abstract_root& root = access::root(run.own);
  transport::machine& here = *root.context().machine;
  const core::duration mapped_at = here.now();
  map_reduce_statistics all;
  for (const part_figures& one : run.own.on_each_rank(finish_part{*run.number})) {
    all.n_emitted += one.n_emitted;
    all.bytes_shuffled += one.bytes_shuffled;
    all.bytes_spilled += one.bytes_spilled;
    all.most_memory_bytes = std::max(all.most_memory_bytes, one.most_bytes);
  }
  all.merge_s = std::chrono::duration<double>(here.now() - mapped_at).count();
  root.note(all);
  return all;
}

RANKWISE_INLINE void publish_parts(const pool& own, std::uint64_t number) {
  own.on_each_rank(publish_part{number});
}

}  // namespace rankwise::combine
