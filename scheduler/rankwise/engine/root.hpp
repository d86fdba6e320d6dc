// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/coordinator.hpp>
#include <rankwise/core/message.hpp>
#include <rankwise/engine/frame.hpp>
#include <rankwise/engine/rank_engine.hpp>
#include <rankwise/engine/resident_numbers.hpp>
#include <rankwise/engine/termination.hpp>
#include <rankwise/engine/typed_calls.hpp>
#include <rankwise/error.hpp>
#include <rankwise/observe/statistics.hpp>
#include <rankwise/observe/watcher.hpp>
#include <rankwise/options.hpp>
#include <rankwise/transport/endpoint.hpp>
#include <rankwise/wire/buffer.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace rankwise::engine {

/// The root: hands out the items of each call, takes the results, and works too.
class root final : public rank_engine {
 public:
  /// `hosts` has the host of each rank; `watch` is told how the job goes.
  root(transport::endpoint& endpoint, std::vector<std::string> hosts, observe::watcher& watch)
      : rank_engine(endpoint),
        hosts_(std::move(hosts)),
        watch_(watch),
        introduced_(endpoint.n_ranks()) {}

  root(const root&) = delete;
  root& operator=(const root&) = delete;
  root(root&&) = delete;
  root& operator=(root&&) = delete;

  ~root() override { stop_stand_in(); }

  std::uint32_t n_ranks() const override { return endpoint_.n_ranks(); }

  /// Runs `call` on the ranks, and returns when no task of it runs any more.
  ///
  /// Throws: task_error if tasks failed; cannot_go_on if messages or values can't be read;
  /// std::logic_error, naming `name`, if a call is under way already.
  void run(root_call& call,
           const options& how,
           const char* name,
           core::placement place = core::placement::anywhere) {
    if (call_ != nullptr) {
      throw std::logic_error(
          std::string(name) +
          " was called from inside a task: a task can't hand out tasks; return what is "
          "to be done, and call " +
          name + " from the body");
    }
    require_whole();
    std::optional<termination> last_words;
    if (has_stand_in()) last_words.emplace();
    name_ = name;
    try {
      or_bring_down([&] {
        begin(call, how, place);
        work();
      });
    } catch (const cannot_go_on& error) {
      const std::lock_guard held(lock_);
      broken_ = error.what();
      coordinator_.reset();
      call_ = nullptr;
      throw;
    }
    end();
  }

  /// Tells the other ranks that the job is over, and waits until that is sent.
  ///
  /// Throws: cannot_go_on if a call has, whatever became of its exception.
  void shut_down() {
    stop_stand_in();
    require_whole();
    let_go();
    core::message over;
    over.kind = core::message_kind::shutdown;
    for (std::size_t row = 1; row < n_ranks(); ++row) {
      outbox_to(to_rank(row)).add(0, over);
      outbox_to(to_rank(row)).send();
    }
    backoff idle;
    idle.reset(now());
    while (!endpoint_.all_sent()) idle.wait(now());
  }

  /// Of all calls so far.
  const job_statistics& totals() const { return totals_; }

  /// Adds to the statistics of the job.
  void note(const map_reduce_statistics& done) {
    totals_.map_reduce += done;
    shown_.map_reduce += done;
  }

  /// What tasks that run on the root share.
  task_surroundings& around() { return around_; }

  /// Of a rank.
  const std::string& host(rank_id rank) const { return hosts_[to_index(rank)]; }

  void note(const pipeline_statistics& done) {
    totals_.pipeline = done;
    shown_.pipeline = done;
  }

  engine::peers& others() { return *around_.others; }

  engine::resident_numbers& resident_numbers() { return resident_numbers_; }

  /// Of those that were not to be quiet.
  const job_statistics& shown_totals() const { return shown_; }

 private:
  /// Time that a message takes the root, as bench/dispatch measures it; larger clusters get longer
  /// chunks for it.
  static constexpr core::duration message_cost = std::chrono::microseconds(1);

  static core::coordinator_options to_coordinator_options(const options& how,
                                                          std::uint64_t n_items,
                                                          core::placement place,
                                                          std::uint32_t n_ranks) {
    core::coordinator_options options;
    options.place = place;
    options.n_items = n_items;
    options.n_ranks = how.max_ranks == 0 ? n_ranks : std::min(how.max_ranks, n_ranks);
    options.first_worker = how.root_works || options.n_ranks == 1 ? 0 : 1;
    options.schedule = how.schedule;
    options.chunk = how.chunk;
    options.retries = how.on_error == on_error_kind::retry ? how.retries : 0;
    options.stop_on_failure = how.on_error != on_error_kind::collect;
    options.message_cost = message_cost;
    return options;
  }

  void require_whole() const {
    if (!broken_.empty()) throw cannot_go_on(broken_);
  }

  void begin(root_call& call, const options& how, core::placement place) {
    const std::lock_guard held(lock_);
    is_shown_ = !how.quiet;
    call_ = &call;
    ++call_number_;
    around_.seed = how.seed;
    worker_.begin(call_number_);
    failures_.clear();
    cancel_told_ = false;
    coordinator_.emplace(to_coordinator_options(how, call.n_items(), place, n_ranks()));
    const std::uint32_t n_used = coordinator_->options().n_ranks;
    report_interval_ =
        std::max<core::duration>(std::chrono::milliseconds(100), 8 * message_cost * n_used);
    begun_ = now();
    for (std::size_t row = 0; row < n_used; ++row) coordinator_->joined(to_rank(row), begun_);
    attend_here(begun_);
  }

  bool is_over() const override { return coordinator_->done(); }

  core::duration begin_chunk() override { return report_interval_; }

  void run(chunk_scope& scope, const chunk& /*next*/) override { call_->run(scope); }

  void respond(core::duration at) override {
    if (coordinator_) {
      if (termination::asks_for_words()) prepare_last_words(at);
      if (last_words_at_ && at - *last_words_at_ > std::chrono::seconds(3)) {
        termination::forget();  // the job goes on: somebody has stopped it for a while
        last_words_at_.reset();
      }
      hand_out(at);
      if (coordinator_->cancelled() && !cancel_told_) tell_all_to_cancel();
      if (is_shown_) watch_.update(current(at, shown_), at);
    }
    for (const rank_id rank : unsent_) outbox_to(rank).send();
    unsent_.clear();
  }

  void handle(rank_id from,
              core::epoch_number epoch,
              const core::message& said,
              std::span<const std::byte> payload,
              core::duration at) override {
    const bool is_current = coordinator_ && said.call == call_number_;
    const core::verdict verdict =
        is_current ? coordinator_->receive(from, epoch, said, at) : core::verdict::dropped;
    const bool accepted = verdict == core::verdict::accepted;
    switch (said.kind) {
      case core::message_kind::done:
        if (accepted && !payload.empty()) call_->take(said.items, payload);
        if (said.flag) settle(from, epoch, said, accepted);
        break;
      case core::message_kind::failed:
      case core::message_kind::unsettled:
        if (accepted) note_failure(from, said, payload);
        break;
      case core::message_kind::returned:
      case core::message_kind::settled:
      case core::message_kind::alive:
        break;
      default:
        throw wire::decode_error("rank " + std::to_string(static_cast<int>(from)) +
                                 " sent a message of kind " +
                                 std::to_string(static_cast<int>(said.kind)));
    }
  }

  void prepare_last_words(core::duration at) {
    const job_statistics all = current(at, {});
    std::string text = fmt::format("rankwise: ended by SIGTERM during {}: {} of {} items were done",
                                   name_,
                                   all.items_done,
                                   all.items_total);
    if (const std::string more = call_->under_way(); !more.empty()) text += ", " + more;
    termination::prepare(text + "\n");
    last_words_at_ = at;
  }

  void tell_root(const core::message& said, wire::bytes& piece) override {
    const std::span<const std::byte> whole = piece;
    handle(root_rank,
           worker_.epoch(),
           said,
           whole.subspan(std::min(whole.size(), front_bytes)),
           now());
  }

  void settle(rank_id to, core::epoch_number epoch, const core::message& done, bool accepted) {
    core::message order = done;
    order.kind = core::message_kind::settle;
    order.flag = accepted;
    tell(to, epoch, order);
  }

  void note_failure(rank_id from, const core::message& said, std::span<const std::byte> payload) {
    task_threw threw = failure_text::decode(payload);
    failures_.push_back({said.items.first,
                         static_cast<std::int32_t>(from),
                         hosts_[to_index(from)],
                         std::move(threw.text),
                         threw.is_configuration});
  }

  void hand_out(core::duration at) {
    while (const std::optional<core::grant> given = coordinator_->next_grant(at)) {
      core::message order;
      order.kind = core::message_kind::grant;
      order.call = call_number_;
      order.chunk = given->chunk;
      order.items = given->items;
      if (given->rank == root_rank) {
        tell(given->rank, given->epoch, order);
        continue;
      }
      introduce(given->rank, given->epoch);
      outbox& box = outbox_of(given->rank);
      call_->encode_inputs(given->items, box.begin(given->epoch, order));
      box.end();
    }
  }

  /// Sends what the call is to a rank that gets its first chunk of it.
  void introduce(rank_id rank, core::epoch_number epoch) {
    if (std::exchange(introduced_[to_index(rank)], call_number_) == call_number_) return;
    core::message said;
    said.kind = core::message_kind::call;
    said.call = call_number_;
    outbox& box = outbox_of(rank);
    wire::bytes& payload = box.begin(epoch, said);
    wire::append_value(payload, call_header{call_->name_hash(), around_.seed, report_interval_});
    call_->encode_call(payload);
    box.end();
  }

  void tell_all_to_cancel() {
    cancel_told_ = true;
    core::message order;
    order.kind = core::message_kind::cancel;
    order.call = call_number_;
    for (std::size_t row = 0; row < coordinator_->options().n_ranks; ++row) {
      const core::rank_record& record = coordinator_->record(to_rank(row));
      if (record.chunks_out != 0) tell(to_rank(row), record.epoch, order);
    }
  }

  /// Says something to a rank, which may be the root itself.
  void tell(rank_id to, core::epoch_number epoch, const core::message& order) {
    if (to != root_rank) {
      outbox_of(to).add(epoch, order);
    } else if (order.kind == core::message_kind::settle) {
      give_order(epoch, order);
    } else {
      std::vector<core::message> replies;
      worker_.receive(epoch, order, {}, replies);
      for (const core::message& reply : replies) rank_engine::tell_root(reply);
    }
  }

  outbox& outbox_of(rank_id rank) {
    outbox& box = outbox_to(rank);
    if (box.n_messages() == 0) unsent_.push_back(rank);
    return box;
  }

  /// `before` and this call, so far.
  job_statistics current(core::duration at, const job_statistics& before) const {
    job_statistics all = before;
    const auto seconds = [](core::duration time) {
      return std::chrono::duration<double>(time).count();
    };
    all.calls += 1;
    const call_figures figures =
        call_->figures().value_or(call_figures{coordinator_->n_finished(),
                                               coordinator_->options().n_items,
                                               coordinator_->n_failed(),
                                               seconds(coordinator_->busy())});
    all.items_done += figures.items_done;
    all.items_total += figures.items_total;
    all.failures += figures.failures;
    all.elapsed_s += seconds(at - begun_);
    all.task_s += figures.task_s;
    all.ranks =
        std::max(all.ranks, coordinator_->options().n_ranks - coordinator_->options().first_worker);
    all.ranks_at_work = coordinator_->n_at_work();
    return all;
  }

  /// `before` and this call, which is over.
  job_statistics over(core::duration at, const job_statistics& before) const {
    const auto seconds = [](core::duration time) {
      return std::chrono::duration<double>(time).count();
    };
    const core::coordinator_options& how = coordinator_->options();
    job_statistics all = current(at, before);
    for (std::size_t row = how.first_worker; row < how.n_ranks; ++row) {
      const core::rank_record& record = coordinator_->record(to_rank(row));
      const bool worked = record.items_done != 0;
      all.start_idle_s += seconds(worked ? record.first_start - begun_ : at - begun_);
      if (worked) all.tail_idle_s += seconds(at - record.last_done);
    }
    all.messages = n_frames();
    return all;
  }

  void end() {
    const std::lock_guard held(lock_);
    const core::duration at = now();
    totals_ = over(at, totals_);
    if (is_shown_) {
      shown_ = over(at, shown_);
      watch_.call_over(shown_);
    }
    const std::uint64_t n_items = coordinator_->options().n_items;
    coordinator_.reset();
    call_ = nullptr;
    if (failures_.empty()) return;
    std::sort(failures_.begin(),
              failures_.end(),
              [](const task_failure& left, const task_failure& right) {
                return left.index < right.index;
              });
    throw task_error(std::move(failures_), n_items);
  }

  std::vector<std::string> hosts_;
  observe::watcher& watch_;
  std::vector<rank_id> unsent_;            // ranks whose outbox holds something
  std::vector<std::uint32_t> introduced_;  // the last call that a rank was told of
  root_call* call_ = nullptr;
  const char* name_ = "";  // of the call, as the user made it
  std::optional<core::duration> last_words_at_;
  std::optional<core::coordinator> coordinator_;
  std::uint32_t call_number_ = 0;
  core::duration report_interval_{};
  core::duration begun_{};
  std::vector<task_failure> failures_;
  bool cancel_told_ = false;
  engine::resident_numbers resident_numbers_;
  job_statistics totals_;
  job_statistics shown_;
  bool is_shown_ = true;
  std::string broken_;  // why no more calls can be made; empty: they can
};

}  // namespace rankwise::engine
