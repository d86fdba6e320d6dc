// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/coordinator.hpp>
#include <rankwise/core/message.hpp>
#include <rankwise/engine/call/abstract_root.hpp>
#include <rankwise/engine/call/call_rules.hpp>
#include <rankwise/engine/call/chunk_scope.hpp>
#include <rankwise/engine/call/root_call.hpp>
#include <rankwise/engine/call/task_threw.hpp>
#include <rankwise/engine/rank/cannot_go_on.hpp>
#include <rankwise/engine/rank/loss_settings.hpp>
#include <rankwise/engine/rank/rank_engine.hpp>
#include <rankwise/engine/root/job_totals.hpp>
#include <rankwise/engine/root/journaled_call.hpp>
#include <rankwise/engine/root/rank_table.hpp>
#include <rankwise/engine/root/running_call.hpp>
#include <rankwise/engine/root/termination_notice.hpp>
#include <rankwise/error.hpp>
#include <rankwise/exchange/object_numbers.hpp>
#include <rankwise/exchange/outbox.hpp>
#include <rankwise/journal/journal.hpp>
#include <rankwise/observe/watcher.hpp>
#include <rankwise/options.hpp>
#include <rankwise/process/termination.hpp>
#include <rankwise/transport/endpoint.hpp>
#include <rankwise/wire/buffer.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace rankwise::engine {

/// The root: hands out the items of each call, takes the results, and works too.
class root final : public rank_engine, public abstract_root {
 public:
  /// `hosts` has the host of each rank; `watch` is told how the job goes.
  root(transport::endpoint& endpoint,
       std::vector<std::string> hosts,
       observe::watcher& watch,
       const loss_settings& how = {})
      : rank_engine(endpoint, how),
        watch_(watch),
        introduced_(endpoint.n_ranks()),
        roll_(std::move(hosts), machine_) {
    if (survives()) roll_.watch(how.processes);
    leave_messages();
  }

  root(const root&) = delete;
  root& operator=(const root&) = delete;
  root(root&&) = delete;
  root& operator=(root&&) = delete;

  ~root() override { stop_helper_thread(); }

  std::uint32_t n_ranks() const override { return endpoint_.n_ranks(); }

  /// Runs `call` on the ranks, and returns when no task of it runs any more.
  ///
  /// Throws: task_error if tasks failed; rank_lost if a rank was and the call can't go on without;
  /// config_error for a task limit that can't be kept, and for a call that can't be journaled, or
  /// does not fit the journal; journal_error; cannot_go_on if messages or values can't be read;
  /// std::logic_error, naming `name`, if a call is under way already.
  void run(root_call& call,
           const options& how,
           const char* name,
           core::placement place = core::placement::anywhere) override {
    if (under_way_) {
      throw std::logic_error(
          std::string(name) +
          " was called from inside a task: a task can't hand out tasks; return what is "
          "to be done, and call " +
          name + " from the body");
    }
    require_whole();
    std::optional<termination> heard;
    if (has_helper_thread()) heard.emplace();
    std::unique_ptr<call_under_way> made = prepare(call, how, name, place);
    return_to_messages();
    try {
      or_bring_down([&] {
        begin(std::move(made));
        work();
      });
    } catch (const cannot_go_on& error) {
      const std::lock_guard held(lock_);
      broken_ = error.what();
      under_way_.reset();
      throw;
    }
    leave_messages();
    end();
  }

  /// Tells the other ranks that the job is over, and waits until that is sent; where the job
  /// survives losses, until they have answered, but not for long: some may be lost.
  ///
  /// Throws: cannot_go_on if a call has, whatever became of its exception.
  void shut_down() {
    stop_helper_thread();
    require_whole();
    let_go();
    core::message over;
    over.kind = core::message_kind::shutdown;
    for (const rank_id rank : roll_.others()) {
      outbox_to(rank).add(0, over);
      outbox_to(rank).send();
    }
    is_ending_ = true;
    transport::backoff idle(machine_);
    const core::duration begun = machine_.now();
    idle.reset(begun);
    const auto is_done = [&] {
      const std::lock_guard held(lock_);
      if (!survives()) return endpoint_.all_sent();
      attend_here(machine_.now());
      return (endpoint_.all_sent() && roll_.others().empty()) || machine_.now() - begun > farewell;
    };
    while (!is_done()) idle.wait(machine_.now());
  }

  /// Writes calls to `book` from now on, where their options have a journal; it must outlive this.
  void keep(observe::journal& book) { journal_ = &book; }

  std::uint32_t count_call() override { return n_calls_++; }

  const job_statistics& totals() const override { return tally_.all(); }

  /// The figures of the calls that were not to be quiet.
  const job_statistics& shown_totals() const { return tally_.shown(); }

  void note(const map_reduce_statistics& done) override { tally_.note(done); }

  void note(const pipeline_statistics& done) override { tally_.note(done); }

  rank_context& around() override { return around_; }

  const std::string& host(rank_id rank) const override { return roll_.host(rank); }

  exchange::channels& others() override { return *around_.others; }

  exchange::object_numbers& object_numbers() override { return object_numbers_; }

 private:
  static constexpr core::duration farewell = std::chrono::seconds(2);

  void require_whole() const {
    if (!broken_.empty()) throw cannot_go_on(broken_);
  }

  /// A call that can begin.
  ///
  /// Throws: as `run`.
  std::unique_ptr<call_under_way> prepare(root_call& call,
                                          const options& how,
                                          const char* name,
                                          core::placement place) {
    require_task_limit(how, n_ranks(), survives());
    const bool may_run_again = call.may_run_again();
    if (!may_run_again) refuse_retry_of(name, how);
    const bool needs_all_ranks = !may_run_again || place == core::placement::one_each;
    std::optional<journaled_call> journaled;
    if (journal_ != nullptr && !how.journal.empty()) {
      if (needs_all_ranks || call.task_name().empty()) refuse_journal_of(name, how);
      journaled.emplace(*journal_, call, ++journaled_calls_, name, how.seed);
    }
    core::coordinator_options asked = to_coordinator_options(how, call.n_items(), place, n_ranks());
    asked.stop_on_failure = asked.stop_on_failure && !call.keeps_failures();
    asked.lease = timeout();
    asked.again = journaled && journaled->is_resumed();
    asked.speculate = asked.speculate && may_run_again && place == core::placement::anywhere;
    if (asked.speculate) call.keep_results_encoded();  // another rank's may count
    const auto task_limit = std::chrono::duration_cast<core::duration>(
        std::chrono::duration<double>(needs_all_ranks ? 0 : how.task_limit_s));
    if (task_limit.count() != 0) asked.first_worker = 1;
    auto made = std::make_unique<call_under_way>(call, name, asked, std::move(journaled));
    made->header.name_hash = call.name_hash();
    made->header.seed = how.seed;
    made->header.number = call.number();
    made->header.report_interval = std::max<core::duration>(std::chrono::milliseconds(100),
                                                            8 * asked.message_cost * asked.n_ranks);
    made->header.task_limit = task_limit;
    made->needs_all_ranks = needs_all_ranks;
    made->is_shown = !how.quiet;
    return made;
  }

  void begin(std::unique_ptr<call_under_way> made) {
    const std::lock_guard held(lock_);
    under_way_ = std::move(made);
    call_under_way& mine = *under_way_;
    ++call_number_;
    worker_.begin(call_number_);
    if (mine.journaled && mine.journaled->held().count() != 0) {
      watch_.notice(fmt::format("{} holds {} of {} items of {}",
                                mine.journaled->file(),
                                mine.journaled->held().count(),
                                mine.call.n_items(),
                                mine.name));
    }
    mine.begun = machine_.now();
    for (std::size_t row = 0; row < mine.coordinator.options().n_ranks; ++row) {
      const rank_table::life& one = roll_.of(to_rank(row));
      if (one.present && !one.is_stuck) {
        mine.coordinator.joined(to_rank(row), mine.begun, one.incarnation);
      } else {
        mine.coordinator.absent(to_rank(row), one.incarnation, one.gone);
        mine.miss(to_rank(row),
                  host(to_rank(row)),
                  one.present ? "was in a task that takes too long before" : "was lost before");
      }
    }
    if (mine.coordinator.n_active() == 0) mine.coordinator.enlist_root(mine.begun);
    attend_here(mine.begun);
  }

  bool is_over() const override { return under_way_->coordinator.done(); }

  const call_header& begin_chunk() override { return under_way_->header; }

  void run(chunk_scope& scope, const chunk& /*next*/) override { under_way_->call.run(scope); }

  void respond(core::duration at) override {
    if (survives()) look_after_ranks(at);
    if (under_way_) {
      call_under_way& mine = *under_way_;
      note_given_up();
      if (mine.journaled && journal_->is_broken()) mine.coordinator.cancel();
      termination_notice_.look(at, [&] {
        // What is shown and what is said last count the same.
        const auto job = mine.added_to(tally_.shown(), at);
        const bool is_line_open = mine.is_shown && watch_.show_now(job);
        return (is_line_open && !launcher_line::of_process() ? "\n" : "") + mine.describe_end(at);
      });
      if (!mine.journaled || !journal_->is_behind()) hand_out(at);
      if (mine.coordinator.cancelled() && !mine.cancel_told) tell_all_to_cancel();
      if (mine.is_shown && !termination_notice_.are_prepared())
        watch_.update(mine.added_to(tally_.shown(), at), at);
    }
    send_unsent();
  }

  void send_unsent() {
    for (const rank_id rank : unsent_) outbox_to(rank).send();
    unsent_.clear();
  }

  /// Notices who is lost, and lets the others know that this rank lives.
  void look_after_ranks(core::duration at) {
    if (at < next_look_) return;
    next_look_ = at + std::min(longest_look_interval, timeout() / 8);
    for (const rank_id rank : roll_.ended()) lose(rank, at);
    if (under_way_) {
      for (const core::loss& one : under_way_->coordinator.tick(at)) {
        note_loss(
            one,
            fmt::format("silent for {:.3g} s", std::chrono::duration<double>(timeout()).count()));
      }
    }
    if (at < next_heartbeat_) return;
    greet_all(at);
  }

  void greet_all(core::duration at) {
    next_heartbeat_ = at + heartbeat();
    const std::vector<std::uint32_t> lost = roll_.lost();
    for (const rank_id rank : roll_.others()) greet(rank, lost);
  }

  /// Lets `rank` know that this rank lives, which incarnation of its own counts, and who is `lost`:
  /// what goes from rank to rank must not wait for those.
  void greet(rank_id rank, const std::vector<std::uint32_t>& lost) {
    core::message alive;
    alive.kind = core::message_kind::alive;
    outbox_of(rank).add(roll_.of(rank).incarnation, alive, std::as_bytes(std::span(lost)));
  }

  /// The process of `rank` has ended.
  void lose(rank_id rank, core::duration at) {
    roll_.of(rank).gone = true;
    const bool is_used = under_way_ && under_way_->uses(rank);
    note_loss(is_used ? under_way_->coordinator.lost(rank, at, true) : core::loss{rank, 0},
              "its process has ended");
  }

  void note_loss(const core::loss& one, const std::string& why) {
    if (!roll_.lose(one, why)) return;
    const bool may_come_back = !roll_.of(one.rank).gone;
    if (under_way_ && under_way_->uses(one.rank) && may_come_back) tell_incarnation(one.rank);
    expect(one.rank, false);
    if (is_ending_) return;
    greet_all(machine_.now());
    watch_.notice(fmt::format("rank {} on {} is lost: {}; {} {} run again",
                              static_cast<int>(one.rank),
                              host(one.rank),
                              why,
                              one.n_items,
                              one.n_items == 1 ? "item is" : "items are"));
    if (under_way_) under_way_->miss(one.rank, host(one.rank), "was lost during");
  }

  /// Lets a rank know that it was given up: what it still holds, or was told to settle, counts no
  /// more. One that is frozen reads that before it does anything else.
  void tell_incarnation(rank_id rank) {
    roll_.of(rank).incarnation = under_way_->coordinator.record(rank).incarnation;
    greet(rank, roll_.lost());
    outbox_to(rank).send();
  }

  /// `rank` has said something; false where it can't have: its process has ended.
  bool is_heard(rank_id rank, const core::message& said) {
    if (roll_.of(rank).gone) return false;
    if (roll_.is_back(rank, core::is_stuck(said))) {
      expect(rank, true);
      greet_all(machine_.now());  // before anything that has the others write to it
      watch_.notice(fmt::format("rank {} on {} is back", static_cast<int>(rank), host(rank)));
    }
    return true;
  }

  /// What a rank says of a call that is over shows that it lives.
  core::verdict book(rank_id from,
                     core::incarnation_number incarnation,
                     const core::message& said,
                     core::duration at) {
    if (!under_way_ || !under_way_->uses(from)) return core::verdict::dropped;
    core::coordinator& coordinator = under_way_->coordinator;
    if (said.call == call_number_) return coordinator.receive(from, incarnation, said, at);
    core::message alive;
    alive.kind = core::message_kind::alive;
    alive.flag = core::is_stuck(said);
    coordinator.receive(from, incarnation, alive, at);
    return core::verdict::dropped;
  }

  void note_given_up() {
    for (const core::given_up_item& one : under_way_->coordinator.take_given_up()) {
      note_failure(one.last,
                   one.index,
                   {fmt::format("given up: {} ranks were lost while they ran it", one.losses)});
    }
  }

  void handle(rank_id from,
              core::incarnation_number incarnation,
              const core::message& said,
              std::span<const std::byte> payload,
              core::duration at) override {
    if (!is_heard(from, said)) return;
    const core::verdict verdict = book(from, incarnation, said, at);
    if (core::is_stuck(said) && under_way_ && under_way_->uses(from) &&
        under_way_->coordinator.record(from).incarnation != incarnation) {
      tell_incarnation(from);
    }
    const bool accepted = verdict == core::verdict::accepted;
    switch (said.kind) {
      case core::message_kind::done:
        if (accepted && !payload.empty()) under_way_->call.take(said.items, payload);
        if (accepted && under_way_->journaled)
          under_way_->journaled->done(from, said.items, said.elapsed, payload, said.flag);
        if (said.flag) settle(from, incarnation, said, accepted);
        break;
      case core::message_kind::failed:
      case core::message_kind::unsettled:
        if (verdict != core::verdict::dropped)
          note_failure(from, said.items.first, failure_text::decode(payload), accepted);
        break;
      case core::message_kind::overran:
        if (verdict != core::verdict::dropped) {
          note_failure(
              from,
              said.items.first,
              {fmt::format("it took longer than {:.3g} s (--task-limit)",
                           std::chrono::duration<double>(under_way_->header.task_limit).count())},
              accepted);
        }
        break;
      case core::message_kind::left:
        roll_.left(from);
        break;
      case core::message_kind::settled:
        if (accepted && under_way_->journaled) under_way_->journaled->settled(said.items.first);
        break;
      case core::message_kind::returned:
      case core::message_kind::alive:
        break;
      default:
        throw wire::decode_error("rank " + std::to_string(static_cast<int>(from)) +
                                 " sent a message of kind " +
                                 std::to_string(static_cast<int>(said.kind)));
    }
  }

  void tell_root(const core::message& said, wire::bytes& piece) override {
    const std::span<const std::byte> whole = piece;
    handle(root_rank,
           worker_.incarnation(),
           said,
           whole.subspan(std::min(whole.size(), exchange::front_bytes)),
           machine_.now());
  }

  void settle(rank_id to,
              core::incarnation_number incarnation,
              const core::message& done,
              bool accepted) {
    core::message order = done;
    order.kind = core::message_kind::settle;
    order.flag = accepted;
    tell(to, incarnation, order);
  }

  void note_failure(rank_id rank, std::uint64_t index, task_threw threw, bool is_final = true) {
    under_way_->note_failure({index,
                              static_cast<std::int32_t>(rank),
                              host(rank),
                              std::move(threw.text),
                              threw.is_configuration},
                             is_final);
  }

  void hand_out(core::duration at) {
    while (const std::optional<core::grant> given = under_way_->coordinator.next_grant(at)) {
      core::message order;
      order.kind = core::message_kind::grant;
      order.call = call_number_;
      order.chunk = given->chunk;
      order.items = given->items;
      order.flag = given->again;
      if (given->rank == root_rank) {
        tell(given->rank, given->incarnation, order);
        continue;
      }
      introduce(given->rank, given->incarnation);
      exchange::outbox& box = outbox_of(given->rank);
      under_way_->call.encode_inputs(given->items, box.begin(given->incarnation, order));
      box.end();
    }
  }

  /// Sends what the call is to a rank that gets its first chunk of it.
  void introduce(rank_id rank, core::incarnation_number incarnation) {
    if (std::exchange(introduced_[to_index(rank)], call_number_) == call_number_) return;
    const call_under_way& mine = *under_way_;
    core::message said;
    said.kind = core::message_kind::call;
    said.call = call_number_;
    exchange::outbox& box = outbox_of(rank);
    wire::bytes& payload = box.begin(incarnation, said);
    wire::append_value(payload, mine.header);
    mine.call.encode_call(payload);
    box.end();
  }

  void tell_all_to_cancel() {
    under_way_->cancel_told = true;
    core::message order;
    order.kind = core::message_kind::cancel;
    order.call = call_number_;
    const core::coordinator& coordinator = under_way_->coordinator;
    for (std::size_t row = 0; row < coordinator.options().n_ranks; ++row) {
      const core::rank_record& record = coordinator.record(to_rank(row));
      if (record.chunks_out != 0) tell(to_rank(row), record.incarnation, order);
    }
  }

  /// Says something to a rank, which may be the root itself.
  void tell(rank_id to, core::incarnation_number incarnation, const core::message& order) {
    if (to != root_rank) {
      outbox_of(to).add(incarnation, order);
    } else if (order.kind == core::message_kind::settle) {
      give_order(incarnation, order);
    } else {
      std::vector<core::message> replies;
      worker_.receive(incarnation, order, {}, replies);
      for (const core::message& reply : replies) rank_engine::tell_root(reply);
    }
  }

  exchange::outbox& outbox_of(rank_id rank) {
    exchange::outbox& box = outbox_to(rank);
    if (box.n_messages() == 0) unsent_.push_back(rank);
    return box;
  }

  void end() {
    std::optional<std::string> lost_results;
    try {
      if (under_way_->journaled) journal_->flush();
    } catch (const journal_error& error) {
      lost_results = error.what();
    }
    const std::lock_guard held(lock_);
    const core::duration at = machine_.now();
    tally_.add(*under_way_, at, n_frames(), roll_.losses());
    if (under_way_->is_shown) watch_.call_over(tally_.shown());
    const core::coordinator& coordinator = under_way_->coordinator;
    for (std::size_t row = 1; row < coordinator.options().n_ranks; ++row)
      roll_.of(to_rank(row)).incarnation = coordinator.record(to_rank(row)).incarnation;
    // What a rank still works on, as the slower of two, is not wanted.
    if (coordinator.n_at_work() != 0) tell_all_to_cancel();
    send_unsent();
    const std::unique_ptr<call_under_way> over = std::move(under_way_);
    if (over->lost_rank) throw rank_lost(*over->lost_rank);
    if (lost_results) throw journal_error(*lost_results);
    over->end_with_failures();
  }

  observe::watcher& watch_;
  observe::journal* journal_ = nullptr;        // null: none
  std::uint32_t n_calls_ = 0;                  // of the body, so far
  std::uint32_t journaled_calls_ = 0;          // so far
  std::vector<rank_id> unsent_;                // ranks whose outbox holds something
  std::vector<std::uint32_t> introduced_;      // the last call that a rank was told of
  std::unique_ptr<call_under_way> under_way_;  // under the lock; null: none
  std::uint32_t call_number_ = 0;
  termination_notice termination_notice_;
  exchange::object_numbers object_numbers_;
  job_totals tally_;
  std::string broken_;  // why no more calls can be made; empty: they can

  rank_table roll_;  // under the lock

  // Where the job survives losses; all under the lock.
  static constexpr core::duration longest_look_interval = std::chrono::milliseconds(100);
  core::duration next_look_{};
  core::duration next_heartbeat_{};
  bool is_ending_ = false;
};

}  // namespace rankwise::engine
