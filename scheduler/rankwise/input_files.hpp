// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/combine/spill_file.hpp>
#include <rankwise/engine/peers.hpp>
#include <rankwise/engine/resident_numbers.hpp>
#include <rankwise/files/file_list.hpp>
#include <rankwise/files/file_service.hpp>
#include <rankwise/files/file_view.hpp>
#include <rankwise/joined.hpp>
#include <rankwise/observe/statistics.hpp>
#include <rankwise/options.hpp>
#include <rankwise/pool.hpp>
#include <rankwise/read/file_source.hpp>
#include <rankwise/read/split.hpp>
#include <rankwise/task.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unistd.h>
#include <utility>
#include <vector>

namespace rankwise {
namespace files {

/// What a rank found of a list of files.
struct sighting {
  std::string host;
  std::int32_t rank = 0;
  std::uint64_t n_missing = 0;  ///< files that it does not have
};

/// Has a rank compare what its host sees with what the root's does.
struct compare_files {
  std::uint64_t number = 0;
  std::vector<std::uint64_t> wanted = {};  // what else stays
  std::vector<file_facts> list = {};
  std::string spool_path = {};

  sighting operator()(task_context& context, std::uint32_t /*row*/) const {
    engine::task_surroundings& around = context.around();
    around.kept.keep_only(wanted);
    std::vector<char> is_here(list.size(), 1);
    sighting found{around.host, static_cast<std::int32_t>(around.rank), 0};
    if (around.rank != root_rank) {
      for (std::size_t i = 0; i < list.size(); ++i) {
        const bool is_spooled = list[i].path == standard_input;
        const std::optional<file_facts> seen = is_spooled ? std::nullopt : look_at(list[i].path);
        is_here[i] = seen && seen->is_same_as(list[i]) ? 1 : 0;
        found.n_missing += is_here[i] != 0 ? 0 : 1;
      }
    }
    around.kept.add(number,
                    std::make_unique<file_view>(
                        *around.others, number, around.cancelled, std::move(is_here), spool_path));
    return found;
  }
};

}  // namespace files

/// The files of a job, cut into splits, as inputs of `pool::map_reduce`. A rank whose host does not
/// have a file (another size, time or first block: no shared file system) reads it through the
/// root.
///
/// Files whose names end in .gz or .zst are unpacked, and are one split each. Standard input ("-")
/// is copied to a nameless file on the root first, so that all ranks can work on it.
class input_files {
 public:
  struct options {
    std::uint64_t split_bytes = std::uint64_t{4} << 20U;
    std::string spool_directory = combine::spill_file::default_directory();
  };

  /// `arguments` are files, directories (all files below them), patterns, and "-".
  ///
  /// Throws: config_error, naming the argument, where nothing is found or can be read.
  input_files(const pool& ranks, const std::vector<std::string>& arguments, const options& how)
      : number_(ranks.root().resident_numbers().add()),
        ranks_(ranks.within_call(0, quiet(ranks.options()))) {
    if (arguments.empty()) throw config_error("found no file, accepted: one or more; see --help");
    for (const std::string& path : files::expand(without_standard_input(arguments))) {
      std::optional<files::file_facts> seen = files::look_at(std::filesystem::absolute(path));
      if (!seen) throw config_error(path + ": can't be read");
      list_.push_back(std::move(*seen));
    }
    if (std::find(arguments.begin(), arguments.end(), "-") != arguments.end())
      spool(how.spool_directory);
    for (std::uint32_t file = 0; file < list_.size(); ++file) cut(file, how.split_bytes);
    compare();
  }

  input_files(const pool& ranks, const std::vector<std::string>& arguments)
      : input_files(ranks, arguments, options{}) {}

  input_files(const input_files&) = delete;
  input_files& operator=(const input_files&) = delete;
  input_files(input_files&&) = delete;
  input_files& operator=(input_files&&) = delete;

  /// Says in the job's statistics what went through the root.
  ~input_files() {
    if (!service_) return;
    ranks_.root().others().close(*number_);
    map_reduce_statistics streamed;
    streamed.bytes_streamed = service_->bytes_served();
    streamed.streamed_to = joined(lacking_, ", ");
    ranks_.root().tally().note(streamed);
  }

  const std::vector<split>& splits() const { return splits_; }

  /// One split for each file.
  std::vector<split> whole() const {
    std::vector<split> all;
    for (std::uint32_t file = 0; file < list_.size(); ++file) all.push_back(whole_file(file));
    return all;
  }

  /// Of the files as they are stored.
  std::uint64_t n_bytes() const { return n_bytes_; }

  std::size_t n_files() const { return list_.size(); }

  /// Under which the ranks know the list.
  std::uint64_t number() const { return *number_; }

 private:
  static rankwise::options quiet(rankwise::options how) {
    how.quiet = true;
    how.journal.clear();  // the files may have changed since
    return how;
  }

  static std::vector<std::string> without_standard_input(std::vector<std::string> arguments) {
    std::erase(arguments, "-");
    return arguments;
  }

  void spool(const std::string& directory) {
    spooled_.emplace(directory);
    std::vector<char> block(files::block_bytes);
    for (;;) {
      const ssize_t n = ::read(STDIN_FILENO, block.data(), block.size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) throw config_error("standard input can't be read");
      if (n == 0) break;
      spooled_->write(std::as_bytes(std::span(block).first(static_cast<std::size_t>(n))));
    }
    list_.push_back({std::string(files::standard_input), spooled_->size(), 0, 0});
  }

  split whole_file(std::uint32_t file) const {
    const files::file_facts& facts = list_[file];
    const packing packed = files::packing_of(facts.path);
    return {facts.path,
            0,
            packed == packing::none ? facts.n_bytes : split::to_the_end,
            facts.n_bytes,
            packed,
            file};
  }

  void cut(std::uint32_t file, std::uint64_t split_bytes) {
    n_bytes_ += list_[file].n_bytes;
    split piece = whole_file(file);
    if (piece.packed != packing::none) {
      splits_.push_back(piece);
      return;
    }
    while (piece.first < piece.file_bytes) {
      piece.last = std::min(piece.first + split_bytes, piece.file_bytes);
      splits_.push_back(piece);
      piece.first = piece.last;
    }
  }

  void compare() {
    const std::string spool_path = spooled_ ? spooled_->path() : std::string();
    std::uint64_t n_missing = 0;
    for (const files::sighting& found : ranks_.on_each_rank(files::compare_files{
             *number_, ranks_.root().resident_numbers().wanted(), list_, spool_path})) {
      n_missing += found.n_missing;
      if (found.n_missing != 0)
        lacking_.push_back(fmt::format(
            "rank {} on {} ({} of {} files)", found.rank, found.host, found.n_missing, n_files()));
    }
    if (n_missing == 0) return;
    service_.emplace([this, spool_path](std::uint32_t file) -> std::unique_ptr<byte_source> {
      const std::string& path = list_.at(file).path;
      const bool is_spooled = path == files::standard_input;
      return std::make_unique<file_source>(is_spooled ? spool_path : path, path);
    });
    ranks_.root().others().open_service(*number_,
                                        [this](const engine::letter& what, wire::bytes& answer) {
                                          service_->answer(what, answer);
                                        });
  }

  std::shared_ptr<const std::uint64_t> number_;
  pool ranks_;  // whose calls are not shown
  std::vector<files::file_facts> list_;
  std::optional<combine::spill_file> spooled_;
  std::vector<split> splits_;
  std::uint64_t n_bytes_ = 0;
  std::vector<std::string> lacking_;
  std::optional<files::file_service> service_;
};

}  // namespace rankwise
