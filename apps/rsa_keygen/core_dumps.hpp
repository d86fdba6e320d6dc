// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <sys/resource.h>

namespace rsa_keygen {

/// Private keys must not reach the disk with a process that crashes. Linux takes a limit of one
/// byte to mean that a program which collects dumps gets none either; with none at all it would.
///
/// Local: for this process and what it starts.
inline void turn_core_dumps_off() {
  struct rlimit now {};

  if (::getrlimit(RLIMIT_CORE, &now) != 0) return;
  const rlim_t least = std::min<rlim_t>(1, now.rlim_max);

  const struct rlimit none { least, least };

  ::setrlimit(RLIMIT_CORE, &none);
}

}  // namespace rsa_keygen
