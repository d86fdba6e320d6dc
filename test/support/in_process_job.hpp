// SPDX-License-Identifier: MIT
// A job whose ranks are threads of this process: the engine as it ships, over queues in place of
// MPI, with ranks that die and freeze.
#pragma once

#include <rankwise/engine/rank/worker_rank.hpp>
#include <rankwise/engine/root/root.hpp>
#include <rankwise/observe/watcher.hpp>
#include <rankwise/options.hpp>
#include <rankwise/pool.hpp>
#include <rankwise/transport/endpoint.hpp>
#include <rankwise/transport/machine.hpp>
#include <rankwise/wire/buffer.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace rankwise::test {

/// What connects the ranks, and what has befallen each.
class thread_network {
 public:
  explicit thread_network(std::size_t n_ranks) : places_(n_ranks) {}

  std::size_t n_ranks() const { return places_.size(); }

  /// The rank neither sends nor takes anything any more.
  void kill(rank_id rank) { place_of(rank).is_dead = true; }

  /// The same, once it has sent so many frames more.
  void kill_after(rank_id rank, std::int64_t n_frames) { place_of(rank).n_frames_left = n_frames; }

  /// The rank does nothing for that long, from when it is next at its messages.
  void freeze(rank_id rank, core::duration time) {
    place_of(rank).frozen_until = (transport::machine::here().now() + time).count();
  }

  void freeze_all(core::duration time) {
    for (std::size_t row = 0; row < n_ranks(); ++row) freeze(to_rank(row), time);
  }

  /// No rank is frozen any more.
  void wait_for_all() const {
    for (const place& one : places_) wait_until(one.frozen_until);
  }

  void send(rank_id from, rank_id to, wire::bytes frame) {
    if (--place_of(from).n_frames_left == 0) kill(from);
    endure(from);
    place& there = place_of(to);
    const std::lock_guard held(there.lock);
    there.arrived.emplace_back(from, std::move(frame));
  }

  bool try_receive(rank_id to, rank_id& from, wire::bytes& frame) {
    endure(to);
    place& here = place_of(to);
    const std::lock_guard held(here.lock);
    if (here.arrived.empty()) return false;
    from = here.arrived.front().first;
    frame = std::move(here.arrived.front().second);
    here.arrived.pop_front();
    return true;
  }

 private:
  struct place {
    std::mutex lock;
    std::deque<std::pair<rank_id, wire::bytes>> arrived;  // under the lock
    std::atomic<bool> is_dead{false};
    std::atomic<std::int64_t> n_frames_left{0};  // until it dies; below 1: it does not
    std::atomic<core::duration::rep> frozen_until{0};
  };

  place& place_of(rank_id rank) { return places_[to_index(rank)]; }

  static void wait_until(const std::atomic<core::duration::rep>& time) {
    while (transport::machine::here().now().count() < time)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }

  /// What has befallen the rank, whose thread this is.
  ///
  /// Throws: std::runtime_error where the rank is dead.
  void endure(rank_id rank) {
    const place& here = place_of(rank);
    wait_until(here.frozen_until);
    if (here.is_dead) throw std::runtime_error("this rank is dead");
  }

  std::deque<place> places_;  // by rank
};

class thread_endpoint final : public transport::endpoint {
 public:
  thread_endpoint(thread_network& network, rank_id rank) : network_(&network), rank_(rank) {}

  rank_id rank() const override { return rank_; }

  std::uint32_t n_ranks() const override { return static_cast<std::uint32_t>(network_->n_ranks()); }

  const std::string& host() const override { return host_; }

  bool may_change_threads() const override { return true; }

  void send(rank_id to, wire::bytes frame) override { network_->send(rank_, to, std::move(frame)); }

  bool try_receive(rank_id& from, wire::bytes& frame) override {
    return network_->try_receive(rank_, from, frame);
  }

  bool all_sent() override { return true; }

 private:
  thread_network* network_;
  rank_id rank_;
  std::string host_ = "here";
};

/// The job, whose root is the thread that has made it.
class in_process_job {
 public:
  /// A rank that is silent for longer is lost.
  static constexpr core::duration timeout = std::chrono::seconds(1);

  explicit in_process_job(std::uint32_t n_ranks)
      : in_process_job(std::vector<std::string>(n_ranks, "here")) {}

  /// `hosts` has the host of each rank, as the root knows it.
  explicit in_process_job(const std::vector<std::string>& hosts) : network_(hosts.size()) {
    const auto n_ranks = static_cast<std::uint32_t>(hosts.size());
    const engine::loss_settings how{timeout};
    for (std::uint32_t row = 1; row < n_ranks; ++row) {
      threads_.emplace_back([this, row, how] {
        thread_endpoint endpoint(network_, to_rank(row));
        try {
          engine::worker_rank(endpoint, how).serve();
        } catch (const engine::cannot_go_on&) {
          // It was killed.
        }
      });
    }
    root_.emplace(endpoint_, hosts, notices_, how);
  }

  in_process_job(const in_process_job&) = delete;
  in_process_job& operator=(const in_process_job&) = delete;
  in_process_job(in_process_job&&) = delete;
  in_process_job& operator=(in_process_job&&) = delete;

  ~in_process_job() {
    root_->shut_down();
    for (std::thread& one : threads_) one.join();
  }

  rankwise::pool pool(options how = {}) {
    how.quiet = true;
    return {*root_, how};
  }

  thread_network& network() { return network_; }

  engine::root& root() { return *root_; }

  /// What the root has told people.
  std::vector<std::string> notices() const { return notices_.all(); }

 private:
  class notice_list final : public observe::watcher {
   public:
    void update(const job_statistics& /*job*/, core::duration /*at*/) override {}

    void notice(const std::string& text) override {
      const std::lock_guard held(lock_);
      all_.push_back(text);
    }

    void call_over(const job_statistics& /*job*/) override {}

    std::vector<std::string> all() const {
      const std::lock_guard held(lock_);
      return all_;
    }

   private:
    mutable std::mutex lock_;
    std::vector<std::string> all_;
  };

  thread_network network_;
  std::vector<std::thread> threads_;
  thread_endpoint endpoint_{network_, root_rank};
  notice_list notices_;
  std::optional<engine::root> root_;
};

}  // namespace rankwise::test
