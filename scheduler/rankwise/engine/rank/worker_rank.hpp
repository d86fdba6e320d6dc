// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/listening_clock.hpp>
#include <rankwise/core/message.hpp>
#include <rankwise/engine/call/task_registry.hpp>
#include <rankwise/engine/rank/cannot_go_on.hpp>
#include <rankwise/engine/rank/rank_engine.hpp>
#include <rankwise/error.hpp>
#include <rankwise/exchange/outbox.hpp>
#include <rankwise/process/write_now.hpp>
#include <rankwise/transport/endpoint.hpp>
#include <rankwise/wire/buffer.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unistd.h>
#include <vector>

namespace rankwise::engine {

/// A rank that is not the root: it runs what the root sends, until the root says that the job is
/// over. Where the job survives losses and the root is lost, it ends its process.
class worker_rank final : public rank_engine {
 public:
  explicit worker_rank(transport::endpoint& endpoint, const loss_settings& how = {})
      : rank_engine(endpoint, how) {
    if (survives() && !how.processes.empty()) root_process_->add(root_rank, how.processes.front());
  }

  worker_rank(const worker_rank&) = delete;
  worker_rank& operator=(const worker_rank&) = delete;
  worker_rank(worker_rank&&) = delete;
  worker_rank& operator=(worker_rank&&) = delete;

  ~worker_rank() override { stop_helper_thread(); }

  /// What its tasks share.
  const rank_context& around() const { return around_; }

  /// Returns when the job is over.
  ///
  /// Throws: cannot_go_on if MPI fails, or a message or value can't be read.
  void serve() {
    or_bring_down([&] {
      work();
      stop_helper_thread();
      let_go();
      transport::backoff idle(machine_);
      const core::duration begun = machine_.now();
      const auto is_done = [&] {
        return endpoint_.all_sent() || (survives() && machine_.now() - begun > patience);
      };
      while (!is_done()) idle.wait(machine_.now());
    });
  }

 private:
  struct active_call {
    call_header header;
    std::unique_ptr<remote_call> code;
  };

  bool is_over() const override { return is_job_over_; }

  const call_header& begin_chunk() override {
    running_ = call_;
    return running_->header;
  }

  void run(chunk_scope& scope, const chunk& next) override {
    running_->code->run(scope, next.payload);
  }

  void respond(core::duration at) override {
    exchange::outbox& to_root = outbox_to(root_rank);
    if (survives()) {
      watch_root(at);
      watch_task(at);
      if (is_job_over_) return leave(at);
      if (at - sent_at_ >= heartbeat()) {
        core::message alive = worker_.about(core::message_kind::alive, 0, {});
        alive.flag = is_stuck();
        to_root.add(worker_.incarnation(), alive);
        to_root.send();
        sent_at_ = at;
      }
    }
    if (!worker_.should_send(to_root.n_messages(), at - sent_at_)) return;
    to_root.send();
    sent_at_ = at;
  }

  void watch_root(core::duration at) {
    const core::duration silence = listened_.look(at) - root_heard_;
    if (is_job_over_ || at < next_watch_) return;
    next_watch_ = at + watch_interval;
    if (!root_process_->ended().empty()) end_process("the root's process has ended");
    if (silence > timeout()) {
      end_process(fmt::format("the root has been silent for {:.0f} s",
                              std::chrono::duration<double>(timeout()).count()));
    }
  }

  void watch_task(core::duration at) {
    worked_.look(at);
    if (!around_.is_in_chunk || running_->header.task_limit.count() == 0 || is_stuck()) return;
    const core::duration since{around_.running_since.load(std::memory_order_relaxed)};
    if (since != watched_since_) {
      watched_since_ = since;
      watched_from_ = worked_.counted() - std::min(at - since, worked_.longest_look());
    }
    const core::duration elapsed = worked_.counted() - watched_from_;
    if (elapsed <= running_->header.task_limit) return;
    stuck_since_ = since;
    const std::optional<std::uint64_t> under_way = worker_.under_way_id();
    if (!under_way) return;  // of an earlier call or incarnation: heartbeats say that it is stuck
    core::message said =
        worker_.about(core::message_kind::overran, *under_way, {around_.running.load(), 1});
    said.elapsed = elapsed;
    outbox_to(root_rank).add(worker_.incarnation(), said);
    outbox_to(root_rank).send();
    sent_at_ = at;
  }

  /// The task that has overrun is still the one under way.
  bool is_stuck() const {
    return stuck_since_ && around_.is_in_chunk.load(std::memory_order_relaxed) &&
           around_.running_since.load(std::memory_order_relaxed) == stuck_since_->count();
  }

  /// The job is over: says so once, and does not wait long for a task that nobody wants.
  void leave(core::duration at) {
    if (!left_at_) {
      left_at_ = at;
      outbox_to(root_rank).add(worker_.incarnation(),
                               worker_.about(core::message_kind::left, 0, {}));
      outbox_to(root_rank).send();
    }
    if (at - *left_at_ > patience && endpoint_.all_sent()) machine_.end_process(0);
  }

  [[noreturn]] void end_process(const std::string& why) {
    const std::string text = fmt::format("rankwise: rank {} on {} leaves: {}\n",
                                         static_cast<int>(endpoint_.rank()),
                                         endpoint_.host(),
                                         why);
    observe::write_now(STDERR_FILENO, text);
    machine_.end_process(static_cast<int>(exit_status::failed_job));
  }

  void handle(rank_id from,
              core::incarnation_number incarnation,
              const core::message& said,
              std::span<const std::byte> payload,
              core::duration at) override {
    if (from != root_rank) {
      throw wire::decode_error(
          fmt::format("rank {} sent what the root alone may send", static_cast<int>(from)));
    }
    root_heard_ = listened_.look(at);
    switch (said.kind) {
      case core::message_kind::alive:
        worker_.begin_incarnation(incarnation);
        note_lost(payload);
        break;
      case core::message_kind::call:
        begin_call(incarnation, said, payload);
        break;
      case core::message_kind::grant:
      case core::message_kind::cancel: {
        std::vector<core::message> replies;
        worker_.receive(incarnation, said, wire::bytes(payload.begin(), payload.end()), replies);
        for (const core::message& reply : replies) rank_engine::tell_root(reply);
        break;
      }
      case core::message_kind::settle:
        give_order(incarnation, said);
        break;
      case core::message_kind::shutdown:
        is_job_over_ = true;
        break;
      default:
        throw wire::decode_error(
            fmt::format("a message of kind {} from the root", static_cast<int>(said.kind)));
    }
  }

  /// `lost` are the ranks that the root has given up; all others are there.
  void note_lost(std::span<const std::byte> lost) {
    std::vector<char> is_there(n_ranks(), 1);
    wire::reader reader(lost);
    while (reader.remaining() != 0) {
      const auto row = reader.take_value<std::uint32_t>();
      if (row >= is_there.size())
        throw wire::decode_error(fmt::format("rank {} of {} is lost", row, is_there.size()));
      is_there[row] = 0;
    }
    for (std::size_t row = 1; row < is_there.size(); ++row) {
      if (to_rank(row) != endpoint_.rank()) expect(to_rank(row), is_there[row] != 0);
    }
  }

  void begin_call(core::incarnation_number incarnation,
                  const core::message& said,
                  std::span<const std::byte> payload) {
    auto next = std::make_shared<active_call>();
    wire::reader reader(payload);
    next->header = reader.take_value<call_header>();
    const task_registry::factory make = task_registry::instance().find(next->header.name_hash);
    if (make == nullptr)
      throw wire::decode_error("a call of a task that this program does not have");
    next->code = make(reader.take(reader.remaining()));
    call_ = std::move(next);
    worker_.begin(said.call, incarnation);
  }

  void tell_root(const core::message& said, wire::bytes& piece) override {
    outbox_to(root_rank).add_piece(worker_.incarnation(), said, piece);
  }

  core::duration sent_at_{};
  std::shared_ptr<active_call> call_;     // under the lock: what the root's grants belong to
  std::shared_ptr<active_call> running_;  // what the chunk under way belongs to

  // Where the job survives losses; all under the lock.
  static constexpr core::duration patience = std::chrono::milliseconds(500);
  static constexpr core::duration watch_interval = std::chrono::milliseconds(100);
  std::unique_ptr<process_watch> root_process_ = machine_.new_process_watch();
  core::listening_clock listened_{timeout() / 4};
  core::duration root_heard_{};  // by that clock
  core::duration next_watch_{};
  core::listening_clock worked_{std::chrono::milliseconds(50)};  // a suspended task takes no time
  std::optional<core::duration> watched_since_;                  // when the task under way began
  core::duration watched_from_{};                                // the same by that clock
  std::optional<core::duration> stuck_since_;
  std::optional<core::duration> left_at_;
};

}  // namespace rankwise::engine
