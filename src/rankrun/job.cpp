// SPDX-License-Identifier: MIT
#include "job.hpp"

#include <rankwise/process/standard_streams.hpp>

#include "banner_filter.hpp"
#include "carriers.hpp"
#include "descriptor.hpp"
#include "job_signs.hpp"
#include "keeper.hpp"
#include "launcher_filter.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <optional>
#include <poll.h>
#include <string>
#include <string_view>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace rankwise::launcher {
namespace {

using clock = std::chrono::steady_clock;

int as_exit_status(int wait_status) {
  return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

/// A command under its keeper, whose standard streams are carried here.
class running_job {
 public:
  running_job(const command& job, const job_watch& watch, bool keep_banners)
      : watch_(watch), keep_banners_(keep_banners) {
    if (!watch.token.empty()) {
      start_deadline_ = clock::now() + watch.start_timeout;
      launcher_filter_.emplace(watch.token, [this](std::string_view words) {
        signs_.hear(words, clock::now());
        if (signs_.has_joined()) filter_.expect_losses();
      });
    }
    std::signal(SIGCHLD, SIG_DFL);  // a caller that ignores it would have the status thrown away
    std::signal(SIGPIPE, SIG_IGN);  // writes say that nobody reads
    sigset_t wanted;
    sigemptyset(&wanted);
    for (const int number : {SIGINT, SIGTERM, SIGUSR1, SIGUSR2, SIGTSTP, SIGCONT, SIGCHLD})
      sigaddset(&wanted, number);

    struct sigaction hangup {};

    sigaction(SIGHUP, nullptr, &hangup);
    if (hangup.sa_handler != SIG_IGN) sigaddset(&wanted, SIGHUP);  // else: under nohup
    sigprocmask(SIG_BLOCK, &wanted, &callers_mask_);
    signals_ = descriptor(checked(signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK), "signalfd"));
    start(job);
  }

  running_job(const running_job&) = delete;
  running_job& operator=(const running_job&) = delete;
  running_job(running_job&&) = delete;
  running_job& operator=(running_job&&) = delete;

  ~running_job() { sigprocmask(SIG_SETMASK, &callers_mask_, nullptr); }

  job_end wait() {
    while (!has_ended_ || !output_->is_done()) {
      if (is_overdue()) {
        if (has_ended_) break;  // nobody takes what it has printed
        end_or_hurry();
      }
      await_something();
      look_for_outcome();
      look_for_missing();
    }
    pass_errors_on();
    if (launcher_filter_) show(launcher_filter_->finish());
    say(filter_.finish());
    const bool was_signalled = ended_by_.has_value();
    const job_end found = end();
    finish_errors();
    return ended_by_ && !was_signalled ? job_end{128 + *ended_by_} : found;
  }

 private:
  /// What has been said waits for its reader; a signal ends that as it ends a job.
  void finish_errors() {
    while (!said_.is_empty() && !is_overdue()) {
      std::array<pollfd, 2> watched{pollfd{signals_.get(), POLLIN, 0}, said_.watched()};
      poll(watched.data(), watched.size(), poll_timeout());
      if (watched[0].revents != 0) take_signals();
      said_.carry();
    }
  }

  job_end end() {
    if (const std::optional<int> error = output_->error()) return end_unwritten({*error});
    if (!signs_.outcome() && !signs_.termination_notice().empty()) say_line(termination_notice());
    return end_of_job();
  }

  /// The job may have done its work; a new start would fail alike.
  job_end end_unwritten(const observe::output_failure& failure) {
    if (failure.is_unread()) return {failure.status()};
    say_line("rankrun: " + failure.text());
    const job_end end = end_of_job();
    return {end.status == 0 ? failure.status() : end.status};
  }

  /// The root knows of the signal that mpirun sends it; the one that was sent here is meant.
  std::string termination_notice() const {
    constexpr std::string_view told = "ended by SIGTERM";
    std::string words = signs_.termination_notice();
    const std::size_t at = words.find(told);
    if (ended_by_ && at != std::string::npos)
      words.replace(at, told.size(), fmt::format("ended by SIG{}", sigabbrev_np(*ended_by_)));
    return words;
  }

  job_end end_of_job() {
    constexpr int failed_job = static_cast<int>(exit_status::failed_job);
    if (ended_by_) return {128 + *ended_by_};
    if (signs_.outcome()) return {*signs_.outcome(), signs_.has_lost()};
    if (!missing_.empty()) return {failed_job, true, missing_};
    if (signs_.has_joined()) {
      say_line("rankrun: the root (rank 0) was lost: nobody knows how the job has ended");
      return {failed_job, true};
    }
    const std::optional<int> ended = keeper_->wait_status();
    const int status = ended ? as_exit_status(*ended) : 128 + SIGKILL;
    if (status > 128 && status <= 128 + SIGRTMAX) {
      // Open MPI may keep the signal to itself, and a program that dies of one says nothing.
      say_line(fmt::format("rankrun: the job ended with status {}, as after signal {} ({})",
                           status,
                           status - 128,
                           strsignal(status - 128)));
    }
    return {status, may_come_further(status)};
  }

  /// Where nobody has said how the job ended: whether it ended otherwise than a program on rankwise
  /// does by itself. A command that can't be run at all does not get better.
  bool may_come_further(int status) const {
    constexpr std::array by_itself{0, 1, 2, 3};
    constexpr int not_executable = 126;
    constexpr int not_found = 127;
    if (status == not_executable || status == not_found) return false;
    // An mpirun that reaches a host no more ends with 1.
    if (!watch_.token.empty()) return status != 0;
    return std::find(by_itself.begin(), by_itself.end(), status) == by_itself.end();
  }

  void start(const command& job) {
    pipe_ends output = pipe_ends::make();
    pipe_ends errors = pipe_ends::make();
    const bool has_input = watch_.input == input_kind::eager || watch_.input == input_kind::asked;
    pipe_ends input;
    if (has_input) {
      input = pipe_ends::make();
    } else {
      input.read = descriptor(checked(open("/dev/null", O_RDONLY | O_CLOEXEC), "/dev/null"));
    }
    keeper_.emplace(job,
                    keeper::streams{input.read.get(), output.write.get(), errors.write.get()},
                    callers_mask_);
    fcntl(errors.read.get(), F_SETFL, O_NONBLOCK);
    errors_ = std::move(errors.read);
    output_.emplace(std::move(output.read));
    input_.emplace(std::move(input.write));
    if (watch_.input == input_kind::eager) input_->want();
  }

  void await_something() {
    // What is watched is negative, and left out, where there is nothing.
    std::array<pollfd, 5> watched{pollfd{signals_.get(), POLLIN, 0},
                                  pollfd{takes_errors() ? errors_.get() : -1, POLLIN, 0},
                                  output_->watched(),
                                  input_->watched(),
                                  said_.watched()};
    poll(watched.data(), watched.size(), poll_timeout());
    if (watched[0].revents != 0) take_signals();
    if (watched[1].revents != 0) pass_errors_on();
    if (watched[2].revents != 0) carry_output();
    if (watched[3].revents != 0) input_->carry();
    if (watched[4].revents != 0) said_.carry();
  }

  void carry_output() {
    output_->carry();
    // A program that prints for nobody is ended, as it would be without rankrun.
    if (output_->error() == EPIPE && !has_ended_ && !is_hurried_) hurry();
  }

  /// What the root has said it takes back only where it was another process that had said so.
  void look_for_outcome() {
    if (signs_.outcome() && !deadline_) {
      deadline_ = clock::now() + (signs_.has_joined() ? farewell : short_farewell);
      awaits_end_ = true;
    } else if (!signs_.outcome() && awaits_end_ && !is_hurried_ && !ended_by_) {
      deadline_.reset();
      awaits_end_ = false;
    }
  }

  void end_or_hurry() {
    if (awaits_end_ && !is_hurried_ && !ended_by_ && (output_->is_held_up() || said_.is_full())) {
      deadline_ = clock::now() + farewell;  // mpirun has more, and ends when it has got rid of it
    } else if (ended_by_ || is_hurried_) {
      keeper_->end_all();
      deadline_ = clock::now() + farewell;
    } else {
      hurry();
    }
  }

  /// The job is over, and some ranks do not end: mpirun ends them, on all hosts.
  void hurry() {
    is_hurried_ = true;
    deadline_ = clock::now() + grace;
    keeper_->send(SIGTERM);
  }

  /// Before all ranks have joined nothing can be saved: those that are there wait for the others.
  void look_for_missing() {
    if (!start_deadline_ || deadline_ || has_ended_ || clock::now() < *start_deadline_) return;
    start_deadline_.reset();
    if (signs_.has_joined()) return;
    // What has not been read may say that they have joined.
    if (signs_.is_busy_elsewhere() || said_.is_full()) {
      start_deadline_ = clock::now() + watch_.start_timeout;
      return;
    }
    missing_ = signs_.missing(watch_.n_ranks, clock::now());
    if (missing_.empty()) {
      say_line(fmt::format(
          "rankrun: after {} s all ranks have started and none has joined the others: does a "
          "firewall keep the hosts apart? (Ctrl-C ends the job)",
          watch_.start_timeout.count()));
      return;
    }
    say_line(fmt::format(
        "rankrun: after {} s (--start-timeout) the others still wait for {}: the job is ended",
        watch_.start_timeout.count(),
        signs_.describe(missing_, watch_.hosts)));
    hurry();
  }

  /// Once the job has ended only a signal keeps what it has printed from being waited for.
  std::optional<clock::time_point> deadline() const {
    return has_ended_ && !ended_by_ ? std::nullopt : deadline_;
  }

  bool is_overdue() const { return deadline() && clock::now() >= *deadline(); }

  int poll_timeout() const {
    using std::chrono::milliseconds;
    std::optional<clock::time_point> next = deadline();
    if (!next && !has_ended_) next = start_deadline_;
    if (input_->waits_for_foreground()) {
      const clock::time_point look = clock::now() + milliseconds(200);
      next = next ? std::min(*next, look) : look;
    }
    if (!next) return -1;
    const auto left = std::chrono::ceil<milliseconds>(*next - clock::now());
    return static_cast<int>(std::max<milliseconds::rep>(left.count(), 0));
  }

  void take_signals() {
    signalfd_siginfo info{};
    while (read(signals_.get(), &info, sizeof info) == sizeof info) {
      const int number = static_cast<int>(info.ssi_signo);
      if (number == SIGCHLD) {
        has_ended_ = has_ended_ || keeper_->has_ended();
      } else if (number == SIGTSTP) {
        suspend();
      } else if (number == SIGUSR1 || number == SIGUSR2) {
        keeper_->send(number);
      } else if (number != SIGCONT && !ended_by_) {
        ended_by_ = number;
        deadline_ = clock::now() + grace;
        keeper_->send(number);
      }
    }
  }

  /// Stops the ranks, on all hosts, and rankrun; goes on with them when rankrun does.
  void suspend() {
    const clock::time_point begun = clock::now();
    keeper_->send(SIGTSTP);
    sigset_t stop;
    sigemptyset(&stop);
    sigaddset(&stop, SIGTSTP);
    sigprocmask(SIG_UNBLOCK, &stop, nullptr);
    std::raise(SIGTSTP);  // nothing happens where nobody could have this process go on
    sigprocmask(SIG_BLOCK, &stop, nullptr);
    keeper_->send(SIGCONT);
    const auto pause = clock::now() - begun;
    if (deadline_) *deadline_ += pause;
    if (start_deadline_) *start_deadline_ += pause;
    signs_.pass_over(pause);
  }

  void pass_errors_on() {
    std::array<char, 65536> buffer{};
    ssize_t n = 0;
    do {
      n = read(errors_.get(), buffer.data(), buffer.size());
      if (n <= 0) break;
      const std::string_view text(buffer.data(), static_cast<std::size_t>(n));
      show(launcher_filter_ ? launcher_filter_->feed(text) : std::string(text));
    } while (has_ended_);         // before that signals have their turn
    if (n == 0) errors_.reset();  // closed on the other side: poll leaves a negative one out
    if (signs_.wants_input()) input_->want();
  }

  /// A job waits for those who read it. One that is to end does not: mpirun could not tidy up.
  bool takes_errors() const { return !said_.is_full() || has_ended_ || ended_by_ || is_hurried_; }

  void show(const std::string& text) {
    if (said_.is_full() && !has_ended_) return;
    say(keep_banners_ ? text : filter_.feed(text));
  }

  /// Where nobody reads what the job prints, it ends without a word.
  void say(const std::string& text) {
    if (text.empty() || output_->error() == EPIPE) return;
    said_.add(text);
    said_.carry();
    is_line_open_ = text.back() != '\n';
  }

  /// Says a line of its own, also where a line of progress is not ended.
  void say_line(const std::string& text) { say((is_line_open_ ? "\n" : "") + text + "\n"); }

  job_watch watch_;
  bool keep_banners_;
  sigset_t callers_mask_{};
  descriptor signals_;
  descriptor errors_;
  std::optional<keeper> keeper_;
  std::optional<output_carrier> output_;
  std::optional<input_carrier> input_;
  outlet said_{STDERR_FILENO};
  bool has_ended_ = false;  // the keeper, and with it all of the job that runs here
  std::optional<int> ended_by_;
  std::optional<clock::time_point> deadline_;
  std::optional<clock::time_point> start_deadline_;
  bool awaits_end_ = false;  // the deadline is that of the root's outcome
  bool is_hurried_ = false;
  bool is_line_open_ = false;  // on stderr
  std::vector<int> missing_;   // never joined the others
  banner_filter filter_;
  std::optional<launcher_filter> launcher_filter_;
  job_signs signs_;
};

}  // namespace

job_end run_job(const command& job, const job_watch& watch, bool keep_banners) {
  return running_job(job, watch, keep_banners).wait();
}

}  // namespace rankwise::launcher
