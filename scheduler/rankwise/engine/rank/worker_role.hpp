// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/message.hpp>
#include <rankwise/core/types.hpp>
#include <rankwise/engine/call/call_header.hpp>
#include <rankwise/engine/call/chunk_scope.hpp>
#include <rankwise/engine/call/task_registry.hpp>
#include <rankwise/engine/rank/loss_settings.hpp>
#include <rankwise/engine/rank/rank_role.hpp>
#include <rankwise/engine/rank/rank_state.hpp>
#include <rankwise/engine/rank/root_watch.hpp>
#include <rankwise/engine/rank/task_watch.hpp>
#include <rankwise/error.hpp>
#include <rankwise/exchange/frame_reader.hpp>
#include <rankwise/exchange/outbox.hpp>
#include <rankwise/rank.hpp>
#include <rankwise/task.hpp>
#include <rankwise/wire/buffer.hpp>

#include <fmt/core.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace rankwise::engine {

/// What a worker does about messages: it takes chunks from the root, and sends reports when they
/// are due. If the job survives losses and the root is lost, it ends its process.
///
/// Local: nothing blocks; the caller holds the lock of the rank.
class worker_role final : public rank_role {
 public:
  worker_role(rank_state& state, const rank_context& context, loss_settings losses)
      : state_(&state),
        context_(&context),
        losses_(std::move(losses)),
        root_watch_(losses_, state.machine) {}

  void on_frame(rank_id from, exchange::frame_reader& frame, core::duration at) override {
    if (from != root_rank) {
      throw wire::decode_error(
          fmt::format("rank {} sent what the root alone may send", static_cast<int>(from)));
    }
    root_watch_.on_message(at);
    core::any_order order;
    std::span<const std::byte> payload;
    while (frame.next(order, payload)) {
      std::visit([&](const auto& body) { on_order(frame.incarnation(), body, payload); }, order);
    }
  }

  void on_report(const core::any_report& report, wire::bytes& buffer) override {
    std::visit(
        [&](const auto& body) { to_root().add_buffer(state_->worker.incarnation(), body, buffer); },
        report);
  }

  void on_poll(core::duration at) override {
    if (losses_.survives()) {
      if (!state_->is_job_over) leave_if_root_is_lost(at);
      report_overrun(at);
      if (state_->is_job_over) return leave(at);
      send_heartbeat(at);
    }
    if (!state_->worker.should_send(to_root().n_messages(), at - sent_at_)) return;
    send(at);
  }

  std::shared_ptr<chunk_runner> find_call(std::uint32_t call) override {
    const auto known = calls_.find(call);
    return known == calls_.end() ? nullptr : known->second;
  }

  bool is_over() const override { return state_->is_job_over; }

  /// A worker whose job is over waits for so long at most for what it still has to send.
  static constexpr core::duration patience = std::chrono::milliseconds(500);

 private:
  /// A call that the root has told this rank of.
  class known_call final : public chunk_runner {
   public:
    known_call(const call_header& header, std::unique_ptr<remote_call> code)
        : header_(header), code_(std::move(code)) {}

    const call_header& header() const override { return header_; }

    void run_chunk(chunk_scope& scope, std::span<const std::byte> inputs) override {
      code_->run(scope, inputs);
    }

   private:
    call_header header_;
    std::unique_ptr<remote_call> code_;
  };

  void on_order(core::incarnation_number incarnation,
                const core::orders::grant& order,
                std::span<const std::byte> inputs) {
    state_->worker.on_grant(incarnation, order, wire::bytes(inputs.begin(), inputs.end()));
  }

  void on_order(core::incarnation_number incarnation,
                const core::orders::settle& order,
                std::span<const std::byte> /*payload*/) {
    state_->settle_orders.push_back({incarnation, order});
  }

  void on_order(core::incarnation_number incarnation,
                const core::orders::begin_call& order,
                std::span<const std::byte> payload) {
    wire::reader reader(payload);
    std::vector<std::uint32_t> others;
    for (auto n = reader.take_value<std::uint32_t>(); n != 0; --n)
      others.push_back(reader.take_value<std::uint32_t>());
    const auto header = reader.take_value<call_header>();
    const task_registry::factory make = task_registry::instance().find(header.name_hash);
    if (make == nullptr)
      throw wire::decode_error("a call of a task that this program does not have");
    state_->worker.begin(order.call, incarnation, header.priority, others);
    std::erase_if(calls_, [&](const auto& known) { return !state_->worker.knows(known.first); });
    calls_[order.call] =
        std::make_shared<known_call>(header, make(reader.take(reader.remaining())));
  }

  void on_order(core::incarnation_number incarnation,
                const core::orders::cancel& order,
                std::span<const std::byte> /*payload*/) {
    for (const core::reports::returned& returned : state_->worker.on_cancel(incarnation, order))
      report(returned);
  }

  void on_order(core::incarnation_number incarnation,
                const core::orders::split& order,
                std::span<const std::byte> /*payload*/) {
    state_->worker.on_split(incarnation, order);
  }

  void on_order(core::incarnation_number /*incarnation*/,
                const core::orders::shutdown& /*order*/,
                std::span<const std::byte> /*payload*/) {
    state_->is_job_over = true;
  }

  void on_order(core::incarnation_number incarnation,
                const core::orders::heartbeat& /*order*/,
                std::span<const std::byte> lost) {
    state_->worker.begin_incarnation(incarnation);
    expect_all_but(lost);
  }

  exchange::outbox& to_root() { return state_->links.outbox_to(root_rank); }

  template <class Report>
  void report(const Report& report) {
    to_root().add(state_->worker.incarnation(), report);
  }

  void send(core::duration at) {
    if (to_root().has_calls()) reported_at_ = at;
    to_root().send();
    sent_at_ = at;
  }

  /// `lost` are the ranks that the root has given up; all others are there.
  void expect_all_but(std::span<const std::byte> lost) {
    const std::size_t n_ranks = state_->links.n_ranks();
    std::vector<char> is_there(n_ranks, 1);
    wire::reader reader(lost);
    while (reader.remaining() != 0) {
      const auto row = reader.take_value<std::uint32_t>();
      if (row >= n_ranks)
        throw wire::decode_error(fmt::format("rank {} of {} is lost", row, n_ranks));
      is_there[row] = 0;
    }
    for (std::size_t row = 1; row < n_ranks; ++row) {
      if (to_rank(row) != context_->rank) state_->links.expect(to_rank(row), is_there[row] != 0);
    }
  }

  std::optional<running_task> running_task_now() const {
    // Acquired: the others are no older than that.
    if (!context_->is_in_chunk.load(std::memory_order_acquire)) return std::nullopt;
    return running_task{core::duration(context_->running_since.load(std::memory_order_relaxed)),
                        core::duration(context_->task_limit.load(std::memory_order_relaxed))};
  }

  void report_overrun(core::duration at) {
    if (!task_watch_.on_poll(at, running_task_now())) return;
    const auto overran = state_->worker.overran(context_->running.load());
    if (!overran) return;  // of an earlier call or incarnation: heartbeats say that it is stuck
    report(*overran);
    send(at);
  }

  void send_heartbeat(core::duration at) {
    if (at - reported_at_ < losses_.heartbeat()) return;
    report(core::reports::heartbeat{task_watch_.is_stuck(running_task_now())});
    send(at);
  }

  /// The job is over: says so once, and does not wait long for a task that nobody wants.
  void leave(core::duration at) {
    if (!left_at_) {
      left_at_ = at;
      report(core::reports::departed{});
      send(at);
    }
    if (at - *left_at_ > patience && state_->links.all_sent()) state_->machine.end_process(0);
  }

  void leave_if_root_is_lost(core::duration at) {
    const std::string reason = root_watch_.on_poll(at);
    if (reason.empty()) return;
    state_->machine.end_process(static_cast<int>(exit_status::failed_job),
                                fmt::format("rankwise: rank {} on {} leaves: {}\n",
                                            static_cast<int>(context_->rank),
                                            context_->host,
                                            reason));
  }

  rank_state* state_;
  const rank_context* context_;
  loss_settings losses_;
  root_watch root_watch_;
  task_watch task_watch_;
  std::map<std::uint32_t, std::shared_ptr<known_call>> calls_;  // that are under way, by number
  core::duration sent_at_{};
  core::duration reported_at_{};  // what goes through channels does not tell the root that it lives
  std::optional<core::duration> left_at_;
};

}  // namespace rankwise::engine
