// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/emitter.hpp>
#include <rankwise/engine/access.hpp>
#include <rankwise/engine/call/call_rules.hpp>
#include <rankwise/error.hpp>
#include <rankwise/files/file_view.hpp>
#include <rankwise/map_reduce/combine/cuckoo_table.hpp>
#include <rankwise/map_reduce/combine/dense_part.hpp>
#include <rankwise/map_reduce/combine/linear_table.hpp>
#include <rankwise/map_reduce/combine/list_sink.hpp>
#include <rankwise/map_reduce/combine/part.hpp>
#include <rankwise/map_reduce/distributed.hpp>
#include <rankwise/map_reduce/input_files.hpp>
#include <rankwise/map_reduce/mapper_traits.hpp>
#include <rankwise/map_reduce/options.hpp>
#include <rankwise/pool.hpp>
#include <rankwise/readers/input.hpp>
#include <rankwise/readers/split.hpp>
#include <rankwise/task.hpp>
#include <rankwise/transport/machine.hpp>

#include <algorithm>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <iterator>
#include <memory>
#include <ranges>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace rankwise {
namespace combine {

/// Makes this rank's part, before anything is emitted anywhere.
template <class Key, class Value, class Combine>
struct begin_part {
  part_options options = {};
  combiner_kind combiner = combiner_kind::linear;
  std::vector<std::uint64_t> wanted = {};  // what else stays
  Combine combine = {};

  void operator()(task_context& context, std::uint32_t row) const {
    engine::rank_context& shared = access::context(context);
    shared.kept.keep_only(wanted);
    part_options mine = options;
    mine.group.row = row;
    shared.kept.add(options.channel, [&] { return make(mine, shared); });
  }

 private:
  std::unique_ptr<exchange::rank_object> make(const part_options& mine,
                                              engine::rank_context& shared) const {
    if constexpr (n_dense_keys<Key> != 0) {
      return std::make_unique<dense_part<Value, Combine>>(
          n_dense_keys<Key>, mine.channel, mine.group, combine, *shared.others, shared.cancelled);
    } else if (combiner == combiner_kind::cuckoo) {
      return std::make_unique<part<Value, Combine, cuckoo_table>>(
          mine, combine, *shared.others, shared.cancelled);
    } else {
      return std::make_unique<part<Value, Combine, linear_table>>(
          mine, combine, *shared.others, shared.cancelled);
    }
  }
};

/// Returns the items of a map_reduce: the inputs themselves, or the splits of files.
template <class Inputs>
auto& items_of(Inputs& inputs) {
  if constexpr (std::same_as<std::remove_const_t<Inputs>, input_files>) {
    return inputs.splits();
  } else {
    return inputs;
  }
}

/// Returns the number under which the ranks have the files of `inputs`; 0 if the inputs are no
/// files.
template <class Inputs>
std::uint64_t view_of(const Inputs& inputs) {
  if constexpr (std::same_as<Inputs, input_files>) {
    return inputs.number();
  } else {
    return 0;
  }
}

/// Calls the mapper with an input; a split is opened first.
template <class Input, class Mapper, class Emit>
void call_mapper(const Mapper& mapper,
                 task_context& context,
                 std::uint64_t view,
                 const Input& given,
                 Emit& emit) {
  if constexpr (std::same_as<Input, split>) {
    input text =
        view == 0 ? input::open(given)
                  : access::context(context).kept.template get<files::file_view>(view).open(given);
    if constexpr (std::is_invocable_v<const Mapper&, task_context&, input&, Emit&>) {
      mapper(context, text, emit);
    } else {
      mapper(text, emit);
    }
  } else if constexpr (std::is_invocable_v<const Mapper&, task_context&, const Input&, Emit&>) {
    mapper(context, given, emit);
  } else {
    mapper(given, emit);
  }
  emit.flush();
}

/// Runs the mapper on one input.
template <class Input, class Mapper>
struct map_input {
  static constexpr bool runs_once = true;

  std::uint64_t part = 0;
  std::uint64_t view = 0;  // of the files, where the inputs are splits of such; else 0
  Mapper mapper = {};

  void operator()(task_context& context, const Input& given) const {
    using emits = emitter_of<Mapper>;
    emits emit(
        access::context(context).kept.template get<keyed_part<typename emits::value_type>>(part));
    call_mapper(mapper, context, view, given, emit);
  }
};

/// Runs the mapper on one input; each value becomes a list of one.
template <class Input, class Mapper>
struct map_input_to_lists {
  static constexpr bool runs_once = true;

  std::uint64_t part = 0;
  std::uint64_t view = 0;  // of the files, where the inputs are splits of such; else 0
  Mapper mapper = {};

  void operator()(task_context& context, const Input& given) const {
    using emits = emitter_of<Mapper>;
    using value = typename emits::value_type;
    list_sink<value> lists(
        access::context(context).kept.template get<keyed_part<std::vector<value>>>(part));
    emits emit(lists);
    call_mapper(mapper, context, view, given, emit);
  }
};

/// A task that ends the maps: each key goes to its owner.
template <class Value>
struct finish_part {
  static constexpr bool runs_once = true;

  std::uint64_t part = 0;

  part_figures operator()(task_context& context, std::uint32_t /*row*/) const {
    auto& mine = access::context(context).kept.template get<keyed_part<Value>>(part);
    mine.finish();
    return mine.figures();
  }
};

/// Combines two lists: puts one behind the other.
struct append_list {
  template <class List>
  List operator()(List left, List right) const {
    left.insert(
        left.end(), std::make_move_iterator(right.begin()), std::make_move_iterator(right.end()));
    return left;
  }
};

/// Runs a whole map_reduce, which the user has called by `name`; `make_task(number)` is the task
/// that runs the mapper.
template <class Key, class Value, class Inputs, class MakeTask, class Combine>
distributed<Key, Value> run_map_reduce(const char* name,
                                       const pool& ranks,
                                       Inputs&& inputs,
                                       MakeTask make_task,
                                       const Combine& combine,
                                       const map_reduce_options& how) {
  static_cast<void>(wire::require_sendable<Key>());
  static_cast<void>(wire::require_sendable<Value>());
  engine::refuse_retry_of(name, ranks.options());
  engine::refuse_journal_of(name, ranks.options());
  if (how.combiner == combiner_kind::zynq && !can_front<Value, Combine>) {
    throw config_error(
        "--combiner zynq: adds up unsigned integers of at least 32 bits, which this program's "
        "values are not; accepted here: linear, cuckoo, none");
  }

  options quiet = ranks.options();
  quiet.quiet = true;
  quiet.on_error = on_error_kind::stop;  // ranks wait for each other there
  const pool own = access::within_call(ranks, access::number_call(ranks), quiet, name);
  engine::abstract_root& root = access::root(ranks);
  const auto number = root.object_numbers().add();
  part_options parts;
  parts.channel = *number;
  transport::machine& here = *root.context().machine;
  parts.hash_seed = here.draw();
  parts.memory_bytes = how.memory_bytes;
  parts.spill_directory = how.spill_directory;
  parts.combine_here =
      how.combiner == combiner_kind::linear || how.combiner == combiner_kind::cuckoo;
  parts.zynq = how.combiner == combiner_kind::zynq;
  parts.group.first_rank = ranks.first_worker();
  parts.group.n_rows = ranks.n_workers();
  own.on_each_rank(begin_part<Key, Value, Combine>{
      parts, how.combiner, root.object_numbers().wanted(), combine});
  own.with(ranks.options()).for_each(inputs, make_task(*number));
  map_reduce_statistics all;
  const core::duration mapped_at = here.now();
  for (const part_figures& one : own.on_each_rank(finish_part<Value>{*number})) {
    all.n_emitted += one.n_emitted;
    all.bytes_shuffled += one.bytes_shuffled;
    all.bytes_spilled += one.bytes_spilled;
    all.most_memory_bytes = std::max(all.most_memory_bytes, one.most_bytes);
  }
  all.merge_s = std::chrono::duration<double>(here.now() - mapped_at).count();
  root.note(all);
  return distributed<Key, Value>(access::as(own, "rankwise::distributed"), how, number, all);
}

}  // namespace combine

template <class Inputs, class Mapper, class Combine>
auto pool::map_reduce(Inputs&& inputs,
                      const Mapper& mapper,
                      const Combine& combine,
                      const map_reduce_options& how) const {
  auto& range = combine::items_of(inputs);
  using input_type = std::ranges::range_value_t<decltype(range)>;
  using emits = combine::emitter_of<Mapper>;
  using value = typename emits::value_type;
  if constexpr (!engine::require_travelling<Mapper>()) {
    return;
  } else if constexpr (engine::require_combine<Combine, value>()) {
    return combine::run_map_reduce<typename emits::key_type, value>(
        "pool::map_reduce",
        *this,
        range,
        [&, view = combine::view_of(inputs)](std::uint64_t number) {
          return combine::map_input<input_type, Mapper>{number, view, mapper};
        },
        combine,
        how);
  }
}

template <class Inputs, class Mapper, class Combine>
auto pool::map_reduce(Inputs&& inputs, const Mapper& mapper, const Combine& combine) const {
  return map_reduce(inputs, mapper, combine, map_reduce_options{});
}

template <class Inputs, class Mapper>
auto pool::group_by(Inputs&& inputs, const Mapper& mapper, const map_reduce_options& how) const {
  auto& range = combine::items_of(inputs);
  using input_type = std::ranges::range_value_t<decltype(range)>;
  using emits = combine::emitter_of<Mapper>;
  if constexpr (engine::require_travelling<Mapper>()) {
    return combine::run_map_reduce<typename emits::key_type,
                                   std::vector<typename emits::value_type>>(
        "pool::group_by",
        *this,
        range,
        [&, view = combine::view_of(inputs)](std::uint64_t number) {
          return combine::map_input_to_lists<input_type, Mapper>{number, view, mapper};
        },
        combine::append_list{},
        how);
  }
}

template <class Inputs, class Mapper>
auto pool::group_by(Inputs&& inputs, const Mapper& mapper) const {
  return group_by(inputs, mapper, map_reduce_options{});
}

}  // namespace rankwise
