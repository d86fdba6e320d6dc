// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/pipeline_layout.hpp>
#include <rankwise/core/pipeline_node.hpp>
#include <rankwise/engine/call/failure_text.hpp>
#include <rankwise/engine/call/task_threw.hpp>
#include <rankwise/exchange/channels.hpp>
#include <rankwise/exchange/rank_objects.hpp>
#include <rankwise/pipeline/message.hpp>
#include <rankwise/pipeline/stage_runner.hpp>
#include <rankwise/task.hpp>
#include <rankwise/transport/backoff.hpp>
#include <rankwise/wire/buffer.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

namespace rankwise::engine {

/// What a stage has done on one of its ranks, in one run.
struct seat_figures {
  std::uint32_t stage = 0;
  std::uint64_t n_items = 0;  ///< failed ones too
  double busy_s = 0;          ///< in the stage
};

/// A stage has failed for an item, there.
struct stage_failure {
  std::uint32_t stage = 0;
  std::uint64_t item = 0;
  rank_id rank = root_rank;
  task_threw threw;
};

/// The stages of a pipeline that run on one rank, and what passes between them and the other ranks.
/// Runs have numbers, which the root gives, each a larger one: what is left of a run that has ended
/// in whatever way is of no use to the next, and a rank that comes later to a run finds what was
/// sent to it meanwhile.
class stages_on_rank final : public exchange::rank_object {
 public:
  using node = core::pipeline_node<exchange::channel_message>;

  /// Where this rank is the root, it is told of each failure.
  using failure_handler = std::function<void(stage_failure)>;

  stages_on_rank(rank_context& context,
                 std::uint64_t channel,
                 core::pipeline_layout layout,
                 std::map<std::uint32_t, std::unique_ptr<stage_runner>> runners)
      : context_(&context),
        channel_(channel),
        layout_(std::move(layout)),
        runners_(std::move(runners)) {
    context_->others->open(channel_, [this](exchange::channel_message& what) { take(what); });
  }

  stages_on_rank(const stages_on_rank&) = delete;
  stages_on_rank& operator=(const stages_on_rank&) = delete;
  stages_on_rank(stages_on_rank&&) = delete;
  stages_on_rank& operator=(stages_on_rank&&) = delete;

  ~stages_on_rank() override { context_->others->close(channel_); }

  /// A run is under way here while this lives.
  class run_scope {
   public:
    run_scope(stages_on_rank& seats, std::uint64_t run) : seats_(&seats) { seats.begin(run); }

    run_scope(const run_scope&) = delete;
    run_scope& operator=(const run_scope&) = delete;
    run_scope(run_scope&&) = delete;
    run_scope& operator=(run_scope&&) = delete;

    ~run_scope() { seats_->end(); }

   private:
    stages_on_rank* seats_;
  };

  /// On a rank that is not the root: works until the root says that `run` is over; a rank without a
  /// stage has nothing to do. A stage that throws is called up to `retries` times more for the
  /// item.
  ///
  /// Throws: std::runtime_error if the call is cancelled meanwhile.
  std::vector<seat_figures> serve(std::uint64_t run, std::uint32_t retries) {
    const run_scope under_way(*this, run);
    context_->running = rank_context::no_item;
    transport::backoff idle(*context_->machine);
    idle.reset(context_->machine->now());
    while (!is_over_ && !runners_.empty()) {
      const bool heard = poll();
      if (work_once(retries) || heard) {
        idle.reset(context_->machine->now());
      } else {
        idle.wait(context_->machine->now());
      }
    }
    return figures();
  }

  /// The machine that this rank runs on.
  transport::machine& machine() const { return *context_->machine; }

  /// Sends what is due, and takes what has come; false where that is nothing.
  bool poll() {
    if (context_->cancelled.load(std::memory_order_relaxed))
      throw std::runtime_error("the call was cancelled");
    deliver();
    return context_->others->poll();
  }

  /// Sends on what may go.
  void deliver() {
    while (std::optional<node::delivery> out = node_->next_delivery()) {
      const bool is_failed_item = out->what.is_failed_item;
      post(out->to,
           {is_failed_item ? pipeline_subject::kind::failed_item : pipeline_subject::kind::parcel,
            out->what.stage,
            out->what.item},
           is_failed_item ? new_message() : std::move(out->what.payload.frame));
    }
  }

  /// Runs one stage on one item; false where there is none.
  bool work_once(std::uint32_t retries) {
    deliver();
    std::optional<node::job> job = node_->next_job();
    if (!job) return false;
    const std::uint32_t stage = job->what.stage;
    if (job->tell_begun) {
      wire::bytes last_took = new_message();
      wire::append_value(last_took, job->last_took);
      post(job->from, {pipeline_subject::kind::begun, stage, job->what.item}, std::move(last_took));
    }
    if (job->what.is_failed_item) {
      node_->hand_on({stage + 1, job->what.item, {}, true});
    } else {
      run_stage(std::move(job->what), retries);
    }
    deliver();
    return true;
  }

  /// On the root: the run is over, also for the other ranks.
  std::vector<seat_figures> end_run() {
    std::vector<rank_id> told;
    for (const std::vector<rank_id>& ranks : layout_.stages) {
      for (const rank_id rank : ranks) {
        if (rank == context_->rank || std::find(told.begin(), told.end(), rank) != told.end())
          continue;
        told.push_back(rank);
        post(rank, {pipeline_subject::kind::over, 0, 0}, new_message());
      }
    }
    return figures();
  }

  /// Where a value for a stage begins in a message of this run.
  static constexpr std::size_t value_at = exchange::channel_headroom + sizeof(std::uint64_t);

  /// The beginning of a message of this run.
  wire::bytes new_message() const {
    wire::bytes content = exchange::channels::new_message();
    wire::append_value(content, run_);
    return content;
  }

  /// Until the run ends.
  void on_failure(failure_handler handler) { on_failure_ = std::move(handler); }

  node& parcels() { return *node_; }

 private:
  /// Only the sink knows that an item counts.
  static constexpr const char* no_settling =
      "a stage of a pipeline, whose results go to other ranks before it is known whether they "
      "count: "
      "what must count once belongs into the sink";

  /// A message of a run that has not begun here.
  struct early_message {
    std::uint64_t run;
    exchange::channel_message what;
  };

  void begin(std::uint64_t run) {
    run_ = run;
    is_over_ = false;
    node_.emplace(layout_, context_->rank);
    for (early_message& one : std::exchange(early_, {})) take(one.run, one.what);
  }

  void end() {
    node_.reset();
    figures_.clear();
    on_failure_ = {};
  }

  void post(rank_id to, const pipeline_subject& subject, wire::bytes content) {
    context_->others->post(to, channel_, subject.encode(), std::move(content));
  }

  void take(exchange::channel_message& what) {
    const auto run = wire::reader(what.content()).take_value<std::uint64_t>();
    what.at += sizeof run;
    take(run, what);
  }

  void take(std::uint64_t run, exchange::channel_message& what) {
    if (run > run_) early_.push_back({run, std::move(what)});
    if (run != run_ || !node_) return;
    const pipeline_subject subject = pipeline_subject::decode(what.subject);
    switch (subject.what) {
      case pipeline_subject::kind::parcel:
        node_->arrive(what.from, {subject.stage, subject.item, std::move(what), false});
        break;
      case pipeline_subject::kind::failed_item:
        node_->arrive(what.from, {subject.stage, subject.item, {}, true});
        break;
      case pipeline_subject::kind::begun:
        node_->begun(
            what.from, subject.stage, wire::reader(what.content()).take_value<core::duration>());
        break;
      case pipeline_subject::kind::failed:
        if (on_failure_) {
          on_failure_(
              {subject.stage, subject.item, what.from, failure_text::decode(what.content())});
        }
        break;
      case pipeline_subject::kind::over:
        is_over_ = true;
        break;
    }
  }

  void run_stage(core::parcel<exchange::channel_message> what, std::uint32_t retries) {
    const core::duration begun = context_->machine->now();
    wire::bytes output = new_message();
    std::optional<task_threw> threw;
    context_->running = what.item;
    for (std::uint32_t attempt = 0;; ++attempt) {
      threw.reset();
      output.resize(value_at);
      context_->again = attempt != 0;
      try {
        task_context context(*context_, what.item, no_settling);
        runners_.at(what.stage)->run(context, what.payload.content(), output);
      } catch (...) {
        threw = describe_exception();
      }
      if (!threw || attempt == retries) break;
    }
    context_->running = rank_context::no_item;
    const core::duration took = context_->machine->now() - begun;
    node_->measured(what.stage, took);
    seat_figures& done = figures_[what.stage];
    ++done.n_items;
    done.busy_s += std::chrono::duration<double>(took).count();
    if (!threw) {
      node_->hand_on({what.stage + 1,
                      what.item,
                      exchange::channel_message{context_->rank, 0, std::move(output), value_at},
                      false});
    } else {
      tell_failure({what.stage, what.item, context_->rank, std::move(*threw)});
      node_->hand_on({what.stage + 1, what.item, {}, true});
    }
  }

  void tell_failure(stage_failure failure) {
    if (context_->rank == root_rank) {
      if (on_failure_) on_failure_(std::move(failure));
      return;
    }
    wire::bytes content = new_message();
    const std::vector<std::byte> text = failure_text::encode(failure.threw);
    wire::append(content, text.data(), text.size());
    post(root_rank,
         {pipeline_subject::kind::failed, failure.stage, failure.item},
         std::move(content));
  }

  /// What this rank has done in this run.
  std::vector<seat_figures> figures() {
    std::vector<seat_figures> all;
    for (const auto& [stage, runner] : runners_) {
      all.push_back(figures_[stage]);
      all.back().stage = stage;
    }
    return all;
  }

  rank_context* context_;
  std::uint64_t channel_;
  core::pipeline_layout layout_;
  std::map<std::uint32_t, std::unique_ptr<stage_runner>> runners_;  // by stage
  std::map<std::uint32_t, seat_figures> figures_;                   // by stage
  std::optional<node> node_;                                        // none: no run is under way
  failure_handler on_failure_;
  std::uint64_t run_ = 0;  // the one under way, or the last
  bool is_over_ = false;
  std::vector<early_message> early_;
};

}  // namespace rankwise::engine
