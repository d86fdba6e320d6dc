// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/transport/endpoint.hpp>

#include <mpi.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <string>
#include <sys/resource.h>
#include <thread>
#include <unistd.h>

namespace bench {

inline unsigned int n_cores() {
  return std::thread::hardware_concurrency();
}

inline std::string host_name() {
  return rankwise::this_host();
}

/// The commit that is measured; bench/run says which in the environment.
inline std::string git_id() {
  const char* const id = std::getenv("BENCH_GIT");
  return id != nullptr ? id : "unknown";
}

inline std::string compiler() {
#ifdef __clang__
  return __VERSION__;
#else
  return std::string("GCC ") + __VERSION__;
#endif
}

/// "Open MPI v4.1.4".
inline std::string mpi_version() {
  std::array<char, MPI_MAX_LIBRARY_VERSION_STRING> text{};
  int length = 0;
  MPI_Get_library_version(text.data(), &length);
  const std::string all(text.data(), static_cast<std::size_t>(length));
  return all.substr(0, all.find_first_of(",\n"));
}

/// Seconds since some moment.
inline double wall_s() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// CPU time of the calling thread.
inline double thread_cpu_s() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

/// CPU time in `usage`, user and system together.
inline double cpu_s(const rusage& usage) {
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/// CPU time of this process so far, all threads together.
inline double process_cpu_s() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return cpu_s(usage);
}

/// The most memory that a process has had, in GiB.
inline double peak_gib(const rusage& usage) {
  return static_cast<double>(usage.ru_maxrss) / (1024.0 * 1024.0);
}

inline double peak_gib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return peak_gib(usage);
}

/// CPU time that the host of this virtual machine has kept for others since it started, all cores
/// together. Source: the eighth number of /proc/stat's first line, proc(5).
inline double stolen_s() {
  std::ifstream stat("/proc/stat");
  std::string name;
  std::array<std::uint64_t, 8> ticks{};
  stat >> name;
  for (std::uint64_t& number : ticks) stat >> number;
  return static_cast<double>(ticks.back()) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

}  // namespace bench
