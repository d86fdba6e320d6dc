// SPDX-License-Identifier: MIT
#include "keeper.hpp"

#include "job.hpp"
#include "session_files.hpp"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>
#include <vector>

namespace rankwise::launcher {
namespace {

/// Tells the keeper to kill what is left. Nobody means the command by it: a terminal's SIGQUIT ends
/// rankrun.
constexpr int end_all_signal = SIGQUIT;

constexpr int cannot_be_started = 127;

/// The processes whose parent is this one.
std::vector<pid_t> children() {
  std::vector<pid_t> found;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", ignored)) {
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

[[noreturn]] void become(const command& job, const keeper::streams& given, const sigset_t& mask) {
  for (const std::string& name : job.left_out) unsetenv(name.c_str());
  for (const auto& [name, value] : job.settings) setenv(name.c_str(), value.c_str(), 1);
  std::vector<std::string> words = job.argv;
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  dup2(given.input, STDIN_FILENO);
  dup2(given.output, STDOUT_FILENO);
  dup2(given.errors, STDERR_FILENO);
  std::signal(SIGPIPE, SIG_DFL);
  sigprocmask(SIG_SETMASK, &mask, nullptr);
  execv(argv[0], argv.data());
  fmt::print(stderr, "rankrun: {}: {}\n", argv[0], std::strerror(errno));
  std::fflush(stderr);
  _exit(cannot_be_started);
}

/// What the keeper's process does: passes signals on to the command until that has ended, or is to
/// be.
[[noreturn]] void keep(const command& job,
                       const keeper::streams& given,
                       const sigset_t& mask,
                       int report,
                       pid_t rankrun) {
  // A rankrun that is killed hard takes the job along.
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  setsid();
  sigset_t heard;
  sigemptyset(&heard);
  for (const int signal : {SIGINT,
                           SIGTERM,
                           SIGHUP,
                           SIGUSR1,
                           SIGUSR2,
                           SIGTSTP,
                           SIGCONT,
                           SIGCHLD,
                           SIGALRM,
                           end_all_signal})
    sigaddset(&heard, signal);
  sigprocmask(SIG_BLOCK, &heard, nullptr);
  if (getppid() != rankrun) _exit(cannot_be_started);

  const pid_t self = getpid();
  const pid_t command_pid = fork();
  if (command_pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != self) _exit(cannot_be_started);
    become(job, given, mask);
  }
  if (command_pid < 0) {
    const std::string reason =
        fmt::format("rankrun: {}: fork: {}\n", job.argv.front(), std::strerror(errno));
    const int status = W_EXITCODE(cannot_be_started, 0);
    [[maybe_unused]] const auto said = write(given.errors, reason.data(), reason.size());
    [[maybe_unused]] const auto reported = write(report, &status, sizeof status);
  }
  // The job's own ends alone keep its pipes open.
  close(STDIN_FILENO);
  close(STDOUT_FILENO);
  close_range(STDERR_FILENO + 1, static_cast<unsigned>(report) - 1, 0);
  close_range(static_cast<unsigned>(report) + 1, ~0U, 0);

  for (bool has_ended = command_pid < 0; !has_ended;) {
    siginfo_t info{};
    const int signal = sigwaitinfo(&heard, &info);
    if (signal == SIGCHLD) {
      int status = 0;
      for (pid_t pid = 0; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
        if (pid != command_pid) continue;
        has_ended = true;
        [[maybe_unused]] const auto written = write(report, &status, sizeof status);
      }
    } else if (signal == end_all_signal || signal == SIGALRM) {
      has_ended = true;
    } else if (signal > 0) {
      kill(command_pid, signal);
      if (getppid() != rankrun)
        alarm(static_cast<unsigned>(std::chrono::ceil<std::chrono::seconds>(grace).count()));
    }
  }
  end_all_children();
  if (command_pid > 0) remove_session_files(command_pid, session_directory());
  _exit(0);
}

}  // namespace

keeper::keeper(const command& job, const streams& given, const sigset_t& mask) {
  pipe_ends report = pipe_ends::make();
  const pid_t rankrun = getpid();
  pid_ = checked(fork(), "fork");
  if (pid_ == 0) keep(job, given, mask, report.write.get(), rankrun);
  report_ = std::move(report.read);
}

void keeper::send(int signal) const {
  if (pid_ > 0) kill(pid_, signal);
}

void keeper::end_all() const {
  send(end_all_signal);
}

bool keeper::has_ended() {
  if (pid_ < 0) return true;
  if (waitpid(pid_, nullptr, WNOHANG) == 0) return false;
  pid_ = -1;
  int status = 0;
  if (read(report_.get(), &status, sizeof status) == sizeof status) wait_status_ = status;
  return true;
}

}  // namespace rankwise::launcher
