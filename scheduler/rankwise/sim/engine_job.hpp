// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/types.hpp>
#include <rankwise/engine/rank/cannot_go_on.hpp>
#include <rankwise/engine/rank/loss_settings.hpp>
#include <rankwise/engine/rank/worker_rank.hpp>
#include <rankwise/engine/root/root.hpp>
#include <rankwise/observe/watcher.hpp>
#include <rankwise/sim/network.hpp>
#include <rankwise/sim/timeline.hpp>
#include <rankwise/sim/virtual_machine.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rankwise::sim {

/// What a simulated job is made of.
struct engine_job_options {
  std::uint32_t n_ranks = 2;
  std::uint32_t n_hosts = 1;       ///< on which the ranks are, in turn
  core::duration timeout{};        ///< a rank that is silent for longer is lost; 0: none ever is
  bool sees_processes = true;      ///< the end of a process is seen at once
  bool may_change_threads = true;  ///< as MPI_THREAD_SERIALIZED
  network_options network = {};
};

/// A job of the engine as it ships, in virtual time: its ranks run on fibers, over a simulated
/// network, and can be killed, frozen, cut off and slowed.
///
/// Local: one thread; the same seed and body give the same run.
class engine_job {
 public:
  /// What the root does, as the body of a program.
  using body = std::function<void(engine::root&)>;

  engine_job(timeline& time, const engine_job_options& how, body work)
      : time_(time),
        how_(how),
        work_(std::move(work)),
        processes_(how.n_ranks),
        network_(time, how.n_ranks, how.network),
        notices_(time, how.n_ranks),
        has_served_(how.n_ranks),
        ended_at_(how.n_ranks) {
    for (std::uint32_t row = 0; row < how.n_ranks; ++row)
      machines_.emplace_back(time, processes_, to_rank(row));
    for (std::uint32_t row = 0; row < how.n_ranks; ++row) {
      threads_.push_back(&time_.start(processes_[row], [this, row] {
        if (row == 0) {
          lead();
        } else {
          serve(to_rank(row));
        }
      }));
    }
  }

  engine_job(const engine_job&) = delete;
  engine_job& operator=(const engine_job&) = delete;
  engine_job(engine_job&&) = delete;
  engine_job& operator=(engine_job&&) = delete;

  /// Ends what has not ended.
  ~engine_job() {
    for (process_state& one : processes_) time_.kill(one);
    time_.run(core::duration::max(), [this] { return has_ended(); });
  }

  /// All processes have ended.
  bool has_ended() const {
    for (const timeline::thread* const one : threads_) {
      if (!one->has_ended()) return false;
    }
    return true;
  }

  bool has_ended(rank_id rank) const { return threads_[to_index(rank)]->has_ended(); }

  void kill(rank_id rank) { time_.kill(processes_[to_index(rank)]); }

  void freeze(rank_id rank, core::duration until) {
    process_state& one = processes_[to_index(rank)];
    one.frozen_until = std::max(one.frozen_until, until);
  }

  void cut(rank_id rank, core::duration until) { network_.cut(rank, until); }

  void slow(rank_id rank, core::duration until, double slowness) {
    process_state& one = processes_[to_index(rank)];
    one.slow_until = until;
    one.slowness = slowness;
  }

  /// What tasks of a rank wait with.
  transport::machine& machine(rank_id rank) { return machines_[to_index(rank)]; }

  const process_state& process(rank_id rank) const { return processes_[to_index(rank)]; }

  std::uint32_t n_ranks() const { return how_.n_ranks; }

  /// The root is not alone yet, as far as it knows.
  bool has_others() const {
    return std::count(notices_.is_missing.begin() + 1, notices_.is_missing.end(), 0) != 0;
  }

  /// What the root has told people.
  const std::vector<std::string>& notices() const { return notices_.all; }

  /// When the root last gave up the rank; none if it never has.
  std::optional<core::duration> lost_at(rank_id rank) const {
    return notices_.lost_at[to_index(rank)];
  }

  /// Ranks whose processes live have been given up, and are not back.
  bool is_any_missing() const {
    for (std::size_t row = 1; row < processes_.size(); ++row) {
      if (notices_.is_missing[row] != 0 && !processes_[row].is_dead) return true;
    }
    return false;
  }

  /// Why ranks that had not been killed could not go on.
  const std::vector<std::string>& breakdowns() const { return breakdowns_; }

  /// The rank has served until the end of the job.
  bool has_served(rank_id rank) const { return has_served_[to_index(rank)] != 0; }

  /// When the process of the rank ended.
  core::duration ended_at(rank_id rank) const { return ended_at_[to_index(rank)]; }

  /// What the process of the rank said as it ended itself, such as that the root is lost.
  const std::string& last_words(rank_id rank) const {
    return machines_[to_index(rank)].last_words();
  }

  /// The body has returned, and the root has said farewell.
  bool is_done() const { return is_done_; }

 private:
  class notice_list final : public observe::watcher {
   public:
    notice_list(const timeline& time, std::uint32_t n_ranks)
        : lost_at(n_ranks), is_missing(n_ranks), time_(time) {}

    void update(const job_statistics& /*job*/, core::duration /*at*/) override {}

    /// "rank 3 on here is lost: ...", "rank 3 on here is back", and others.
    void notice(const std::string& text) override {
      all.push_back(text);
      const bool is_loss = text.find(" is lost: ") != std::string::npos;
      if (!is_loss && !text.ends_with(" is back")) return;
      const std::size_t row = std::stoul(text.substr(std::string_view("rank ").size()));
      is_missing[row] = is_loss ? 1 : 0;
      if (is_loss) lost_at[row] = time_.now();
    }

    void call_over(const job_statistics& /*job*/) override {}

    std::vector<std::string> all;
    std::vector<std::optional<core::duration>> lost_at;  // by rank, last
    std::vector<char> is_missing;                        // by rank

   private:
    const timeline& time_;
  };

  std::vector<std::string> hosts() const {
    std::vector<std::string> all;
    for (std::uint32_t row = 0; row < how_.n_ranks; ++row)
      all.push_back(row % how_.n_hosts == 0 ? "here" : fmt::format("host{}", row % how_.n_hosts));
    return all;
  }

  engine::loss_settings losses() const {
    engine::loss_settings all{how_.timeout};
    if (how_.sees_processes) all.processes.resize(how_.n_ranks);
    return all;
  }

  void lead() {
    const auto mine = endpoint_of(root_rank);
    or_note(root_rank, [&] {
      engine::root root(*mine, hosts(), notices_, losses());
      work_(root);
      root.shut_down();
      is_done_ = true;
      has_served_.front() = 1;
    });
    end(root_rank);
  }

  void serve(rank_id rank) {
    const auto mine = endpoint_of(rank);
    or_note(rank, [&] { engine::worker_rank(*mine, losses()).serve(); });
    has_served_[to_index(rank)] = processes_[to_index(rank)].is_dead ? 0 : 1;
    end(rank);
  }

  /// The process has nothing more to do. Where no rank may be lost, all wait for each other then,
  /// and take in what is on its way.
  void end(rank_id rank) {
    const bool survives = how_.timeout.count() != 0 && how_.may_change_threads;
    if (!survives && !processes_[to_index(rank)].is_dead) network_.drain(rank);
    ended_at_[to_index(rank)] = time_.now();
    time_.kill(processes_[to_index(rank)]);
  }

  std::unique_ptr<network_endpoint> endpoint_of(rank_id rank) {
    return std::make_unique<network_endpoint>(
        network_, time_, machines_[to_index(rank)], rank, how_.may_change_threads);
  }

  template <class Work>
  void or_note(rank_id rank, Work work) {
    try {
      work();
    } catch (const std::exception& error) {
      if (!processes_[to_index(rank)].is_dead)
        breakdowns_.push_back("rank " + std::to_string(to_index(rank)) + ": " + error.what());
    }
  }

  timeline& time_;
  engine_job_options how_;
  body work_;
  process_table processes_;
  network network_;
  std::deque<virtual_machine> machines_;  // by rank
  notice_list notices_;
  std::vector<std::string> breakdowns_;
  bool is_done_ = false;
  std::vector<char> has_served_;            // by rank
  std::vector<core::duration> ended_at_;    // by rank
  std::vector<timeline::thread*> threads_;  // by rank; of those the first
};

}  // namespace rankwise::sim
