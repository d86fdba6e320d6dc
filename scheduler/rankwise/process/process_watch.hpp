// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/types.hpp>

#include <cstddef>
#include <cstdint>
#include <fcntl.h>
#include <functional>
#include <poll.h>
#include <string>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>
#include <vector>

namespace rankwise::engine {

/// Where a process can be found: processes that see the same `space` see each other's numbers. It
/// is a digest of the running kernel's boot id and of the process namespace; two hosts whose first
/// namespaces have one number differ in the former, two containers on one host in the latter.
struct process_place {
  std::uint64_t space = 0;  ///< 0: not known
  std::uint64_t pid = 0;

  static process_place here() {
    const std::string boot = boot_id();

    struct stat names {};

    process_place mine;
    mine.pid = static_cast<std::uint64_t>(::getpid());
    if (boot.empty() || ::stat("/proc/self/ns/pid", &names) != 0) return mine;
    mine.space = std::hash<std::string>{}(boot) ^ (names.st_ino * 0x9e3779b97f4a7c15U);
    return mine;
  }

 private:
  /// The name of this boot of the running kernel; empty where that can't be read.
  static std::string boot_id() {
    std::string text(64, '\0');
    const int opened = ::open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    const ssize_t n = opened < 0 ? 0 : ::read(opened, text.data(), text.size());
    if (opened >= 0) ::close(opened);
    text.resize(n < 0 ? 0 : static_cast<std::size_t>(n));
    return text.substr(0, text.find('\n'));
  }
};

/// Notices when processes of this host end, however they do, also where nobody has waited for them
/// yet.
///
/// Local: no communication. A process that it can't watch never ends for it.
class process_watch {
 public:
  process_watch() = default;
  process_watch(const process_watch&) = delete;
  process_watch& operator=(const process_watch&) = delete;
  process_watch(process_watch&&) = delete;
  process_watch& operator=(process_watch&&) = delete;

  virtual ~process_watch() {
    for (const pollfd& one : watched_) ::close(one.fd);
  }

  /// Watches the process of `rank`, where it is at a place that this process sees.
  virtual void add(rank_id rank, const process_place& where) {
    static const process_place here = process_place::here();
    if (where.space == 0 || where.space != here.space) return;
    const long fd = ::syscall(SYS_pidfd_open, static_cast<pid_t>(where.pid), 0);
    if (fd < 0) return;
    watched_.push_back({static_cast<int>(fd), POLLIN, 0});
    ranks_.push_back(rank);
  }

  /// The ranks whose processes have ended since this was last asked.
  virtual std::vector<rank_id> ended() {
    std::vector<rank_id> found;
    if (watched_.empty() || ::poll(watched_.data(), watched_.size(), 0) <= 0) return found;
    for (std::size_t row = watched_.size(); row-- > 0;) {
      if (watched_[row].revents == 0) continue;
      found.push_back(ranks_[row]);
      ::close(watched_[row].fd);
      watched_.erase(watched_.begin() + static_cast<std::ptrdiff_t>(row));
      ranks_.erase(ranks_.begin() + static_cast<std::ptrdiff_t>(row));
    }
    return found;
  }

 private:
  std::vector<pollfd> watched_;
  std::vector<rank_id> ranks_;  // beside `watched_`
};

}  // namespace rankwise::engine
