// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <fstream>
#include <thread>
#include <unistd.h>

namespace bench {

/// Bytes of this process that are in memory. Source: the second number of statm, proc(5).
inline double resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::uint64_t n_all = 0;
  std::uint64_t n_resident = 0;
  statm >> n_all >> n_resident;
  return static_cast<double>(n_resident) * static_cast<double>(sysconf(_SC_PAGESIZE));
}

/// By how much the resident memory of this process has grown since this was made, at most: a
/// thread looks every few milliseconds.
class memory_watch {
 public:
  memory_watch() : thread_([this] { look_often(); }) {}

  memory_watch(const memory_watch&) = delete;
  memory_watch& operator=(const memory_watch&) = delete;
  memory_watch(memory_watch&&) = delete;
  memory_watch& operator=(memory_watch&&) = delete;

  ~memory_watch() {
    is_over_ = true;
    thread_.join();
  }

  double growth() {
    look();
    return most_ - begun_;
  }

 private:
  void look() {
    double before = most_;
    const double now = resident_bytes();
    while (now > before && !most_.compare_exchange_weak(before, now)) {
    }
  }

  void look_often() {
    while (!is_over_) {
      look();
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }

  double begun_ = resident_bytes();
  std::atomic<double> most_{begun_};
  std::atomic<bool> is_over_{false};
  std::thread thread_;  // last: it uses the others
};

}  // namespace bench
