#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Does the simulation prove anything? Each mutation changes one line of the scheduler's core; within 1,000 random
# schedules the simulation must find it.
#   mutations_test.sh SOURCE_FOLDER COMPILER LINK_OPTION...
set -euo pipefail
readonly source_folder=$1 compiler=$2
shift 2
scratch=$(mktemp -d)
readonly scratch
trap 'rm -rf "$scratch"' EXIT
n_failed=0

# mutate NAME FILE OLD NEW: the program with that one line changed must fail.
mutate() {
  local -r name=$1 file=$scratch/rankwise/core/$2 old=$3 new=$4
  rm -rf "$scratch/rankwise"
  cp -r "$source_folder/scheduler/rankwise" "$scratch"
  if [[ $(grep -cF -- "$old" "$file") != 1 ]]; then
    echo "FAILED: $name: $2 has not exactly one line with: $old"
    n_failed=$((n_failed + 1))
    return
  fi
  awk -v old="$old" -v new="$new" '{ at = index($0, old); if (at) $0 = substr($0, 1, at - 1) new substr($0, at + length(old)); print }' \
    "$file" > "$scratch/mutated"
  mv "$scratch/mutated" "$file"
  "$compiler" -std=c++20 -O0 -I"$scratch" -I"$source_folder/test/support" \
    "$source_folder/test/sim/random_schedules_test.cpp" "$scratch/main.o" -o "$scratch/mutant" "${link[@]}"
  if RANKWISE_TEST_SCHEDULES=1000 "$scratch/mutant" '*random schedules with ranks*' > "$scratch/out"; then
    echo "FAILED: $name: 1,000 schedules did not find it"
    n_failed=$((n_failed + 1))
  else
    echo "$name: found, first by $(grep -o -m 1 'RANKWISE_TEST_SEED=.*' "$scratch/out")"
  fi
}

link=("$@")
readonly link
"$compiler" -std=c++20 -O0 -I"$source_folder/test/support" -c "$source_folder/test/support/test_main.cpp" -o "$scratch/main.o"

mutate 'a result may count twice' coordinator.hpp 'if (is_counted(done.items)) {  // a twin was faster, maybe' 'if (false) {  //'
mutate 'what a lost rank held is not issued again' coordinator.hpp \
  'n_items += put_back({chunk.left, chunk.losses + (chunk.id == running ? 1 : 0), rank});' ';'
mutate 'time in which the root was stopped is silence' listening_clock.hpp ', longest_look_);' ', duration::max());'
mutate 'the incarnation of a rank is ignored' worker.hpp 'if (incarnation > incarnation_) {' 'if (false) {'
exit "$((n_failed != 0))"
