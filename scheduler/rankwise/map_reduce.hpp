// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/emitter.hpp>
#include <rankwise/engine/access.hpp>
#include <rankwise/files/open_split.hpp>
#include <rankwise/map_reduce/combine/dense_part.hpp>
#include <rankwise/map_reduce/combine/key_codec.hpp>
#include <rankwise/map_reduce/combine/keyed_part.hpp>
#include <rankwise/map_reduce/combine/list_sink.hpp>
#include <rankwise/map_reduce/combine/zynq_front.hpp>
#include <rankwise/map_reduce/distributed.hpp>
#include <rankwise/map_reduce/input_files.hpp>
#include <rankwise/map_reduce/make_part.hpp>
#include <rankwise/map_reduce/map_reduce_run.hpp>
#include <rankwise/map_reduce/mapper_traits.hpp>
#include <rankwise/map_reduce/options.hpp>
#include <rankwise/pool.hpp>
#include <rankwise/readers/input.hpp>
#include <rankwise/readers/split.hpp>
#include <rankwise/task.hpp>

#include <algorithm>
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
    } else {
      return make_part<Value>(combiner, mine, combine, *shared.others, shared.cancelled);
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
    input text = files::open_split(access::context(context), view, given);
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

  const Mapper& carried_task() const { return mapper; }

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

  const Mapper& carried_task() const { return mapper; }

  void operator()(task_context& context, const Input& given) const {
    using emits = emitter_of<Mapper>;
    using value = typename emits::value_type;
    list_sink<value> lists(
        access::context(context).kept.template get<keyed_part<std::vector<value>>>(part));
    emits emit(lists);
    call_mapper(mapper, context, view, given, emit);
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
  const map_reduce_run run = begin_map_reduce(name, ranks, how, can_front<Value, Combine>);
  run.own.on_each_rank(begin_part<Key, Value, Combine>{
      run.parts, how.combiner, access::root(ranks).object_numbers().wanted(), combine});
  run.own.with(ranks.options()).for_each(inputs, make_task(*run.number));
  const map_reduce_statistics all = finish_map_reduce(run);
  return distributed<Key, Value>(
      access::as(run.own, "rankwise::distributed"), how, run.number, all);
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
