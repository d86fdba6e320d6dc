// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/build_mode.hpp>
#include <rankwise/engine/access.hpp>
#include <rankwise/error.hpp>
#include <rankwise/exchange/channels.hpp>
#include <rankwise/exchange/object_numbers.hpp>
#include <rankwise/files/file_list.hpp>
#include <rankwise/files/file_service.hpp>
#include <rankwise/files/file_view.hpp>
#include <rankwise/files/input_spool.hpp>
#include <rankwise/files/spill_file.hpp>
#include <rankwise/map_reduce/input_files.hpp>
#include <rankwise/options.hpp>
#include <rankwise/pool.hpp>
#include <rankwise/process/input_watch.hpp>
#include <rankwise/readers/detail/packing.hpp>
#include <rankwise/readers/open_file.hpp>
#include <rankwise/readers/split.hpp>
#include <rankwise/statistics.hpp>
#include <rankwise/task.hpp>
#include <rankwise/text/joined.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <unistd.h>
#include <utility>
#include <vector>

namespace rankwise {
namespace files {

/// Which files of a list a rank has.
struct sighting {
  std::string host;
  std::int32_t rank = 0;
  std::uint64_t n_missing = 0;  ///< files that the rank does not have
};

/// A task that compares what this rank's host sees of the files with what the root's host sees.
struct compare_files {
  std::uint64_t number = 0;
  std::vector<std::uint64_t> wanted = {};  // what else stays
  std::vector<file_facts> list = {};

  sighting operator()(task_context& context, std::uint32_t /*row*/) const {
    engine::rank_context& shared = access::context(context);
    shared.kept.keep_only(wanted);
    std::vector<char> is_here(list.size(), 1);
    sighting found{shared.host, static_cast<std::int32_t>(shared.rank), 0};
    if (shared.rank != root_rank) {
      for (std::size_t i = 0; i < list.size(); ++i) {
        const std::optional<file_facts> seen = list[i].copy ? std::nullopt : look_at(list[i].path);
        is_here[i] = seen && seen->is_same_as(list[i]) ? 1 : 0;
        found.n_missing += is_here[i] != 0 ? 0 : 1;
      }
    }
    shared.kept.add(number, [&] {
      return std::make_unique<file_view>(
          *shared.others, number, shared.cancelled, std::move(is_here));
    });
    return found;
  }
};

}  // namespace files

/// What an `input_files` holds.
class input_files::list {
 public:
  list(const pool& ranks, const std::vector<std::string>& arguments, const options& how)
      : number_(access::root(ranks).object_numbers().add()),
        ranks_(access::within_call(ranks, 0, quiet(ranks.options()))),
        spool_(how.spool_directory) {
    if (arguments.empty()) throw config_error("found no file, accepted: one or more; see --help");
    std::vector<std::string> named = arguments;
    const bool has_standard_input = std::erase_if(named, names_standard_input) != 0;
    for (const std::string& path : files::expand(named)) add_file(path);
    if (has_standard_input) add_standard_input();
    for (std::uint32_t file = 0; file < list_.size(); ++file) cut(file, how.split_bytes);
    compare();
  }

  list(const list&) = delete;
  list& operator=(const list&) = delete;
  list(list&&) = delete;
  list& operator=(list&&) = delete;

  ~list() {
    if (!service_) return;
    access::root(ranks_).others().close(*number_);
    map_reduce_statistics streamed;
    streamed.bytes_streamed = service_->bytes_served();
    streamed.streamed_to = joined(lacking_, ", ");
    access::root(ranks_).note(streamed);
  }

  const std::vector<split>& splits() const { return splits_; }

  std::vector<split> whole() const {
    std::vector<split> all;
    for (std::uint32_t file = 0; file < list_.size(); ++file) all.push_back(whole_file(file));
    return all;
  }

  std::uint64_t n_bytes() const { return n_bytes_; }

  std::size_t n_files() const { return list_.size(); }

  std::uint64_t number() const { return *number_; }

 private:
  static rankwise::options quiet(rankwise::options how) {
    how.quiet = true;
    how.journal.clear();  // the files may have changed since
    how.isolate = false;
    return how;
  }

  static bool names_standard_input(const std::string& argument) {
    return argument == "-" || argument == "/dev/stdin" || argument == "/dev/fd/0" ||
           argument == "/proc/self/fd/0";
  }

  void add_standard_input() {
    engine::ask_for_input();
    list_.push_back(spool_.add(STDIN_FILENO, std::string(files::standard_input)));
  }

  void add_file(const std::string& path) {
    std::optional<files::file_facts> seen = files::look_at(std::filesystem::absolute(path));
    list_.push_back(seen ? std::move(*seen) : spool_.add(path));
  }

  split whole_file(std::uint32_t file) const {
    const files::file_facts& facts = list_[file];
    split whole;
    whole.path = facts.path;
    whole.last = facts.packed == packing::none ? facts.n_bytes : split::to_the_end;
    whole.file_bytes = facts.n_bytes;
    whole.packed = facts.packed;
    whole.file = file;
    whole.copy = facts.copy;
    if (!facts.copy) whole.changed_ns = facts.changed_ns;
    return whole;
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
    std::uint64_t n_missing = 0;
    for (const files::sighting& found : ranks_.on_each_rank(files::compare_files{
             *number_, access::root(ranks_).object_numbers().wanted(), list_})) {
      n_missing += found.n_missing;
      if (found.n_missing != 0)
        lacking_.push_back(fmt::format(
            "rank {} on {} ({} of {} files)", found.rank, found.host, found.n_missing, n_files()));
    }
    if (n_missing == 0) return;
    service_.emplace([this](std::uint32_t file) {
      split stored = whole_file(file);
      stored.packed = packing::none;
      return open_file(stored);
    });
    access::root(ranks_).others().open_service(
        *number_, [this](const exchange::channel_message& what, wire::bytes& answer) {
          service_->answer(what, answer);
        });
  }

  std::shared_ptr<const std::uint64_t> number_;
  pool ranks_;  // whose calls are not shown
  std::vector<files::file_facts> list_;
  files::input_spool spool_;
  std::vector<split> splits_;
  std::uint64_t n_bytes_ = 0;
  std::vector<std::string> lacking_;
  std::optional<files::file_service> service_;
};

RANKWISE_INLINE input_files::input_files(const pool& ranks,
                                         const std::vector<std::string>& arguments,
                                         const options& how)
    : list_(std::make_unique<list>(ranks, arguments, how)) {}

RANKWISE_INLINE input_files::~input_files() = default;

RANKWISE_INLINE const std::vector<split>& input_files::splits() const {
  return list_->splits();
}

RANKWISE_INLINE std::vector<split> input_files::whole() const {
  return list_->whole();
}

RANKWISE_INLINE std::uint64_t input_files::n_bytes() const {
  return list_->n_bytes();
}

RANKWISE_INLINE std::size_t input_files::n_files() const {
  return list_->n_files();
}

RANKWISE_INLINE std::uint64_t input_files::number() const {
  return list_->number();
}

}  // namespace rankwise
