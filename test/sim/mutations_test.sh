#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Does the simulation prove anything? Each mutation changes one line of the scheduler's core; within 1,000 random
# schedules the simulation must find it.
#   mutations_test.sh SOURCE_FOLDER COMPILER OPTION...
# shellcheck source=test/sim/mutants.sh
source "$1/test/sim/mutants.sh" "$1"

mutate 'a result may count twice' core/coordinator.hpp \
  'if (is_counted(done.items)) {  // a twin was faster, maybe' 'if (!MUTANT && is_counted(done.items)) {  //'
mutate 'what a lost rank held is not issued again' core/coordinator.hpp \
  'n_items += put_back({chunk.left, chunk.losses + (chunk.id == running ? 1 : 0), rank});' \
  'if (!MUTANT) n_items += put_back({chunk.left, chunk.losses + (chunk.id == running ? 1 : 0), rank});'
mutate 'time in which the root was stopped is silence' core/listening_clock.hpp \
  ', longest_look_);' ', MUTANT ? duration::max() : longest_look_);'
mutate 'the incarnation of a rank is ignored' core/worker.hpp \
  'if (incarnation <= incarnation_) return;' 'if (MUTANT || incarnation <= incarnation_) return;'
mutate 'more ranks than may work on a call' core/call_ranks.hpp \
  'if (places_.may_hold(rank)) return rank;' 'if (MUTANT || places_.may_hold(rank)) return rank;'

build_mutants "$2" -O1 "$source_folder/test/sim/random_schedules_test.cpp" "${@:3}"
find_mutants '*random schedules with ranks*'
