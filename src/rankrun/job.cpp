// SPDX-License-Identifier: MIT
#include "job.hpp"

#include "banner_filter.hpp"
#include "job_signs.hpp"
#include "launcher_filter.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <optional>
#include <poll.h>
#include <string>
#include <string_view>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>
#include <vector>

namespace rankwise::launcher {
namespace {

using clock = std::chrono::steady_clock;

/// Throws what errno says where a call failed that only a broken system lets fail.
int checked(int result, const char* call) {
  if (result < 0) throw std::system_error(errno, std::generic_category(), call);
  return result;
}

class descriptor {
 public:
  explicit descriptor(int fd) : fd_(fd) {}

  descriptor(const descriptor&) = delete;
  descriptor& operator=(const descriptor&) = delete;
  descriptor(descriptor&&) = delete;
  descriptor& operator=(descriptor&&) = delete;

  ~descriptor() { reset(); }

  int get() const { return fd_; }

  void reset() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }

 private:
  int fd_;
};

void write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = write(fd, text.data(), text.size());
    if (n < 0 && errno != EINTR) return;  // nobody left to read it
    if (n > 0) text.remove_prefix(static_cast<std::size_t>(n));
  }
}

/// The processes whose parent is this one: what it started and, since it is a subreaper, every
/// descendant whose own parent has gone.
std::vector<pid_t> children() {
  std::vector<pid_t> found;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    pid_t pid = 0;
    if (std::from_chars(name.data(), name.data() + name.size(), pid).ec != std::errc{}) continue;
    std::string stat;
    std::getline(std::ifstream(entry.path() / "stat"), stat);
    const std::size_t name_end = stat.rfind(')');  // "pid (name) state parent ..."
    if (name_end == std::string::npos) continue;
    const std::vector<std::string_view> fields =
        split_words(std::string_view(stat).substr(name_end + 1));
    if (fields.size() > 1 && fields[1] == std::to_string(getpid())) found.push_back(pid);
  }
  return found;
}

/// A killed process leaves its children to this one, so the loop reaches all of them.
void end_all_children() {
  for (;;) {
    for (const pid_t pid : children()) kill(pid, SIGKILL);
    if (waitpid(-1, nullptr, 0) < 0 && errno == ECHILD) return;
  }
}

int as_exit_status(int wait_status) {
  return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

/// A child process with a pipe on its stderr.
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
    checked(prctl(PR_SET_CHILD_SUBREAPER, 1), "prctl");
    std::signal(SIGCHLD, SIG_DFL);  // a caller that ignores it would have the status thrown away
    sigset_t wanted;
    sigemptyset(&wanted);
    for (const int number : {SIGINT, SIGTERM, SIGUSR1, SIGUSR2, SIGCHLD})
      sigaddset(&wanted, number);

    struct sigaction hangup {};

    sigaction(SIGHUP, nullptr, &hangup);
    if (hangup.sa_handler != SIG_IGN) sigaddset(&wanted, SIGHUP);  // else: under nohup
    sigprocmask(SIG_BLOCK, &wanted, &callers_mask_);
    signals_.emplace(checked(signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK), "signalfd"));
    start(job);
  }

  running_job(const running_job&) = delete;
  running_job& operator=(const running_job&) = delete;
  running_job(running_job&&) = delete;
  running_job& operator=(running_job&&) = delete;

  ~running_job() { sigprocmask(SIG_SETMASK, &callers_mask_, nullptr); }

  job_end wait() {
    while (!status_) {
      if (is_overdue()) {
        if (ended_by_ || is_hurried_) break;
        hurry();
      }
      std::array<pollfd, 2> watched{pollfd{signals_->get(), POLLIN, 0},
                                    pollfd{errors_->get(), POLLIN, 0}};
      poll(watched.data(), watched.size(), poll_timeout());
      if (watched[0].revents != 0) take_signals();
      if (watched[1].revents != 0) pass_errors_on();
      look_for_outcome();
      look_for_missing();
    }
    end_all_children();
    pass_errors_on();
    if (launcher_filter_) show(launcher_filter_->finish());
    write_all(STDERR_FILENO, filter_.finish());
    return end();
  }

 private:
  job_end end() const {
    constexpr int failed_job = static_cast<int>(exit_status::failed_job);
    if (!signs_.outcome() && !signs_.last_words().empty())
      fmt::print(stderr, "{}\n", signs_.last_words());
    if (ended_by_) return {128 + *ended_by_};
    if (signs_.outcome()) return {*signs_.outcome(), signs_.has_lost()};
    if (!missing_.empty()) return {failed_job, true, missing_};
    if (signs_.has_joined()) {
      fmt::print(stderr,
                 "rankrun: the root (rank 0) was lost: nobody knows how the job has ended\n");
      return {failed_job, true};
    }
    const int status = as_exit_status(*status_);
    if (status > 128 && status <= 128 + SIGRTMAX) {
      // Open MPI may keep the signal to itself, and a program that dies of one says nothing.
      fmt::print(stderr,
                 "rankrun: the job ended with status {}, as after signal {} ({})\n",
                 status,
                 status - 128,
                 strsignal(status - 128));
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
    // At a terminal the child stays in the terminal's foreground group, which may read from it.
    // Elsewhere it gets a group of its own: a signal to the whole group would reach it twice, and
    // Open MPI leaves its ranks and files behind when it is interrupted twice.
    is_own_group_ = isatty(STDIN_FILENO) == 0;
    std::array<int, 2> pipe_ends{};
    checked(pipe2(pipe_ends.data(), O_CLOEXEC), "pipe2");
    errors_.emplace(pipe_ends[0]);
    const descriptor write_end(pipe_ends[1]);
    fcntl(errors_->get(), F_SETFL, O_NONBLOCK);

    for (const std::string& name : job.left_out) unsetenv(name.c_str());
    for (const auto& [name, value] : job.settings) setenv(name.c_str(), value.c_str(), 1);
    std::vector<std::string> words = job.argv;
    std::vector<char*> argv;
    argv.reserve(words.size() + 1);
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);

    const pid_t parent = getpid();
    child_ = checked(fork(), "fork");
    if (child_ == 0) {
      prctl(PR_SET_PDEATHSIG, SIGTERM);  // a rankrun that is killed hard takes the job along
      if (getppid() != parent) _exit(127);
      if (is_own_group_) setpgid(0, 0);
      dup2(write_end.get(), STDERR_FILENO);
      sigprocmask(SIG_SETMASK, &callers_mask_, nullptr);
      execv(argv[0], argv.data());
      write_all(STDERR_FILENO, fmt::format("rankrun: {}: {}\n", argv[0], std::strerror(errno)));
      _exit(127);
    }
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

  /// The job is over, and some ranks do not end: mpirun ends them, on all hosts.
  void hurry() {
    is_hurried_ = true;
    deadline_ = clock::now() + grace;
    kill(child_, SIGTERM);
  }

  /// Before all ranks have joined nothing can be saved: those that are there wait for the others.
  void look_for_missing() {
    if (!start_deadline_ || deadline_ || clock::now() < *start_deadline_) return;
    start_deadline_.reset();
    if (signs_.has_joined()) return;
    missing_ = signs_.missing(watch_.n_ranks, clock::now());
    if (missing_.empty()) {
      fmt::print(
          stderr,
          "rankrun: after {} s all ranks have started and none has joined the others: does a "
          "firewall keep the hosts apart? (Ctrl-C ends the job)\n",
          watch_.start_timeout.count());
      return;
    }
    fmt::print(
        stderr,
        "rankrun: after {} s (--start-timeout) the others still wait for {}: the job is ended\n",
        watch_.start_timeout.count(),
        signs_.describe(missing_, watch_.hosts));
    hurry();
  }

  bool is_overdue() const { return deadline_ && clock::now() >= *deadline_; }

  int poll_timeout() const {
    const std::optional<clock::time_point>& next = deadline_ ? deadline_ : start_deadline_;
    if (!next) return -1;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(*next - clock::now());
    return static_cast<int>(std::max<std::chrono::milliseconds::rep>(left.count(), 0));
  }

  void take_signals() {
    signalfd_siginfo info{};
    while (read(signals_->get(), &info, sizeof info) == sizeof info) {
      const int number = static_cast<int>(info.ssi_signo);
      // What a terminal sends has reached the whole foreground group already.
      const bool is_new_to_child = is_own_group_ || info.ssi_code != SI_KERNEL;
      if (number == SIGCHLD) {
        reap();
      } else if (number == SIGUSR1 || number == SIGUSR2) {
        kill(child_, number);
      } else if (!ended_by_) {
        ended_by_ = number;
        deadline_ = clock::now() + grace;
        if (is_new_to_child) kill(child_, number);
      }
    }
  }

  void reap() {
    int status = 0;
    for (pid_t pid = 0; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
      if (pid == child_) status_ = status;
    }
  }

  void pass_errors_on() {
    std::array<char, 65536> buffer{};
    ssize_t n = 0;
    while ((n = read(errors_->get(), buffer.data(), buffer.size())) > 0) {
      const std::string_view text(buffer.data(), static_cast<std::size_t>(n));
      show(launcher_filter_ ? launcher_filter_->feed(text) : std::string(text));
    }
    if (n == 0) errors_->reset();  // closed on the other side: poll leaves a negative one out
  }

  void show(const std::string& text) {
    write_all(STDERR_FILENO, keep_banners_ ? text : filter_.feed(text));
  }

  job_watch watch_;
  bool keep_banners_;
  bool is_own_group_ = false;
  sigset_t callers_mask_{};
  std::optional<descriptor> signals_;
  std::optional<descriptor> errors_;
  pid_t child_ = -1;
  std::optional<int> status_;
  std::optional<int> ended_by_;
  std::optional<clock::time_point> deadline_;
  std::optional<clock::time_point> start_deadline_;
  bool awaits_end_ = false;  // the deadline is that of the root's outcome
  bool is_hurried_ = false;
  std::vector<int> missing_;  // never joined the others
  banner_filter filter_;
  std::optional<launcher_filter> launcher_filter_;
  job_signs signs_;
};

}  // namespace

job_end run_job(const command& job, const job_watch& watch, bool keep_banners) {
  return running_job(job, watch, keep_banners).wait();
}

}  // namespace rankwise::launcher
