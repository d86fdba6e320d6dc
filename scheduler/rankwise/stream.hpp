// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/stream_window.hpp>
#include <rankwise/engine/call/item_source.hpp>
#include <rankwise/engine/call/require_sink.hpp>
#include <rankwise/engine/call/require_task.hpp>
#include <rankwise/engine/call/stream_call.hpp>
#include <rankwise/engine/rank/cannot_go_on.hpp>
#include <rankwise/error.hpp>
#include <rankwise/pool.hpp>

#include <cstdint>
#include <type_traits>

namespace rankwise {

/// How a stream runs.
struct stream_options {
  /// Items that are between source and sink at most. 0: as many as keep the ranks at work, and
  /// 16 MiB of them, but some for each rank at least.
  std::uint64_t in_flight = 0;
  bool in_order = true;  ///< the sink gets results in the order of the source; else as they come
};

/// What a stream has done.
struct stream_report {
  std::uint64_t n_read = 0;         ///< items that the source has given
  std::uint64_t n_done = 0;         ///< items whose tasks have ended, failed ones among them
  std::uint64_t n_delivered = 0;    ///< results that the sink has been called with
  std::uint64_t n_thrown_away = 0;  ///< items that nobody wanted, since the sink had enough
};

template <class Source, class Task, class Sink>
stream_report pool::stream(Source&& source,
                           const Task& task,
                           Sink&& sink,
                           const stream_options& how) const {
  using item = engine::source_item<Source>;
  using sink_type = std::remove_reference_t<Sink>;
  if constexpr (!engine::require_task<Task, item>()) {
    return {};
  } else if constexpr (!engine::require_sink<Task, item, sink_type>()) {
    return {};
  } else {
    using result = std::remove_cvref_t<engine::task_result_t<Task, item>>;
    auto items = engine::open_source<item>(source);
    engine::stream_call<item, Task, result, sink_type> call(
        *root_->context().machine,
        task,
        sink,
        core::stream_window(how.in_flight, n_workers()),
        how.in_order,
        options_.on_error != on_error_kind::collect,
        options_.quiet,
        [&items] { return items.next(); });
    try {
      run(call, "pool::stream");
    } catch (const engine::cannot_go_on& error) {
      call.leave(error.what());
      throw;
    } catch (const task_error& error) {
      call.finish(error.what());
      throw;
    }
    call.finish();
    stream_report done{call.n_read(), call.n_over(), call.n_delivered()};
    if (call.is_enough()) done.n_thrown_away = done.n_read - done.n_delivered;
    return done;
  }
}

template <class Source, class Task, class Sink>
stream_report pool::stream(Source&& source, const Task& task, Sink&& sink) const {
  return stream(source, task, sink, stream_options{});
}

template <class Source, class Task>
stream_report pool::stream(Source&& source, const Task& task) const {
  engine::no_sink none;
  return stream(source, task, none, stream_options{});
}

}  // namespace rankwise
