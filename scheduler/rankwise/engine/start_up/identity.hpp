// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/types.hpp>
#include <rankwise/engine/call/task_registry.hpp>
#include <rankwise/error.hpp>
#include <rankwise/process/launcher.hpp>
#include <rankwise/process/process_watch.hpp>
#include <rankwise/wire/frame.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <sched.h>
#include <string>
#include <unistd.h>
#include <vector>

namespace rankwise::engine {

/// What the ranks of a job must have in common, and where each one is. Travels as its bytes, once,
/// at start-up.
struct identity {
  std::uint32_t magic = wire::frame_magic;
  std::uint16_t wire_version = wire::wire_version;
  std::uint8_t long_bytes = sizeof(long);
  std::uint8_t pointer_bytes = sizeof(void*);
  std::uint32_t long_double_bytes = sizeof(long double);
  std::int32_t doorbell = -1;  ///< descriptor in its process; -1: it has none
  std::uint64_t tasks = 0;     ///< digest of the registered tasks
  process_place process;
  std::array<char, 64> host{};
  std::uint32_t n_cores = 0;       ///< that this process may use
  std::uint32_t n_host_cores = 0;  ///< that are there

  /// This process's.
  static identity here(const std::string& host) {
    identity mine;
    mine.process = process_place::here();
    mine.n_cores = bounded_count(n_allowed_cores());
    mine.n_host_cores = bounded_count(::sysconf(_SC_NPROCESSORS_ONLN));
    mine.tasks = task_registry::instance().digest();
    std::copy_n(host.begin(), std::min(host.size(), mine.host.size() - 1), mine.host.begin());
    return mine;
  }

  std::string host_name() const { return host.data(); }

 private:
  static long n_allowed_cores() {
    cpu_set_t cores;
    if (::sched_getaffinity(0, sizeof cores, &cores) != 0) return ::sysconf(_SC_NPROCESSORS_ONLN);
    return CPU_COUNT(&cores);
  }

  static std::uint32_t bounded_count(long n) {
    return static_cast<std::uint32_t>(std::clamp(n, 0L, 65535L));
  }
};

static_assert(sizeof(identity) == 112);

/// What keeps `other` from working with `root`, in words; empty where nothing does.
inline std::string difference(const identity& root, const identity& other) {
  if (other.magic != root.magic) return "it has the other byte order, or another program";
  if (other.wire_version != root.wire_version) {
    return fmt::format("its wire version is {}, not {}", other.wire_version, root.wire_version);
  }
  if (other.long_bytes != root.long_bytes || other.pointer_bytes != root.pointer_bytes ||
      other.long_double_bytes != root.long_double_bytes) {
    return fmt::format(
        "its long, void* and long double have {}, {} and {} bytes, not {}, {} and {}",
        other.long_bytes,
        other.pointer_bytes,
        other.long_double_bytes,
        root.long_bytes,
        root.pointer_bytes,
        root.long_double_bytes);
  }
  if (other.tasks != root.tasks) return "its program has other tasks: it is another build";
  return {};
}

/// Refuses ranks that can't work together.
///
/// Local: every rank comes to the same answer from the same table.
/// Throws: config_error, naming the first rank that differs from the root, and in what.
inline void require_alike(const std::vector<identity>& ranks) {
  for (std::size_t rank = 1; rank < ranks.size(); ++rank) {
    const std::string found = difference(ranks.front(), ranks[rank]);
    if (found.empty()) continue;
    throw config_error(fmt::format(
        "rank {} on {} does not match rank 0 on {}: {}; start the same build on every host",
        rank,
        ranks[rank].host_name(),
        ranks.front().host_name(),
        found));
  }
}

/// The rank that an MPI launcher has given this process in its environment; none where nobody
/// launched it.
inline std::optional<int> launched_rank() {
  return launch_environment::of_process().rank();
}

}  // namespace rankwise::engine
