// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/item_set.hpp>
#include <rankwise/core/types.hpp>
#include <rankwise/engine/call/root_call.hpp>
#include <rankwise/error.hpp>
#include <rankwise/journal/journal.hpp>
#include <rankwise/wire/buffer.hpp>
#include <rankwise/wire/digest.hpp>

#include <fmt/core.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace rankwise::engine {

/// One call and the journal that it is written to. Results are written once nothing can take them
/// back: where a task wants to be told that its result counts, after that.
///
/// Local: no communication. All but the constructor is called under the lock of the rank.
class journaled_call {
 public:
  /// Takes what the journal holds of it into `call`.
  ///
  /// Throws: config_error where the journal holds another call, or other inputs of it.
  journaled_call(observe::journal& book,
                 root_call& call,
                 std::uint32_t number,
                 std::string name,
                 std::uint64_t seed)
      : book_(&book), call_(&call), number_(number) {
    wire::bytes members;
    call.encode_identity(members);
    observe::journal_call what;
    what.number = number;
    what.name = std::move(name);
    what.task = call.task_name();
    what.n_items = call.n_items();
    what.digest = wire::digest().add(call.name_hash()).add(seed).add(members).value();
    if (call.may_draw() && call.number() != 0) {
      what.digest_of_old = what.digest;
      what.digest = wire::digest().add(what.digest).add(call.number()).value();
    }
    book.begin(what);
    call.keep_results_encoded();
    if (!book.is_resumed()) return;
    book.read_results(number,
                      [&](const observe::journal_result& row, std::span<const std::byte> payload) {
                        take(row, payload);
                      });
    for (const core::item_range items : outdated_) book.forget(number, items);
    for (observe::journal_failure& failed : book.read_failures(number)) {
      const core::item_range item{failed.item, 1};
      if (failed.item >= call.n_items() || held_.overlaps(item)) continue;
      held_.add(item);
      failures_.push_back({failed.item,
                           failed.rank,
                           std::move(failed.host),
                           failed.text + " (in an earlier run; --retry-failed tries it again)",
                           failed.is_configuration});
    }
  }

  /// What need not be run: it is done, or has failed.
  const core::item_set& held() const { return held_; }

  /// What of that has failed.
  const std::vector<task_failure>& failures() const { return failures_; }

  /// More is written than has reached the disk.
  bool is_behind() const { return book_->is_behind(); }

  /// Nothing can be written any more.
  bool is_broken() const { return book_->is_broken(); }

  /// Waits until all that was written has reached the disk.
  ///
  /// Throws: journal_error if it can't.
  void flush() { book_->flush(); }

  bool is_resumed() const { return book_->is_resumed(); }

  const std::string& file() const { return book_->file(); }

  /// The results of `items` count. Where they are `to_be_settled` it is one, and its task wants to
  /// be told so first.
  void done(rank_id rank,
            core::item_range items,
            core::duration took,
            std::span<const std::byte> payload,
            bool to_be_settled) {
    observe::journal_result row;
    row.call = number_;
    row.items = items;
    row.inputs = digest_of_inputs(items);
    row.rank = static_cast<std::int32_t>(rank);
    row.task_s = std::chrono::duration<double>(took).count();
    row.payload.assign(payload.begin(), payload.end());
    // Of a rank that is lost.
    unsettled_.erase(unsettled_.lower_bound(items.first), unsettled_.lower_bound(items.end()));
    if (to_be_settled) {
      unsettled_.emplace(items.first, std::move(row));
    } else {
      book_->add(std::move(row));
    }
  }

  /// The task of `item` has been told.
  void settled(std::uint64_t item) {
    if (auto row = unsettled_.extract(item)) book_->add(std::move(row.mapped()));
  }

  void failed(const task_failure& failure, bool is_final) {
    unsettled_.erase(failure.index);
    book_->add(observe::journal_failure{number_,
                                        failure.index,
                                        failure.rank,
                                        failure.host,
                                        failure.text,
                                        failure.is_configuration,
                                        is_final});
  }

 private:
  void take(const observe::journal_result& row, std::span<const std::byte> payload) {
    const std::uint64_t n_items = call_->n_items();
    const core::item_range items = row.items;
    const auto refuse = [&](const std::string& found, const char* accepted) {
      throw config_error(fmt::format("{}: item {} of call {}: found {}, accepted: {}",
                                     file(),
                                     items.first,
                                     number_,
                                     found,
                                     accepted));
    };
    if (items.count == 0 || items.first >= n_items || items.count > n_items - items.first)
      refuse(fmt::format("{} results for {} items", items.count, n_items), "as many as items");
    if (held_.overlaps(items)) refuse("two results", "one");
    if (digest_of_inputs(items) != row.inputs)
      refuse("another input than when the journal was written", "the same, or a new journal");
    try {
      if (!payload.empty()) call_->take(items, payload);
    } catch (const wire::decode_error& error) {
      refuse(error.what(), "results of this program");
    }
    if (call_->still_counts(items)) {
      held_.add(items);
      call_->on_counted(items);
    } else {
      outdated_.push_back(items);
    }
  }

  std::uint64_t digest_of_inputs(core::item_range items) {
    scratch_.clear();
    call_->encode_inputs(items, scratch_);
    return wire::digest().add(scratch_).value();
  }

  observe::journal* book_;
  root_call* call_;
  std::uint32_t number_;
  core::item_set held_;
  std::vector<core::item_range> outdated_;
  std::vector<task_failure> failures_;
  std::map<std::uint64_t, observe::journal_result> unsettled_;  // by item: each is a report of one
  wire::bytes scratch_;
};

}  // namespace rankwise::engine
