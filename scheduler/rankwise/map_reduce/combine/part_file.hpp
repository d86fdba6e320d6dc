// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/exchange/rank_objects.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace rankwise::files {
class published_file;
}

namespace rankwise::combine {

/// The path of the file of rank `row`, among the files of a result in `directory`.
std::string part_path(const std::string& directory, std::uint32_t row);

/// One rank's file of a result, in a directory that is made where it is missing. Nothing
/// half-written is ever seen, and nothing is left where the process dies before.
///
/// Throws: files::file_error, naming the file, where it can't be made or written, or is there
///         already.
class part_file final : public exchange::rank_object {
 public:
  explicit part_file(std::string path);

  part_file(const part_file&) = delete;
  part_file& operator=(const part_file&) = delete;
  part_file(part_file&&) = delete;
  part_file& operator=(part_file&&) = delete;

  ~part_file() override;

  /// Where the next text goes; written out when there is enough.
  std::string& buffer() { return buffer_; }

  void write_if_full() {
    if (buffer_.size() >= buffer_bytes) write();
  }

  void write();

  /// Writes what is left, and waits until the disk has it all.
  void complete();

  /// The file gets its name.
  void publish();

 private:
  static constexpr std::size_t buffer_bytes = std::size_t{256} << 10U;

  /// Unless something is in it.
  void remove_directory() const;

  std::string path_;
  bool made_directory_ = false;
  std::unique_ptr<files::published_file> file_;
  std::string buffer_;
};

}  // namespace rankwise::combine

#ifndef RANKWISE_COMPILED
#include <rankwise/map_reduce/combine/part_file_inline.hpp>
#endif
