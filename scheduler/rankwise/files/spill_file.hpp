// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace rankwise::combine {

/// Records that lie in a spill file.
struct extent {
  std::uint64_t offset = 0;
  std::uint64_t n_bytes = 0;
};

/// A file without a name for what does not fit into memory. The system removes it with the process,
/// however that ends. It is made when the first bytes are written.
///
/// Throws: config_error, naming the directory, if the file can't be made, written or read (a full
/// disk).
class spill_file {
 public:
  explicit spill_file(std::string directory);

  spill_file(const spill_file&) = delete;
  spill_file& operator=(const spill_file&) = delete;
  spill_file(spill_file&&) = delete;
  spill_file& operator=(spill_file&&) = delete;

  ~spill_file();

  /// The directory of spill files unless the user names another: $TMPDIR, or /tmp.
  static std::string default_directory();

  /// Throws if files can't be made in the directory.
  void check() { open(); }

  extent write(std::span<const std::byte> bytes);

  /// Fills `target` from `offset` on.
  void read(std::uint64_t offset, std::span<std::byte> target) const;

  /// Forgets what lies behind the first `n_bytes`.
  void cut(std::uint64_t n_bytes);

  /// Puts the file back to the size that it had, however what is done meanwhile ends.
  class put_back {
   public:
    explicit put_back(spill_file& file) : file_(&file), n_bytes_(file.size()) {}

    put_back(const put_back&) = delete;
    put_back& operator=(const put_back&) = delete;
    put_back(put_back&&) = delete;
    put_back& operator=(put_back&&) = delete;

    ~put_back() { file_->cut(n_bytes_); }

   private:
    spill_file* file_;
    std::uint64_t n_bytes_;
  };

  /// The path by which this process can open the file once more.
  std::string path() const;

  /// The number of bytes written so far, less those that were cut off.
  std::uint64_t size() const { return size_; }

 private:
  void open();
  [[noreturn]] void fail(const std::string& what) const;

  std::string directory_;
  int descriptor_ = -1;
  std::uint64_t size_ = 0;
};

}  // namespace rankwise::combine

#ifndef RANKWISE_COMPILED
#include <rankwise/files/spill_file_inline.hpp>
#endif
