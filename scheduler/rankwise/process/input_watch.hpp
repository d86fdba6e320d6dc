// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/process/launcher.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <chrono>
#include <climits>
#include <cstddef>
#include <cstdint>
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <string>
#include <string_view>
#include <sys/syscall.h>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <vector>

namespace rankwise::engine {

/// Asks rankrun for standard input, which sends none before: what a loop of a shell reads its lines
/// from is not for a job that reads nothing. Only the first call asks, and only in the root of a
/// job whose rankrun waits for it.
inline void ask_for_input() {
  static std::atomic_flag is_asked;
  static const bool is_awaited =
      launch_environment::of_process().rank() == 0 &&
      launcher_line::input_of_process() == launcher_line::input_on_demand;
  if (is_awaited && !is_asked.test_and_set())
    launcher_line::of_process()->say(launcher_words::input);
}

/// Finds out that this process, or one that it has started, waits for standard input, whichever way
/// it reads: std::cin, stdio, read or poll. What a thread waits for stands in
/// /proc/PID/task/ID/syscall.
class input_watch {
 public:
  /// Begins to look, in a thread that ends with the process, and asks once somebody waits.
  static void begin() {
    const std::string thread = "/proc/self/task/" + std::to_string(::getpid()) + "/syscall";
    const int main_thread = ::open(thread.c_str(), O_RDONLY | O_CLOEXEC);
    if (read_file(main_thread).empty()) {
      ask_for_input();  // nothing can be seen here
      return;
    }
    std::thread([main_thread] {
      using namespace std::chrono_literals;
      // Looks at the main thread often, since it reads as a rule; at all others now and then.
      for (unsigned n_looks = 0; !waits("self", read_file(main_thread)); ++n_looks) {
        if (n_looks % 8 == 7 && waits_anywhere("self")) break;
        std::this_thread::sleep_for(n_looks < 200 ? 10ms : 40ms);
      }
      ::close(main_thread);
      ask_for_input();
    }).detach();
  }

 private:
  static std::string read_file(int fd) {
    std::array<char, 256> text{};
    const ssize_t n = ::pread(fd, text.data(), text.size(), 0);
    return {text.data(), n > 0 ? static_cast<std::size_t>(n) : 0};
  }

  static std::string read_path(const std::string& path) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    std::string text = read_file(fd);
    if (fd >= 0) ::close(fd);
    return text;
  }

  static std::vector<std::string> names_in(const std::string& path) {
    std::vector<std::string> names;
    DIR* const directory = ::opendir(path.c_str());
    if (directory == nullptr) return names;
    while (const dirent* const entry = ::readdir(directory)) {
      if (entry->d_name[0] != '.') names.emplace_back(static_cast<const char*>(entry->d_name));
    }
    ::closedir(directory);
    return names;
  }

  /// What a descriptor of the process leads to: of the same pipe the same text.
  static std::string place_of(const std::string& process, std::uint64_t descriptor) {
    std::array<char, PATH_MAX> place{};
    const std::string link = "/proc/" + process + "/fd/" + std::to_string(descriptor);
    const ssize_t n = ::readlink(link.c_str(), place.data(), place.size());
    return {place.data(), n > 0 ? static_cast<std::size_t>(n) : 0};
  }

  /// Whether a thread of the process waits, or a process that it has started and that has the same
  /// standard input.
  static bool waits_anywhere(const std::string& process, int depth = 0) {
    constexpr int deepest = 8;
    const std::string tasks = "/proc/" + process + "/task/";
    if (process != "self" && place_of(process, STDIN_FILENO) != place_of("self", STDIN_FILENO))
      return false;
    for (const std::string& thread : names_in(tasks)) {
      if (waits(process, read_path(tasks + thread + "/syscall"))) return true;
      std::string_view started = {};
      const std::string children = read_path(tasks + thread + "/children");
      for (started = children; depth < deepest && !started.empty();) {
        const std::size_t end = std::min(started.find(' '), started.size());
        const std::string child(started.substr(0, end));
        started.remove_prefix(std::min(end + 1, started.size()));
        if (!child.empty() && waits_anywhere(child, depth + 1)) return true;
      }
    }
    return false;
  }

  /// The number of a system call and its first three arguments; empty where a thread is in none.
  static std::vector<std::uint64_t> words_of(std::string_view call) {
    std::vector<std::uint64_t> words;
    while (words.size() < 4 && !call.empty()) {
      const std::size_t end = std::min(call.find(' '), call.size());
      std::string_view word = call.substr(0, end);
      const bool is_hexadecimal = word.starts_with("0x");
      if (is_hexadecimal) word.remove_prefix(2);
      std::uint64_t value = 0;
      const auto [last, error] =
          std::from_chars(word.data(), word.data() + word.size(), value, is_hexadecimal ? 16 : 10);
      if (error != std::errc{}) break;
      words.push_back(value);
      call.remove_prefix(std::min(end + 1, call.size()));
    }
    return words;
  }

  /// Whether a thread of the process waits, of which `text` tells the system call: by read, or by
  /// poll or select, whose arguments stand in the process's memory.
  static bool waits(const std::string& process, std::string_view text) {
    const std::vector<std::uint64_t> call = words_of(text);
    return call.size() == 4 && (reads_input(process, call) || polls_input(process, call) ||
                                selects_input(process, call));
  }

  /// By whatever descriptor: who opens /dev/stdin has another one.
  static bool reads_input(const std::string& process, const std::vector<std::uint64_t>& call) {
    if (call[0] != SYS_read && call[0] != SYS_readv) return false;
    if (call[1] == STDIN_FILENO) return true;
    const std::string place = place_of(process, call[1]);
    return place.starts_with("pipe:") && place == place_of("self", STDIN_FILENO);
  }

  static bool polls_input(const std::string& process, const std::vector<std::uint64_t>& call) {
    bool is_poll = call[0] == SYS_ppoll;
#ifdef SYS_poll
    is_poll = is_poll || call[0] == SYS_poll;
#endif
    std::array<pollfd, 64> asked{};
    const std::size_t n = is_poll ? std::min<std::size_t>(call[2], asked.size()) : 0;
    if (n == 0 || !peek(process, call[1], asked.data(), n * sizeof(pollfd))) return false;
    return std::any_of(
        asked.begin(), asked.begin() + static_cast<std::ptrdiff_t>(n), [](auto& one) {
          return one.fd == STDIN_FILENO && (one.events & POLLIN) != 0;
        });
  }

  static bool selects_input(const std::string& process, const std::vector<std::uint64_t>& call) {
    bool is_select = call[0] == SYS_pselect6;
#ifdef SYS_select
    is_select = is_select || call[0] == SYS_select;
#endif
    unsigned char first = 0;
    return is_select && call[1] > 0 && call[2] != 0 && peek(process, call[2], &first, 1) &&
           (first & 1U) != 0;
  }

  /// Copies memory of a process, which may have gone meanwhile.
  static bool peek(const std::string& process,
                   std::uint64_t address,
                   void* to,
                   std::size_t n_bytes) {
    const int memory = ::open(("/proc/" + process + "/mem").c_str(), O_RDONLY | O_CLOEXEC);
    const ssize_t n = ::pread(memory, to, n_bytes, static_cast<off_t>(address));
    if (memory >= 0) ::close(memory);
    return n == static_cast<ssize_t>(n_bytes);
  }
};

}  // namespace rankwise::engine
