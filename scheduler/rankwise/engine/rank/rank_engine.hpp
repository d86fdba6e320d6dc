// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/message.hpp>
#include <rankwise/core/worker.hpp>
#include <rankwise/engine/call/call_header.hpp>
#include <rankwise/engine/call/chunk_host.hpp>
#include <rankwise/engine/call/chunk_scope.hpp>
#include <rankwise/engine/call/failure_text.hpp>
#include <rankwise/engine/call/task_threw.hpp>
#include <rankwise/engine/rank/helper_thread.hpp>
#include <rankwise/engine/rank/loss_settings.hpp>
#include <rankwise/exchange/channels.hpp>
#include <rankwise/exchange/mailbox.hpp>
#include <rankwise/exchange/outbox.hpp>
#include <rankwise/task.hpp>
#include <rankwise/transport/backoff.hpp>
#include <rankwise/transport/endpoint.hpp>
#include <rankwise/transport/machine.hpp>
#include <rankwise/wire/buffer.hpp>

#include <atomic>
#include <cstdint>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace rankwise::engine {

/// One rank at work: what the root and the others have in common. The computing thread runs chunks
/// and looks after messages between tasks; while a task is long, the stand-in does so. Whoever does
/// holds `lock_`.
class rank_engine : public chunk_host, private exchange::channels {
 protected:
  rank_engine(transport::endpoint& endpoint, const loss_settings& how)
      : endpoint_(endpoint),
        machine_(endpoint.machine()),
        expected_(endpoint.n_ranks(), 1),
        received_(endpoint.n_ranks()) {
    // Where a long task keeps a rank from its messages, silence never means that it is lost.
    if (endpoint.n_ranks() > 1 && endpoint.may_change_threads()) timeout_ = how.timeout;
    for (std::size_t row = 0; row < endpoint.n_ranks(); ++row)
      outboxes_.emplace_back(endpoint, to_rank(row));
    around_.others = this;
    around_.machine = &machine_;
    around_.rank = endpoint.rank();
    around_.host = endpoint.host();
    if (endpoint.n_ranks() > 1 && endpoint.may_change_threads()) {
      helper_thread_.emplace(machine_, [this] { return attend_from_helper_thread(); });
    }
  }

  using chunk = core::worker<wire::bytes>::chunk;

  /// Under the lock: `said` came from `from`, which may be this rank.
  virtual void handle(rank_id from,
                      core::incarnation_number incarnation,
                      const core::message& said,
                      std::span<const std::byte> payload,
                      core::duration at) = 0;

  /// Under the lock: sends what is due.
  virtual void respond(core::duration at) = 0;

  /// Under the lock: says something to the root; the payload stands in `piece` behind its room.
  virtual void tell_root(const core::message& said, wire::bytes& piece) = 0;

  /// Under the lock: there is nothing left to do.
  virtual bool is_over() const = 0;

  /// Under the lock: the next chunk belongs to the call under way, whose header is returned.
  virtual const call_header& begin_chunk() = 0;

  /// Runs the tasks of the chunk.
  virtual void run(chunk_scope& scope, const chunk& next) = 0;

  /// Runs chunks, looks after messages and waits for them, until all is over.
  void work() {
    transport::backoff idle(machine_);
    bool was_idle = false;
    for (;;) {
      const step next = next_step();
      if (next.is_over) return;
      if (next.to_run) {
        run_chunk(next);
        deliver_channel_messages();
      } else if (next.has_orders) {
        const in_tasks busy(helper_thread_);
        follow_orders();
      } else if (!deliver_channel_messages() && !next.heard) {
        if (!was_idle) idle.reset(next.at);
        was_idle = true;
        // The rest of a large frame comes as fast as this rank looks, unless the other is stopped.
        if (next.in_motion && idle.idle(next.at) < std::chrono::seconds(1)) {
          machine_.yield();
        } else {
          idle.wait(next.at);
        }
        continue;
      }
      was_idle = false;
    }
  }

  /// Does what the root has said about results.
  void follow_orders() {
    std::deque<settle_order> orders;
    core::call_incarnation current;
    {
      const std::lock_guard held(lock_);
      orders.swap(orders_);
      current = worker_.current_call();
    }
    around_.settle.enter(current);
    for (const settle_order& given : orders) {
      if (core::call_incarnation{given.said.call, given.incarnation} == current) follow(given.said);
    }
  }

  /// Under the lock: `said` is a settle.
  void give_order(core::incarnation_number incarnation, const core::message& said) {
    orders_.push_back({incarnation, said});
  }

  /// Under the lock: whether `rank`, which is not this one, is there, or is lost.
  void expect(rank_id rank, bool expected) {
    if (std::exchange(expected_[to_index(rank)], expected ? 1 : 0) == (expected ? 1 : 0)) return;
    endpoint_.expect(rank, expected);
  }

  void tell_root(const core::message& said) {
    wire::bytes nothing;
    tell_root(said, nothing);
  }

  exchange::outbox& outbox_to(rank_id rank) { return outboxes_[to_index(rank)]; }

  /// Frames to and from other ranks so far.
  std::uint64_t n_frames() const {
    std::uint64_t all = 0;
    for (const exchange::outbox& box : outboxes_) all += box.n_sent();
    for (const std::uint32_t n_received : received_) all += n_received;
    return all;
  }

  std::uint32_t n_ranks() const override { return endpoint_.n_ranks(); }

  transport::machine& machine() final { return machine_; }

  bool attend_here(core::duration at) {
    const bool any = attend(at);
    attended_at_ = at;
    if (helper_thread_) helper_thread_->pumped(at);
    return any;
  }

  void stop_helper_thread() { helper_thread_.reset(); }

  /// The computing thread goes off, for something that is no task of a chunk; the stand-in looks
  /// after messages, where silence would mean that this rank is lost.
  void leave_messages() {
    if (survives() && helper_thread_) helper_thread_->tasks_begin();
  }

  void return_to_messages() {
    if (survives() && helper_thread_) helper_thread_->tasks_end();
  }

  /// The job goes on where ranks are lost.
  bool survives() const { return timeout_.count() != 0; }

  /// Silence that long means that a rank is lost; 0: it never does.
  core::duration timeout() const { return timeout_; }

  /// How often each rank lets the root hear from it, and the root each rank.
  core::duration heartbeat() const { return timeout_ / 4; }

  /// Whether messages are looked after however long a task is.
  bool has_helper_thread() const { return helper_thread_.has_value(); }

  /// Nothing of what tasks have left or asked for is wanted any more.
  void let_go() {
    around_.settle.reject_all();
    around_.kept.keep_only({});
  }

  transport::endpoint& endpoint_;
  transport::machine& machine_;
  std::mutex lock_;
  core::worker<wire::bytes> worker_;  // under the lock
  exchange::mailbox mailbox_;         // under the lock; before what closes channels
  rank_context around_;
  bool is_job_over_ = false;  // under the lock

 private:
  struct settle_order {
    core::incarnation_number incarnation = 0;
    core::message said;
  };

  /// What the computing thread does next.
  struct step {
    core::duration at{};
    bool is_over = false;
    bool heard = false;      // messages came in
    bool in_motion = false;  // parts of a frame are on their way
    bool has_orders = false;
    std::optional<chunk> to_run;
    call_header call;  // that the chunk belongs to
  };

  /// With fewer chunks queued, or after that time, messages are looked after before the next chunk.
  static constexpr std::size_t low_queue = 16;
  static constexpr core::duration attend_every{20'000};

  /// While it lives the stand-in looks after the pump.
  class in_tasks {
   public:
    explicit in_tasks(std::optional<helper_thread>& helper) : helper_(helper) {
      if (helper_) helper_->tasks_begin();
    }

    in_tasks(const in_tasks&) = delete;
    in_tasks& operator=(const in_tasks&) = delete;
    in_tasks(in_tasks&&) = delete;
    in_tasks& operator=(in_tasks&&) = delete;

    ~in_tasks() {
      if (helper_) helper_->tasks_end();
    }

   private:
    std::optional<helper_thread>& helper_;
  };

  /// Under the lock: after a failure on the stand-in, messages may be half built; nothing is sent
  /// any more.
  void rethrow_failure() {
    if (helper_thread_failure_) std::rethrow_exception(helper_thread_failure_);
  }

  step next_step() {
    const std::lock_guard held(lock_);
    rethrow_failure();
    end_chunk();
    step next;
    next.at = machine_.now();
    if (worker_.n_queued() < low_queue || next.at - attended_at_ >= attend_every) {
      next.heard = attend_here(next.at);
      next.at = machine_.now();
    }
    next.has_orders = !orders_.empty() || worker_.current_call() != around_.settle.of();
    if (next.has_orders) return next;
    next.is_over = is_over();
    if (next.is_over) return next;
    next.to_run = worker_.start();
    next.in_motion = !next.to_run && endpoint_.in_motion();
    let_tasks_know();
    if (next.to_run) next.call = begin_chunk();
    return next;
  }

  /// What a task may see belongs to the chunk: another call may begin while its tasks run.
  void run_chunk(const step& next) {
    const in_tasks busy(helper_thread_);
    chunk_scope scope(*this,
                      around_,
                      next.to_run->items,
                      next.at,
                      next.call.report_interval,
                      std::move(spare_piece_));
    around_.is_in_chunk = true;
    around_.seed = next.call.seed;
    around_.call = next.call.number;
    around_.again = next.to_run->again;
    around_.settle.begin_chunk(next.to_run->id);
    run(scope, *next.to_run);
    around_.is_in_chunk = false;
    spare_piece_ = std::move(scope.piece());
  }

  /// Sends back what the chunk that has been run has left.
  void end_chunk() {
    if (const std::optional<core::message> rest = worker_.finish()) tell_root(*rest);
  }

  void attend_between_tasks(core::duration at) override {
    attend_in_task(at);
    follow_orders();
    deliver_channel_messages();
  }

  bool attend_in_task(core::duration at) {
    const std::lock_guard held(lock_);
    rethrow_failure();
    const bool any = attend_here(at);
    let_tasks_know();
    return any;
  }

  /// Under the lock.
  void let_tasks_know() {
    around_.cancelled.store(worker_.interrupted() || is_job_over_, std::memory_order_relaxed);
  }

  /// Under the lock: takes and sends messages. Returns whether any came in.
  bool attend(core::duration at) {
    bool any = false;
    rank_id from = root_rank;
    while (endpoint_.try_receive(from, frame_)) {
      any = true;
      exchange::frame_reader reader(frame_, received_[to_index(from)]++);
      core::message said;
      std::span<const std::byte> payload;
      while (reader.next(said, payload)) {
        if (said.kind == core::message_kind::letter) {
          take_channel_message(from, said, payload);
        } else {
          handle(from, reader.incarnation(), said, payload, at);
        }
      }
    }
    respond(at);
    send_channel_messages();
    return any;
  }

  /// Under the lock: a large letter keeps the frame that it came in.
  void take_channel_message(rank_id from,
                            const core::message& said,
                            std::span<const std::byte> payload) {
    constexpr std::size_t large = 4096;
    exchange::channel_message what{from, said.items.first, {}, 0};
    if (payload.size() >= large && payload.data() + payload.size() == frame_.end()) {
      what.at = frame_.size() - payload.size();
      what.frame = std::move(frame_);
    } else {
      what.frame.assign(payload.begin(), payload.end());
    }
    if (std::optional<wire::bytes> answer = mailbox_.put(said.chunk, std::move(what)))
      send_channel_message(from, said.chunk, said.items.first, *answer);
  }

  /// Letters to a rank that is lost are dropped: they would wait for it for ever.
  void send_channel_message(rank_id to,
                            std::uint64_t channel,
                            std::uint64_t subject,
                            wire::bytes& piece) {
    if (expected_[to_index(to)] == 0) return;
    core::message said;
    said.kind = core::message_kind::letter;
    said.chunk = channel;
    said.items.first = subject;
    exchange::outbox& box = outbox_to(to);
    box.add_piece(worker_.incarnation(), said, piece);
    if (box.n_messages() != 0) posted_to_.push_back(to);
  }

  /// Under the lock.
  void send_channel_messages() {
    for (const rank_id rank : posted_to_) outbox_to(rank).send();
    posted_to_.clear();
  }

  void post(rank_id to, std::uint64_t channel, std::uint64_t subject, wire::bytes piece) override {
    const std::lock_guard held(lock_);
    rethrow_failure();
    send_channel_message(to, channel, subject, piece);
  }

  void open(std::uint64_t channel, receiver take) override {
    const std::lock_guard held(lock_);
    mailbox_.open(channel, std::move(take));
  }

  void open_service(std::uint64_t channel, answerer answer) override {
    const std::lock_guard held(lock_);
    mailbox_.open(channel, std::move(answer));
  }

  void close(std::uint64_t channel) override {
    const std::lock_guard held(lock_);
    mailbox_.close(channel);
  }

  bool poll() override {
    const bool any = attend_in_task(machine_.now());
    return deliver_channel_messages() || any;
  }

  bool deliver_channel_messages() {
    bool any = false;
    for (;;) {
      std::optional<exchange::mailbox::delivery> next;
      {
        const std::lock_guard held(lock_);
        next = mailbox_.next();
        if (!next) send_channel_messages();  // what those who took letters have answered
      }
      if (!next) return any;
      (*next->take)(next->what);
      any = true;
    }
  }

  bool attend_from_helper_thread() {
    const std::lock_guard held(lock_);
    if (helper_thread_failure_) return false;
    try {
      const bool any = attend(machine_.now());
      let_tasks_know();
      return any || endpoint_.in_motion();
    } catch (...) {
      helper_thread_failure_ = std::current_exception();
      around_.cancelled = true;
      return false;
    }
  }

  void report_done(core::item_range items, core::duration elapsed, wire::bytes& piece) override {
    const bool settle = around_.settle.any_in(items);
    {
      const std::lock_guard held(lock_);
      if (const std::optional<core::message> said = worker_.done(items.count, elapsed, settle)) {
        tell_root(*said, piece);
        return;
      }
    }
    if (settle) around_.settle.reject(items);
  }

  void report_failed(core::duration elapsed, const task_threw& threw) override {
    const std::lock_guard held(lock_);
    if (const std::optional<core::message> said = worker_.failed(elapsed))
      tell_failure(*said, threw);
  }

  void tell_failure(const core::message& said, const task_threw& threw) {
    wire::bytes piece(exchange::front_bytes);
    const std::vector<std::byte> text = failure_text::encode(threw);
    wire::append(piece, text.data(), text.size());
    tell_root(said, piece);
  }

  void follow(const core::message& said) {
    for (std::uint64_t index = said.items.first; index != said.items.end(); ++index) {
      if (!said.flag) {
        around_.settle.settle(said.chunk, index, false);
        continue;
      }
      core::message answer = said;
      answer.items = {index, 1};
      std::optional<task_threw> threw;
      try {
        around_.settle.settle(said.chunk, index, true);
      } catch (...) {
        threw = describe_exception();
      }
      const std::lock_guard held(lock_);
      if (threw) {
        answer.kind = core::message_kind::unsettled;
        tell_failure(answer, *threw);
      } else {
        answer.kind = core::message_kind::settled;
        tell_root(answer);
      }
    }
  }

  std::vector<exchange::outbox> outboxes_;    // by rank; under the lock
  std::vector<char> expected_;                // by rank; under the lock
  std::vector<std::uint32_t> received_;       // frames, by rank; under the lock
  std::vector<rank_id> posted_to_;            // their outboxes hold letters; under the lock
  wire::bytes frame_;                         // under the lock
  std::deque<settle_order> orders_;           // under the lock
  std::exception_ptr helper_thread_failure_;  // under the lock
  core::duration attended_at_{};
  core::duration timeout_{};
  wire::bytes spare_piece_;
  std::optional<helper_thread> helper_thread_;  // last: it uses all the others
};

}  // namespace rankwise::engine
