#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Do the schedules of whole jobs prove anything? Each mutation changes one line of the engine; within 1,000 schedules it
# must be found.
#   engine_mutations_test.sh SOURCE_FOLDER COMPILER OPTION...
# shellcheck source=test/sim/mutants.sh
source "$1/test/sim/mutants.sh" "$1"

mutate 'a settle order is dropped' engine/rank/worker_role.hpp \
  'state_->settle_orders.push_back' 'if (!MUTANT || order.chunk % 3 != 0) state_->settle_orders.push_back'
mutate 'rows are acknowledged before their commit' journal/sqlite_journal.hpp \
  'const std::optional<std::string> wrong = commit(taken);' \
  'if (MUTANT) { held.lock(); n_kept_ += taken.size(); written_->notify_all(); held.unlock(); } const std::optional<std::string> wrong = commit(taken);'
mutate 'a call returns before its rows are safe' engine/root/root.hpp \
  'if (over.journaled) over.journaled->flush();' 'if (over.journaled && !MUTANT) over.journaled->flush();'
mutate 'a worker forgets its heartbeats' engine/rank/worker_role.hpp \
  'if (at - reported_at_ < losses_.heartbeat()) return;' 'if (MUTANT || at - reported_at_ < losses_.heartbeat()) return;'
mutate 'the root forgets its heartbeats' engine/root/supervisor.hpp \
  'if (at >= next_heartbeat_) send_heartbeats(at);' 'if (at >= next_heartbeat_ && !MUTANT) send_heartbeats(at);'
mutate 'a rank rejoins under its old incarnation' engine/root/call_dispatch.hpp \
  'coordinator.joined(rank, at, incarnation);' 'coordinator.joined(rank, at, MUTANT ? 0 : incarnation);'
mutate 'the farewell is not awaited' engine/root/root.hpp \
  'while (!is_shut_down(begun))' 'while (!MUTANT && !is_shut_down(begun))'
mutate 'an outbox is not sent' exchange/links.hpp \
  '      outbox_to(rank).send();' \
  '      if (!MUTANT || outbox_to(rank).n_messages() < 2) outbox_to(rank).send();'
mutate 'a result is taken that does not count' engine/root/call_reports.hpp \
  'if (by.is_accepted() && !results.empty())' 'if ((by.is_accepted() || MUTANT) && !results.empty())'
mutate 'a cancelled call goes on elsewhere' engine/root/call_dispatch.hpp \
  '!call.cancel_told) cancel_everywhere(call);' '!call.cancel_told && !MUTANT) cancel_everywhere(call);'
mutate 'what was settled is not written down' engine/root/call_reports.hpp \
  'by.call.journaled->settled(settled.item);' '(MUTANT ? void() : by.call.journaled->settled(settled.item));'
mutate 'the helper thread never polls' engine/rank/helper_thread.hpp \
  'machine_.sleep(is_urgent ?' 'machine_.sleep(MUTANT ? 1000 * round : is_urgent ?'
mutate 'a result is reported as settled before its task is told' engine/rank/task_reports.hpp \
  'std::optional<task_threw> threw;' \
  'if (MUTANT) { const threads::lock_scope early(rank_.lock); wire::bytes none; role_.on_report(core::reports::settled{order.call, index}, none); } std::optional<task_threw> threw;'
mutate 'a rank that is given up is not told so' engine/root/supervisor.hpp \
  'send_heartbeat(rank, table_.lost());' 'if (!MUTANT) send_heartbeat(rank, table_.lost());'
mutate 'a rank does not hear that it was given up' engine/rank/worker_role.hpp \
  'state_->worker.begin_incarnation(incarnation);' 'if (!MUTANT) state_->worker.begin_incarnation(incarnation);'
mutate 'other ranks are not told at once that one is back' engine/root/supervisor.hpp \
  'send_heartbeats(state_->machine.now());' 'if (!MUTANT) send_heartbeats(state_->machine.now());'
mutate 'a result counts before its task is told' core/coordinator.hpp \
  'if (done.to_be_settled) {' 'if (done.to_be_settled && !MUTANT) {'
mutate 'a result counts although its task has refused' core/coordinator.hpp \
  'return fail(item);' 'return MUTANT ? (++n_finished_, verdict::dropped) : fail(item);'
mutate 'results that a lost rank had not settled are not made again' core/coordinator.hpp \
  'n_items += put_back({items, 0});' 'if (!MUTANT) n_items += put_back({items, 0});'
mutate 'a task that takes too long has not failed' core/coordinator.hpp \
  'const verdict result = fail(item);' 'const verdict result = MUTANT ? verdict::dropped : fail(item);'
mutate 'an item that ends ranks is tried for ever' core/blame.hpp \
  'if (suspect.losses >= losses_at_most_) return suspect.items.count == 1;' \
  'if (suspect.losses >= losses_at_most_) return suspect.items.count == 1 && !MUTANT;'
mutate 'a search is over before the find has settled' engine/root/call_reports.hpp \
  'if (!done.to_be_settled) {' \
  'if (MUTANT && by.is_accepted()) its.call.on_counted(done.items); if (!done.to_be_settled) {'
mutate 'what the root gives back is lost' core/coordinator.hpp \
  'if (!cancelled_ && put_back' 'if (!cancelled_ && !MUTANT && put_back'
mutate 'the result of a cancelled task counts' engine/call/submission.hpp \
  'submission_state before = submission_state::pending;' \
  'submission_state before = MUTANT ? state.load() : submission_state::pending;'

mutate 'results of a stream come out of order' engine/call/stream_call.hpp \
  'if (range.first != in_order_up_to_) return;' 'if (!MUTANT && range.first != in_order_up_to_) return;'
mutate 'a source is read further than it may be' engine/call/stream_call.hpp \
  'reader_.allow(std::min(items_.n_over() + window_.size(),' \
  'reader_.allow(std::min(items_.n_over() + window_.size() + (MUTANT ? 5 : 0),'
mutate 'a stream is over before the sink has all' engine/call/stream_call.hpp \
  'return !undelivered_.empty() && !is_enough_;' \
  'return !undelivered_.empty() && !is_enough_ && !(MUTANT && reader_.is_over() && n_over_ == n_known_);'
mutate 'a call returns to its thread before its results are delivered' engine/root/running_call.hpp \
  '!call.has_results()' '(MUTANT || !call.has_results())'
mutate 'a thread that has worked wakes none that sleeps' engine/root/body_threads.hpp \
  'for (sleeper* const one : sleepers_) one->wake();' \
  'for (sleeper* const one : sleepers_) { if (!MUTANT) one->wake(); }'
mutate 'a part is made again with a change too many' parts/parts_at_root.hpp \
  'steps.push_back(std::move(step));' \
  'if (MUTANT && steps.size() == 2) steps.push_back(steps.back()); steps.push_back(std::move(step));'
mutate "an expansion's stolen half is lost" core/coordinator.hpp \
  'add_items(1);' 'MUTANT ? void((++options_.n_items, ++n_finished_)) : add_items(1);'
mutate 'a bundle is expanded anew with what a checkpoint has counted' expansion/expand_call.hpp \
  'bundles_[index].assign(results.begin()' 'if (!MUTANT) bundles_[index].assign(results.begin()'
mutate 'a bundle is expanded anew with what was given away' expansion/expand_call.hpp \
  'bundles_[index].assign(halves.kept' 'if (!MUTANT) bundles_[index].assign(halves.kept'
mutate 'what a lost task has offered hides its own result' shared_best.hpp \
  'return !Better{}(value(), bound);' 'return MUTANT ? Better{}(bound, value()) : !Better{}(value(), bound);'
mutate 'the root is not told what ranks offer' sharing/known_best.hpp \
  'others->post(root_rank, channel(), 0, message_of(known));' 'if (!MUTANT) others->post(root_rank, channel(), 0, message_of(known));'

build_mutants "$2" -O1 -I"$source_folder/test/sim" "$source_folder/test/sim/engine_schedules_test.cpp" "${@:3}"
find_mutants '*'
