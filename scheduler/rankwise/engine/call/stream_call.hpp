// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/stream_window.hpp>
#include <rankwise/core/types.hpp>
#include <rankwise/engine/call/call_base.hpp>
#include <rankwise/engine/call/chunk_scope.hpp>
#include <rankwise/engine/call/invoke_task.hpp>
#include <rankwise/engine/call/mean_bytes.hpp>
#include <rankwise/engine/call/outputs.hpp>
#include <rankwise/engine/call/require_sink.hpp>
#include <rankwise/engine/call/root_call.hpp>
#include <rankwise/engine/call/run_items.hpp>
#include <rankwise/engine/call/shared_values.hpp>
#include <rankwise/engine/call/source_reader.hpp>
#include <rankwise/engine/call/stream_items.hpp>
#include <rankwise/engine/call/task_registry.hpp>
#include <rankwise/engine/call/travelling.hpp>
#include <rankwise/transport/machine.hpp>
#include <rankwise/wire/buffer.hpp>
#include <rankwise/wire/codec.hpp>

#include <boost/core/demangle.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <typeinfo>
#include <utility>
#include <vector>

namespace rankwise::engine {

/// `pool::stream`: items come one by one from a source, and results go one by one to a sink, while
/// the call is under way.
template <class Input, class Task, class Result, class Sink>
class stream_call final : public root_call {
  static constexpr bool has_sink = !std::is_same_v<Sink, no_sink>;
  using kept_result = std::conditional_t<has_sink, Result, void>;
  using items = stream_items<Input, kept_result>;

 public:
  class remote final : public remote_base<remote, std::vector<Input>, Task> {
   public:
    explicit remote(std::span<const std::byte> call)
        : remote_base<remote, std::vector<Input>, Task>(call) {}

    void run(chunk_scope& scope, std::span<const std::byte> inputs) override {
      output_elsewhere output;
      this->run_here(scope, inputs, output);
    }
  };

  /// `next()` is called on a thread of its own; it returns the next item, or nothing at the end. If
  /// the call `ends_at_failure`, nothing goes to the sink in order behind an item that fails.
  template <class Next>
  stream_call(transport::machine& machine,
              const Task& task,
              Sink& sink,
              const core::stream_window& window,
              bool in_order,
              bool ends_at_failure,
              bool is_quiet,
              Next next)
      : machine_(machine),
        task_(task),
        sink_(&sink),
        window_(window),
        in_order_(in_order),
        ends_at_failure_(ends_at_failure),
        reader_(
            machine,
            [this, next](std::uint64_t index) {
              std::optional<Input> item = next();
              if (!item) return false;
              input_bytes_.look(*item);
              items_.add(index, std::move(*item));
              return true;
            },
            is_quiet) {}

  std::uint64_t n_items() const override { return 0; }

  bool is_open() const override { return true; }

  growth grow(std::uint64_t n_waiting) override {
    const bool is_closed = reader_.is_over();
    const growth made{reader_.n_read() - n_known_, is_closed};
    n_known_ += made.n_new;
    items_.note_added(n_known_);
    window_.look(n_known_ - items_.n_over(), n_waiting + made.n_new, n_ready_, item_bytes());
    if (is_enough_ || has_failed_) return made;
    reader_.allow(std::min(items_.n_over() + window_.size(), items_.end_of_room()));
    return made;
  }

  std::uint64_t name_hash() const override { return registration<remote>::name_hash(); }

  bool may_draw() const override { return takes_context<Task, Input>; }

  bool may_have_twins() const override { return false; }  // what is done is not kept for them

  std::string task_name() const override { return boost::core::demangle(typeid(Task).name()); }

  void encode_call(wire::bytes& out) const override { travelling<Task>::encode(task_, out); }

  void require_shared_values(const abstract_root& root) const override {
    require_shared_values_of(root, task_);
  }

  void encode_inputs(core::item_range range, wire::bytes& out) const override {
    wire::encoder<Input> encoder(out);
    for (std::uint64_t index = range.first; index != range.end(); ++index)
      encoder.put(items_.input(index));
  }

  void take(core::item_range range, std::span<const std::byte> results) override {
    if constexpr (!std::is_void_v<kept_result>) {
      wire::decoder<Result> decoder(results);
      for (std::uint64_t index = range.first; index != range.end(); ++index)
        items_.put(index, decoder.get());
    }
  }

  void on_counted(core::item_range range) override {
    if constexpr (has_sink) {
      for (std::uint64_t index = range.first; index != range.end(); ++index)
        result_bytes_.look(items_.result_of(index));
    }
    end_as(range, stream_item_state::done);
  }

  void on_failed(const task_failure& failure) override {
    if (ends_at_failure_) {
      has_failed_ = true;
    } else {
      end_as({failure.index, 1}, stream_item_state::failed);
    }
  }

  bool is_satisfied() const override { return is_enough_ || reader_.failure() != nullptr; }

  bool take_results() override {
    for (const core::item_range& range : std::exchange(delivered_, {})) {
      items_.release(range);
      n_ready_ -= range.count;
    }
    if (undelivered_.empty()) {
      std::swap(undelivered_, ready_);
      std::reverse(undelivered_.begin(), undelivered_.end());
    }
    return !undelivered_.empty() && !is_enough_;
  }

  bool has_results() const override { return n_ready_ != 0 && !is_enough_; }

  void deliver() override {
    if constexpr (has_sink) {
      core::duration begun = machine_.now();
      const core::duration until = begun + at_a_time;
      while (!undelivered_.empty() && !is_enough_) {
        core::item_range& next = undelivered_.back();
        const core::item_range now{next.first, std::min(next.count, n_between_looks_)};
        give(now);
        delivered_.push_back(now);
        next = {now.end(), next.count - now.count};
        if (next.count == 0) undelivered_.pop_back();
        const core::duration at = machine_.now();
        if (at - begun > at_a_time / 16) {
          n_between_looks_ = 1;
        } else if (at - begun < at_a_time / 64 && now.count == n_between_looks_) {
          n_between_looks_ = std::min(2 * n_between_looks_, most_between_looks);
        }
        begun = at;
        if (at >= until) return;
      }
    }
  }

  void run(chunk_scope& scope) override {
    inputs_here inputs{&items_};
    if constexpr (has_sink) {
      output_here output{&items_};
      run_items(scope, task_, inputs, output);
    } else {
      no_output output;
      run_items(scope, task_, inputs, output);
    }
  }

  std::uint64_t n_thrown_away() const override { return is_enough_ ? n_known_ - n_delivered_ : 0; }

  /// The call is over, `why` it has failed if it has: the source is not read any more.
  ///
  /// Throws: what sink or source have thrown.
  void finish(const std::string& why = {}) {
    reader_.stop(why);
    if (sink_failure_) std::rethrow_exception(sink_failure_);
    if (reader_.failure()) std::rethrow_exception(reader_.failure());
  }

  /// The job can't go on: it does not wait for its source.
  void leave(const std::string& why) { reader_.stop_or_end_process(why); }

  /// The sink has had enough.
  bool is_enough() const { return is_enough_; }

  /// Items that the source has given.
  std::uint64_t n_read() const { return reader_.n_read(); }

  /// Items that were done or failed.
  std::uint64_t n_over() const { return n_over_; }

  /// Results that the sink has been called with.
  std::uint64_t n_delivered() const { return n_delivered_; }

 private:
  using output_elsewhere = std::conditional_t<has_sink, encoded_output<Result>, no_output>;

  /// So long is the sink called before the root looks at other things.
  static constexpr core::duration at_a_time = std::chrono::milliseconds(2);
  static constexpr std::uint64_t most_between_looks = 1024;

  struct inputs_here {
    const stream_items<Input, kept_result>* from;

    const Input& next(std::uint64_t index) const { return from->input(index); }
  };

  struct output_here {
    using value_type = Result;
    static constexpr const char* no_settling = nullptr;

    stream_items<Input, kept_result>* to;

    void open(chunk_scope& /*scope*/) {}

    void close(chunk_scope& /*scope*/) {}

    template <class Value>
    void put(std::uint64_t index, Value&& value) {
      to->put(index, std::forward<Value>(value));
    }
  };

  std::uint64_t item_bytes() const {
    if constexpr (has_sink) return items::slot_bytes + input_bytes_.get() + result_bytes_.get();
    return items::slot_bytes + input_bytes_.get();
  }

  void end_as(core::item_range range, stream_item_state state) {
    for (std::uint64_t index = range.first; index != range.end(); ++index)
      items_.end_as(index, state);
    n_over_ += range.count;
    if (!has_sink) return items_.release(range);
    if (!in_order_) return make_ready(range);
    if (range.first != in_order_up_to_) return;
    std::uint64_t end = range.end();
    while (end != n_known_ && items_.state(end) != stream_item_state::under_way) ++end;
    make_ready({in_order_up_to_, end - in_order_up_to_});
    in_order_up_to_ = end;
  }

  void make_ready(core::item_range range) {
    n_ready_ += range.count;
    if (!ready_.empty() && ready_.back().end() == range.first) {
      ready_.back().count += range.count;
    } else {
      ready_.push_back(range);
    }
  }

  void give(core::item_range range) {
    try {
      for (std::uint64_t index = range.first; index != range.end() && !is_enough_; ++index) {
        if (items_.state(index) == stream_item_state::failed) continue;
        ++n_delivered_;
        is_enough_ = !give(index, items_.take(index));
      }
    } catch (...) {
      sink_failure_ = std::current_exception();
      is_enough_ = true;
    }
  }

  /// Returns whether the sink wants more.
  bool give(std::uint64_t index, typename items::result result) {
    const auto call = [&]() -> decltype(auto) {
      if constexpr (std::is_invocable_v<Sink&, std::uint64_t, typename items::result>) {
        return std::invoke(*sink_, index, std::move(result));
      } else {
        return std::invoke(*sink_, std::move(result));
      }
    };
    if constexpr (std::is_same_v<std::remove_cvref_t<decltype(call())>, bool>) {
      return call();
    } else {
      call();
      return true;
    }
  }

  transport::machine& machine_;
  Task task_;
  Sink* sink_;
  core::stream_window window_;
  bool in_order_;
  bool ends_at_failure_;
  bool has_failed_ = false;  // and nothing more is wanted
  items items_;
  mean_bytes<Input> input_bytes_;
  std::conditional_t<has_sink, mean_bytes<Result>, no_sink> result_bytes_;
  std::uint64_t n_known_ = 0;         // items that the source has given, as far as they were seen
  std::uint64_t n_over_ = 0;          // done or failed
  std::uint64_t n_ready_ = 0;         // for the sink
  std::uint64_t in_order_up_to_ = 0;  // all items before that one are over
  std::vector<core::item_range> ready_;        // over, and not taken by the computing thread yet
  std::vector<core::item_range> undelivered_;  // taken by it; the next is the last
  std::vector<core::item_range> delivered_;    // and to be released
  std::uint64_t n_between_looks_ = 1;
  std::atomic<std::uint64_t> n_delivered_ = 0;
  std::atomic<bool> is_enough_ = false;  // for the sink
  std::exception_ptr sink_failure_;
  source_reader reader_;  // last: it uses the others
};

}  // namespace rankwise::engine
