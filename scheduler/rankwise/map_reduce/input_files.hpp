// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/files/spill_file.hpp>
#include <rankwise/readers/split.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace rankwise {

class pool;

/// The files of a job, cut into splits, as inputs of `pool::map_reduce`. A rank whose host does not
/// have a file (another size, time or first block: no shared file system) reads it through the
/// root.
///
/// Files that gzip, zstd, bzip2 or xz packed, as their first bytes show, are unpacked, and are one
/// split each. An input that has no size before it is read (standard input, "-", a FIFO, a device,
/// a file of /proc) is copied to a nameless file on the root first, so that all ranks can work on
/// it. A file that is cut, rewritten or added to while the job reads it is an error.
class input_files {
 public:
  struct options {
    std::uint64_t split_bytes = std::uint64_t{4} << 20U;
    std::string spool_directory = combine::spill_file::default_directory();
  };

  /// Opens what `arguments` name: files, directories (all files below them), patterns, and "-".
  ///
  /// Throws: config_error, naming the argument, if nothing is found or can be read.
  input_files(const pool& ranks, const std::vector<std::string>& arguments, const options& how);

  input_files(const pool& ranks, const std::vector<std::string>& arguments)
      : input_files(ranks, arguments, options{}) {}

  input_files(const input_files&) = delete;
  input_files& operator=(const input_files&) = delete;
  input_files(input_files&&) = delete;
  input_files& operator=(input_files&&) = delete;

  /// Notes in the job's statistics how many bytes went through the root.
  ~input_files();

  const std::vector<split>& splits() const;

  /// Returns one split for each file.
  std::vector<split> whole() const;

  /// The number of bytes of all files, as they are stored.
  std::uint64_t n_bytes() const;

  std::size_t n_files() const;

  /// The number under which the ranks know the list.
  std::uint64_t number() const;

 private:
  class list;

  std::unique_ptr<const list> list_;
};

}  // namespace rankwise

#ifndef RANKWISE_COMPILED
#include <rankwise/map_reduce/input_files_inline.hpp>
#endif
