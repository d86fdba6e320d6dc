// SPDX-License-Identifier: MIT
// Ranks that are threads of one process, for tests of what ranks say to each other.
#pragma once

#include <rankwise/core/types.hpp>
#include <rankwise/exchange/channels.hpp>
#include <rankwise/exchange/frame_layout.hpp>
#include <rankwise/exchange/mailbox.hpp>
#include <rankwise/transport/backoff.hpp>
#include <rankwise/wire/buffer.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace rankwise::test {

/// One of the ranks: letters go to the others' queues; its own are taken where it tends, and before
/// that nobody answers for it.
class thread_peers final : public exchange::channels {
 public:
  thread_peers(std::vector<std::unique_ptr<thread_peers>>& all,
               std::uint32_t row,
               std::atomic<bool>& cancelled,
               std::atomic<std::uint64_t>& n_met)
      : all_(&all), row_(row), cancelled_(&cancelled), n_met_(&n_met) {}

  std::uint32_t row() const { return row_; }

  std::atomic<bool>& cancelled() const { return *cancelled_; }

  std::uint32_t n_ranks() const override { return static_cast<std::uint32_t>(all_->size()); }

  void post(rank_id to, std::uint64_t channel, std::uint64_t subject, wire::bytes piece) override {
    exchange::channel_message what{
        to_rank(row_), subject, std::move(piece), exchange::channel_headroom};
    thread_peers& other = *all_->at(to_index(to));
    const std::lock_guard held(other.lock_);
    other.arrived_.emplace_back(channel, std::move(what));
  }

  void open(std::uint64_t channel, receiver take) override {
    mailbox_.open(channel, std::move(take));
  }

  void open_service(std::uint64_t channel, answerer answer) override {
    mailbox_.open(channel, std::move(answer));
  }

  void open_relay(std::uint64_t channel, relay take) override {
    mailbox_.open(channel, std::move(take));
  }

  void close(std::uint64_t channel) override { mailbox_.close(channel); }

  void send_posted() override {}

  bool poll() override {
    std::deque<std::pair<std::uint64_t, exchange::channel_message>> arrived;
    {
      const std::lock_guard held(lock_);
      arrived.swap(arrived_);
    }
    for (auto& [channel, what] : arrived) {
      const rank_id from = what.from;
      const std::uint64_t subject = what.subject;
      exchange::channels::reply answered = mailbox_.put(channel, std::move(what));
      for (std::uint32_t row = 0; row < n_ranks() && answered.to != audience::nobody; ++row) {
        const bool is_for_sender = answered.to == audience::sender;
        if (row == row_ || (to_rank(row) == from) != is_for_sender) continue;
        post(to_rank(row), channel, subject, answered.content);
      }
    }
    bool any = !arrived.empty();
    while (auto next = mailbox_.next()) {
      next->take(next->what);
      any = true;
    }
    return any;
  }

  /// Waits until all ranks have come here, and takes letters meanwhile, as a rank without work
  /// does.
  ///
  /// Throws: std::runtime_error where the call is cancelled.
  void meet() {
    const std::uint64_t all_here = (n_met_->fetch_add(1) / all_->size() + 1) * all_->size();
    while (n_met_->load() < all_here) {
      if (cancelled_->load()) throw std::runtime_error("cancelled");
      if (!poll()) std::this_thread::yield();
    }
  }

 private:
  std::vector<std::unique_ptr<thread_peers>>* all_;
  std::uint32_t row_;
  std::atomic<bool>* cancelled_;
  std::atomic<std::uint64_t>* n_met_;
  exchange::mailbox mailbox_;
  std::mutex lock_;
  std::deque<std::pair<std::uint64_t, exchange::channel_message>> arrived_;  // under the lock
};

/// Runs `body(thread_peers&)` on `n_ranks` ranks, and returns what each has thrown, by row; empty
/// where it has thrown nothing. The first to throw cancels the call, as --on-error stop does.
/// Threads that do not end end the program, and say so.
template <class Body>
std::vector<std::string> run_on_threads(std::uint32_t n_ranks, const Body& body) {
  constexpr std::chrono::seconds longest(50);
  std::atomic<bool> cancelled{false};
  std::atomic<std::uint64_t> n_met{0};
  std::vector<std::unique_ptr<thread_peers>> all;
  for (std::uint32_t row = 0; row < n_ranks; ++row)
    all.push_back(std::make_unique<thread_peers>(all, row, cancelled, n_met));
  std::vector<std::string> thrown(n_ranks);
  std::mutex lock;
  std::condition_variable ended;
  std::uint32_t n_ended = 0;
  std::vector<std::thread> threads;
  for (std::uint32_t row = 0; row < n_ranks; ++row) {
    threads.emplace_back([&, row] {
      try {
        body(*all[row]);
      } catch (const std::exception& error) {
        thrown[row] = error.what();
        cancelled = true;
      }
      const std::lock_guard held(lock);
      ++n_ended;
      ended.notify_one();
    });
  }
  {
    std::unique_lock held(lock);
    if (!ended.wait_for(held, longest, [&] { return n_ended == n_ranks; })) {
      std::fprintf(stderr, "run_on_threads: %u of %u ranks have ended\n", n_ended, n_ranks);
      std::abort();
    }
  }
  for (std::thread& one : threads) one.join();
  return thrown;
}

}  // namespace rankwise::test
