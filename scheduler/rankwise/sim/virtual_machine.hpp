// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/types.hpp>
#include <rankwise/process/process_watch.hpp>
#include <rankwise/sim/timeline.hpp>
#include <rankwise/transport/machine.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rankwise::sim {

/// The processes of a simulated job, by rank. One host: each sees the others end.
using process_table = std::deque<process_state>;

/// The machine of one rank in virtual time.
///
/// Local: the threads of a timeline alone call it.
class virtual_machine final : public transport::machine {
 public:
  virtual_machine(timeline& time, process_table& processes, rank_id rank)
      : time_(time), processes_(processes), process_(processes[to_index(rank)]) {}

  core::duration now() const override { return time_.now(); }

  void spin() override { wait_about(std::chrono::microseconds(10)); }

  void yield() override { wait_about(std::chrono::microseconds(40)); }

  /// A rank that is slow sleeps for longer.
  void sleep(core::duration time) override {
    const double slowness = time_.now() < process_.slow_until ? process_.slowness : 1;
    wait_about(core::duration(
        static_cast<core::duration::rep>(static_cast<double>(time.count()) * slowness)));
  }

  const void* this_thread() const override { return time_.running(); }

  std::unique_ptr<thread> start(std::function<void()> work) override {
    return std::make_unique<virtual_thread>(time_, time_.start(process_, std::move(work)));
  }

  std::unique_ptr<condition> new_condition() override {
    return std::make_unique<virtual_condition>(time_);
  }

  std::function<void()> before_lock() override {
    return [this] { time_.interleave(); };
  }

  std::uint64_t draw() override { return time_.up_to(UINT32_MAX); }

  std::unique_ptr<engine::process_watch> new_process_watch() override {
    return std::make_unique<virtual_watch>(processes_);
  }

  /// What the process said as it ended itself.
  const std::string& last_words() const { return last_words_; }

 protected:
  void on_end_process(std::string_view last_words) override {
    last_words_ = last_words;
    time_.kill(process_);
    throw process_killed();
  }

 private:
  class virtual_thread final : public thread {
   public:
    virtual_thread(timeline& time, timeline::thread& code) : time_(time), code_(code) {}

    virtual_thread(const virtual_thread&) = delete;
    virtual_thread& operator=(const virtual_thread&) = delete;
    virtual_thread(virtual_thread&&) = delete;
    virtual_thread& operator=(virtual_thread&&) = delete;

    ~virtual_thread() override { time_.join(code_); }

   private:
    timeline& time_;
    timeline::thread& code_;
  };

  class virtual_condition final : public condition {
   public:
    explicit virtual_condition(timeline& time) : time_(time) {}

    void wait(std::unique_lock<std::mutex>& held) override { wait(held, nullptr); }

    void wait_until(std::unique_lock<std::mutex>& held, core::duration time) override {
      wait(held, &time);
    }

    void notify_all() override {
      for (timeline::thread* const one : waiting_) time_.wake(*one);
    }

   private:
    void wait(std::unique_lock<std::mutex>& held, const core::duration* limit) {
      timeline::thread* const mine = time_.running();
      waiting_.push_back(mine);
      held.unlock();
      const auto leave = [&] {
        std::erase(waiting_, mine);
        held.lock();
      };
      try {
        time_.wait(limit);
      } catch (...) {
        leave();
        throw;
      }
      leave();
    }

    timeline& time_;
    std::vector<timeline::thread*> waiting_;
  };

  class virtual_watch final : public engine::process_watch {
   public:
    explicit virtual_watch(process_table& processes) : processes_(processes) {}

    void add(rank_id rank, const engine::process_place& /*where*/) override {
      watched_.push_back(rank);
    }

    std::vector<rank_id> ended() override {
      std::vector<rank_id> found;
      std::erase_if(watched_, [&](rank_id rank) {
        if (!processes_[to_index(rank)].is_dead) return false;
        found.push_back(rank);
        return true;
      });
      return found;
    }

   private:
    process_table& processes_;
    std::vector<rank_id> watched_;
  };

  /// No thread wakes to the nanosecond.
  void wait_about(core::duration time) {
    time_.sleep(time + core::duration(time_.up_to(static_cast<std::uint64_t>(time.count()) / 8)));
  }

  timeline& time_;
  process_table& processes_;
  process_state& process_;
  std::string last_words_;
};

}  // namespace rankwise::sim
