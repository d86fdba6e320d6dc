// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/wire/buffer.hpp>

#include <cstddef>
#include <cstdint>
#include <sys/mman.h>
#include <unistd.h>

namespace rankwise::transport {

/// Gives the memory of `buffer` back to the system, and keeps its addresses: what is still
/// accessed there, as by MPI for a frame that never becomes whole, reads or writes some of it anew.
inline void discard_content(wire::bytes& buffer) {
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto begin = reinterpret_cast<std::uintptr_t>(buffer.data());
  const std::size_t before = (page - begin % page) % page;
  if (buffer.size() < before + page) return;
  const std::size_t n_bytes = (buffer.size() - before) / page * page;
  // Else the memory stays.
  static_cast<void>(::madvise(buffer.data() + before, n_bytes, MADV_DONTNEED));
}

}  // namespace rankwise::transport
