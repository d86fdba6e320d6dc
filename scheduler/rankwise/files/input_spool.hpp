// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/error.hpp>
#include <rankwise/files/file_list.hpp>
#include <rankwise/files/file_wire.hpp>
#include <rankwise/files/spill_file.hpp>
#include <rankwise/readers/detail/packing.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <fcntl.h>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <unistd.h>
#include <vector>

namespace rankwise::files {

/// The root's copies of inputs that can be read only once, or have no size before they are read:
/// standard input, FIFOs, devices, files of /proc. All are in one nameless file, from which other
/// ranks get them as they get a file that only the root has.
class input_spool {
 public:
  explicit input_spool(std::string directory) : spill_(std::move(directory)) {}

  /// Reads what `descriptor` gives, to its end.
  ///
  /// Throws: config_error, naming the input, if it can't be read, or if there is no room.
  file_facts add(int descriptor, const std::string& name) {
    const std::uint64_t first = spill_.size();
    std::vector<char> block(block_bytes);
    spill_.check();
    for (;;) {
      const ssize_t n = ::read(descriptor, block.data(), block.size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0)
        throw config_error(name + ": can't be read: " + std::generic_category().message(errno));
      if (n == 0) break;
      spill_.write(std::as_bytes(std::span(block).first(static_cast<std::size_t>(n))));
    }
    file_facts facts;
    facts.path = name;
    facts.n_bytes = spill_.size() - first;
    facts.copy = {spill_.path(), first, facts.n_bytes};
    facts.packed = packing_of(beginning_of(first, facts.n_bytes), name);
    return facts;
  }

  /// Opens `path` and reads it to its end.
  ///
  /// Throws: config_error, naming `path`, if it can't be read, or if there is no room.
  file_facts add(const std::string& path) {
    const int opened = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (opened < 0)
      throw config_error(path + ": can't be opened: " + std::generic_category().message(errno));
    try {
      const file_facts facts = add(opened, path);
      ::close(opened);
      return facts;
    } catch (...) {
      ::close(opened);
      throw;
    }
  }

 private:
  std::string beginning_of(std::uint64_t first, std::uint64_t n_bytes) const {
    std::string beginning(std::min<std::uint64_t>(n_bytes, packing_signature_bytes), '\0');
    spill_.read(first, std::as_writable_bytes(std::span(beginning)));
    return beginning;
  }

  combine::spill_file spill_;
};

}  // namespace rankwise::files
