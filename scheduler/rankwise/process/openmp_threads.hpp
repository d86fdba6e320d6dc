// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <dlfcn.h>
#include <thread>

namespace rankwise::engine {

/// How many threads a parallel region of OpenMP gets if the calling thread begins it. A program
/// without OpenMP has none to set.
///
/// Local: belongs to one thread, as OpenMP's own setting does.
class openmp_threads {
 public:
  /// 0: as many as without this.
  void set(std::uint32_t n_threads) {
    const std::thread::id here = std::this_thread::get_id();
    if (thread_ != here) n_threads_ = 0;
    thread_ = here;
    if (n_threads == n_threads_) return;
    if (n_threads_ == 0) find();
    n_threads_ = n_threads;
    if (set_ != nullptr && own_ > 0) set_(n_threads == 0 ? own_ : static_cast<int>(n_threads));
  }

 private:
  // By name, since the library is not built with OpenMP; and late, since a program may load it.
  void find() {
    const auto get = reinterpret_cast<int (*)()>(::dlsym(RTLD_DEFAULT, "omp_get_max_threads"));
    set_ = reinterpret_cast<void (*)(int)>(::dlsym(RTLD_DEFAULT, "omp_set_num_threads"));
    own_ = get == nullptr ? 0 : get();
  }

  std::thread::id thread_ = std::this_thread::get_id();  // that runs tasks
  std::uint32_t n_threads_ = 0;
  int own_ = 0;
  void (*set_)(int) = nullptr;
};

}  // namespace rankwise::engine
