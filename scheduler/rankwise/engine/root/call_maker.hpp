// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/core/coordinator_options.hpp>
#include <rankwise/core/types.hpp>
#include <rankwise/engine/call/call_rules.hpp>
#include <rankwise/engine/call/root_call.hpp>
#include <rankwise/engine/rank/loss_settings.hpp>
#include <rankwise/engine/root/journaled_call.hpp>
#include <rankwise/engine/root/running_call.hpp>
#include <rankwise/journal/journal.hpp>
#include <rankwise/options.hpp>

#include <fmt/core.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace rankwise::engine {

/// Makes what the root runs of a call of the body and of its options.
///
/// Local: no communication. Any thread of the body may call it; journaled calls without a name come
/// from one alone.
class call_maker {
 public:
  /// `hosts` has the host of each rank; `losses` must outlive this.
  call_maker(const std::vector<std::string>& hosts, const loss_settings& losses)
      : losses_(&losses) {
    std::map<std::string, std::uint32_t> numbers;
    for (const std::string& host : hosts) {
      const auto next = static_cast<std::uint32_t>(numbers.size());
      hosts_.push_back(numbers.try_emplace(host, next).first->second);
    }
  }

  /// Calls are written to `book` from now on, if their options have a journal; it must outlive
  /// this.
  void keep(observe::journal& book) { journal_ = &book; }

  /// A call that can begin.
  ///
  /// Throws: config_error if its options ask for what it can't do, or if the journal holds another
  /// call.
  std::shared_ptr<running_call> make(root_call& call,
                                     const options& how,
                                     const char* name,
                                     core::placement place) {
    require_task_limit(how, static_cast<std::uint32_t>(hosts_.size()), losses_->survives());
    if (place == core::placement::one_each) refuse_limit_of(name, how);
    const bool may_run_again = call.may_run_again();
    if (!may_run_again) refuse_retry_of(name, how);
    const bool needs_all_ranks = !may_run_again || place == core::placement::one_each;
    if (needs_all_ranks) refuse_isolation_of(name, how);
    std::optional<journaled_call> journaled;
    if (journal_ != nullptr && !how.journal.empty()) {
      if (place != core::placement::anywhere || !may_run_again || call.is_open() ||
          call.task_name().empty())
        refuse_journal_of(name, how);
      const std::uint32_t number = how.name.empty() ? ++n_journaled_ : call.number();
      journaled.emplace(*journal_, call, number, name + in_quotes(how.name), how.seed);
    }
    core::coordinator_options asked = to_coordinator_options(how, call.n_items(), place, hosts_);
    asked.stop_on_failure = asked.stop_on_failure && !call.keeps_failures();
    asked.is_open = call.is_open();
    asked.lease = losses_->timeout;
    asked.again = journaled && journaled->is_resumed();
    asked.splits = call.splits_items();
    if (place == core::placement::at_home) asked.homes = call.homes();
    // The slower of two would hold its place beyond the end of the call.
    const bool is_bounded = how.at_most != 0 || how.at_most_on_host != 0;
    asked.speculate = asked.speculate && may_run_again && !is_bounded && call.may_have_twins() &&
                      place == core::placement::anywhere;
    if (asked.speculate) call.keep_results_encoded();  // another rank's may count
    const auto task_limit = std::chrono::duration_cast<core::duration>(
        std::chrono::duration<double>(needs_all_ranks ? 0 : how.task_limit_s));
    if (task_limit.count() != 0 && !how.isolate) asked.first_worker = 1;
    auto made = std::make_shared<running_call>(call, name, asked, std::move(journaled));
    made->sent = header_of(call, how, asked, task_limit);
    made->needs_all_ranks = needs_all_ranks;
    made->is_shown = !how.quiet;
    made->own_name = how.name;
    return made;
  }

 private:
  /// For people: of a call.
  static std::string in_quotes(const std::string& name) {
    return name.empty() ? name : fmt::format(" \"{}\"", name);
  }

  std::vector<std::uint32_t> hosts_;  // the number of each rank's host
  const loss_settings* losses_;
  observe::journal* journal_ = nullptr;  // null: none
  std::uint32_t n_journaled_ = 0;        // calls, so far
};

}  // namespace rankwise::engine
