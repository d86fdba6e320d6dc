// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/types.hpp>
#include <rankwise/engine/call/call_rules.hpp>
#include <rankwise/engine/rank/cannot_go_on.hpp>
#include <rankwise/engine/rank/rank_loop.hpp>
#include <rankwise/engine/rank/rank_state.hpp>
#include <rankwise/engine/root/body_threads.hpp>
#include <rankwise/engine/root/open_calls.hpp>
#include <rankwise/engine/root/root_role.hpp>
#include <rankwise/engine/root/running_call.hpp>
#include <rankwise/exchange/object_numbers.hpp>
#include <rankwise/process/termination.hpp>
#include <rankwise/threads/mutex.hpp>

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <utility>

namespace rankwise::engine {

/// How the threads of a body come to work on its calls: one at a time, and none any more once the
/// job can't go on.
class root_work {
 public:
  /// The lock of `rank` guards `role` and `submitted`. If the job `survives` losses, this
  /// rank is never silent.
  root_work(this_rank& rank,
            root_role& role,
            rank_loop& loop,
            open_calls& submitted,
            const exchange::object_numbers& numbers,
            bool survives)
      : rank_(rank),
        role_(role),
        loop_(loop),
        submitted_(submitted),
        numbers_(numbers),
        survives_(survives) {
    const threads::lock_scope held(rank_.lock);
    leave_messages();
  }

  /// Throws: std::logic_error if a task makes the call `name`; config_error if this thread may make
  /// none; cannot_go_on.
  void require_call(const char* name) RANKWISE_EXCLUDES(rank_.lock) {
    const threads::lock_scope held(rank_.lock);
    if (role_.threads().is_at_work()) refuse_in_task(name);
    require_whole_now();
    if (!may_poll()) refuse_other_thread(name);
  }

  /// Throws: cannot_go_on if a call has.
  void require_whole() RANKWISE_EXCLUDES(rank_.lock) {
    const threads::lock_scope held(rank_.lock);
    require_whole_now();
  }

  /// Whether this thread is the one that the body runs on.
  bool is_own_thread() RANKWISE_EXCLUDES(rank_.lock) {
    const threads::lock_scope held(rank_.lock);
    return role_.threads().is_own();
  }

  /// Once this is gone no thread is in a call any more, even if the job can't go on.
  class end_of_use {
   public:
    end_of_use(root_work& work, const running_call& call) : work_(work), call_(call) {}

    end_of_use(const end_of_use&) = delete;
    end_of_use& operator=(const end_of_use&) = delete;
    end_of_use(end_of_use&&) = delete;
    end_of_use& operator=(end_of_use&&) = delete;

    ~end_of_use() {
      while (call_.n_users() != 0) work_.let_others_run();
    }

   private:
    root_work& work_;
    const running_call& call_;
  };

  /// Works on the calls under way until `is_over`, or sleeps while another thread does; then also
  /// until that one `has_let_go` of what this one will use. Both are asked under the lock of the
  /// rank.
  void until(
      const std::function<bool()>& is_over,
      const std::function<bool()>& has_let_go = [] { return true; }) RANKWISE_EXCLUDES(rank_.lock) {
    bool was_over = false;  // that counts: a call that is done may have items again
    const std::function<bool()> ends = [&] { return was_over = was_over || is_over(); };
    while (!was_over && begin([&] { return ends() && has_let_go(); }, false)) {
      const scope working(*this);
      std::optional<termination> heard;
      if (rank_.has_helper_thread) heard.emplace();
      or_break([&] {
        enter(ends);
        loop_.poll();
        loop_.run();
      });
      leave();
    }
  }

  /// Does `work`, which touches what stays on this rank, as soon as no task runs here.
  void between_tasks(const std::function<void()>& work) RANKWISE_EXCLUDES(rank_.lock) {
    begin([] { return false; }, true);
    const scope working(*this);
    work();
  }

  /// Lets go of what was to stay on this rank and is not wanted any more, unless tasks run: then
  /// who works does so.
  void let_go_of_dropped() RANKWISE_EXCLUDES(rank_.lock) {
    if (try_begin()) const scope working(*this);
  }

  /// Turns to the network, from the body, unless that was just done; it is `at` now.
  void poll_now_and_then(core::duration at) RANKWISE_EXCLUDES(rank_.lock) {
    if (at.count() - rank_.polled_at.load(std::memory_order_relaxed) >=
        rank_loop::poll_every.count())
      or_break([this] { loop_.poll(); });
  }

  /// The same, unless a task asks for it.
  ///
  /// Throws: cannot_go_on.
  void look() RANKWISE_EXCLUDES(rank_.lock) {
    {
      const threads::lock_scope held(rank_.lock);
      require_whole_now();
      if (role_.threads().is_at_work() || !may_poll()) return;
    }
    poll_now_and_then(rank_.machine.now());
  }

  /// False if the call has to wait for another one, since both run on all ranks at once.
  ///
  /// Throws: cannot_go_on if another thread's call can't; std::logic_error if one has its name.
  bool begin_call(const std::shared_ptr<running_call>& made) RANKWISE_EXCLUDES(rank_.lock) {
    const threads::lock_scope held(rank_.lock);
    require_whole_now();
    role_.require_name_free(made->own_name);
    if (made->fills_ranks() && role_.calls().fill_ranks()) return false;
    submitted_.pause_time(rank_.machine.now());
    role_.begin_call(made);
    return true;
  }

  /// Begins `made`, which runs as `running`, or returns that of another thread which was faster.
  ///
  /// Throws: cannot_go_on; std::logic_error.
  open_call& begin_open_call(std::unique_ptr<open_call> made,
                             const options& how,
                             const std::shared_ptr<running_call>& running)
      RANKWISE_EXCLUDES(rank_.lock) {
    const threads::lock_scope held(rank_.lock);
    require_whole_now();
    role_.require_name_free(how.name);
    if (open_call* const other = submitted_.find(made->name_hash(), how)) return *other;
    role_.begin_call(running);
    open_call& added = submitted_.add(std::move(made), how, running);
    if (role_.threads().is_idle()) leave_messages();  // the helper thread hands out its items
    return added;
  }

 private:
  /// This thread works while it lives.
  class scope {
   public:
    explicit scope(root_work& mine) : work_(mine) {
      {
        const threads::lock_scope held(work_.rank_.lock);
        if (work_.polls_without_body()) work_.loop_.computing_thread_returns();
      }
      work_.numbers_.let_go_of_dropped(work_.rank_.context.kept);
    }

    scope(const scope&) = delete;
    scope& operator=(const scope&) = delete;
    scope(scope&&) = delete;
    scope& operator=(scope&&) = delete;

    ~scope() {
      const threads::lock_scope held(work_.rank_.lock);
      work_.leave_messages();
      work_.role_.threads().end_work();
    }

   private:
    root_work& work_;
  };

  /// This thread sleeps while it lives.
  class asleep {
   public:
    asleep(root_work& mine, const std::function<bool()>& is_over, bool is_urgent)
        : work_(mine), sleeper_(mine.rank_.machine, is_over, is_urgent) {
      const threads::lock_scope held(work_.rank_.lock);
      work_.role_.threads().add(sleeper_);
    }

    asleep(const asleep&) = delete;
    asleep& operator=(const asleep&) = delete;
    asleep(asleep&&) = delete;
    asleep& operator=(asleep&&) = delete;

    ~asleep() {
      const threads::lock_scope held(work_.rank_.lock);
      work_.role_.threads().remove(sleeper_);
    }

    void until_woken() { sleeper_.sleep(); }

   private:
    root_work& work_;
    body_threads::sleeper sleeper_;
  };

  /// Waits until this thread works; false if another one has worked until `is_over`.
  bool begin(const std::function<bool()>& is_over, bool is_urgent) RANKWISE_EXCLUDES(rank_.lock) {
    for (;;) {
      {
        const threads::lock_scope held(rank_.lock);
        require_whole_now();
        if (role_.threads().begin_work(is_urgent)) return true;
      }
      asleep here(*this, is_over, is_urgent);
      or_break([this] { loop_.poll(); });  // what has just begun is handed out
      here.until_woken();
      const threads::lock_scope held(rank_.lock);
      require_whole_now();
      if (is_over()) return false;
    }
  }

  bool try_begin() RANKWISE_EXCLUDES(rank_.lock) {
    const threads::lock_scope held(rank_.lock);
    return role_.threads().begin_work(false);
  }

  void enter(const std::function<bool()>& is_over) RANKWISE_EXCLUDES(rank_.lock) {
    const threads::lock_scope held(rank_.lock);
    role_.enter(is_over);
  }

  void leave() RANKWISE_EXCLUDES(rank_.lock) {
    const threads::lock_scope held(rank_.lock);
    role_.leave();
    if (!role_.calls().oldest_passing()) submitted_.count_time(rank_.machine.now());
  }

  /// Does `work`. If the job can't go on after that, no call can be made any more.
  template <class Work>
  void or_break(Work work) RANKWISE_EXCLUDES(rank_.lock) {
    try {
      or_bring_down(std::move(work));
    } catch (const cannot_go_on& error) {
      const threads::lock_scope held(rank_.lock);
      broken_ = error.what();
      role_.drop_calls();
      throw;
    }
  }

  void let_others_run() noexcept RANKWISE_EXCLUDES(rank_.lock) {
    try {
      rank_.machine.sleep(std::chrono::milliseconds(1));
    } catch (...) {
      // A simulated process that was killed does not sleep; its other threads run while it locks.
      const threads::lock_scope held(rank_.lock);
    }
  }

  /// MPI allows calls to this thread.
  bool may_poll() const RANKWISE_REQUIRES(rank_.lock) {
    return rank_.n_ranks == 1 || rank_.has_helper_thread || role_.threads().is_own();
  }

  void require_whole_now() const RANKWISE_REQUIRES(rank_.lock) {
    if (!broken_.empty()) throw cannot_go_on(broken_);
  }

  /// While no thread of the body works the helper thread polls, if silence would mean that this
  /// rank is lost, or if others work on what was submitted.
  void leave_messages() RANKWISE_REQUIRES(rank_.lock) {
    if (polls_without_body()) loop_.computing_thread_leaves();
  }

  bool polls_without_body() const RANKWISE_REQUIRES(rank_.lock) {
    return survives_ || !submitted_.empty();
  }

  this_rank& rank_;
  root_role& role_ RANKWISE_GUARDED_BY(rank_.lock);
  rank_loop& loop_;
  open_calls& submitted_ RANKWISE_GUARDED_BY(rank_.lock);
  const exchange::object_numbers& numbers_;
  const bool survives_;
  std::string broken_ RANKWISE_GUARDED_BY(rank_.lock);  // why no more calls can be made; empty:
                                                        // they can
};

}  // namespace rankwise::engine
