#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What is said where a task ends its process, and two runs in one: ends_test.sh ENDS MPIEXEC...
set -euo pipefail
readonly ends=$1
readonly -a mpi=("${@:2}")
here=$(hostname)
readonly here
errors=$(mktemp)
trap 'rm -f "$errors"' EXIT
ulimit -c 0 # the cores of what crashes here are nobody's

fail() {
  printf 'ends_test.sh: %s\nstdout: %s\nstderr: %s\n' "$1" "${out:-}" "$(cat "$errors")" >&2
  exit 1
}

# run COMMAND...: -> $status, $out, and $errors
run() {
  status=0
  out=$("$@" 2> "$errors" < /dev/null) || status=$?
}

# ends_with STATUS WORDS HOW: a program without mpirun, in whose task 7 that happens.
ends_with() {
  run "$ends" --quiet "$3"
  [[ $status == "$1" ]] || fail "$3: found status $status, not $1"
  grep -qFx "rankwise: task 7 on rank 0 ($here) $2" "$errors" || fail "$3: the task is not named"
  [[ -z $out ]] || fail "$3: found results"
}

ends_with 3 'called exit(3)' exit3
ends_with 3 'called exit(0)' exit0
ends_with 134 'was ended by SIGABRT' abort
ends_with 139 'was ended by SIGSEGV' segv
ends_with 139 'was ended by SIGSEGV' overflow

run "$ends" --quiet child
[[ $status == 0 && $out == 380 ]] || fail 'a child of a task that ends ends the job'
[[ ! -s $errors ]] || fail 'a child of a task is taken for the task'

# In a process of its own the item alone fails.
isolated_ends_with() {
  run "$ends" --quiet --isolate "$2"
  [[ $status == 1 && -z $out ]] || fail "$2, isolated: found status $status"
  grep -qF "task 7 failed on rank 0 ($here): its process $1" "$errors" || fail "$2, isolated: the task is not named"
}

isolated_ends_with 'ended with status 3, without a result' exit3
isolated_ends_with 'ended with status 0, without a result' exit0
isolated_ends_with 'was ended by SIGABRT' abort
isolated_ends_with 'was ended by SIGSEGV' segv
isolated_ends_with 'was ended by SIGSEGV' overflow
for how in child print; do
  run "$ends" --quiet --isolate "$how"
  [[ $status == 0 && ! -s $errors && ${out##*$'\n'} == 380 ]] || fail "$how, isolated: found status $status"
done
[[ $(grep -c '^in 7$' <<< "$out") == 1 ]] || fail 'what an isolated task prints appears once'
[[ $(grep -c '^before$' <<< "$out") == 1 ]] || fail 'what was printed before an isolated task appears once'

# On another rank, and on the root.
run "${mpi[@]}" "$ends" --quiet --no-root-work exit3
[[ $status != 0 ]] || fail 'a rank that ends leaves the job well'
grep -qF "rankwise: task 7 on rank 1 ($here) called exit(3)" "$errors" || fail 'the task of rank 1 is not named'

for words in '' "${mpi[*]}"; do
  read -ra launch <<< "$words"
  run "${launch[@]}" "$ends" --quiet twice
  [[ $status == 0 && $out == $'380\n380' ]] || fail "two runs, '$words': found status $status"
done
run "${mpi[@]}" "$ends" --quiet finalised
[[ $out == 380 && $status == 2 ]] || fail "a run after MPI_Finalize: found status $status"
grep -qFx 'ends: found MPI finalised, accepted: rankwise::run before MPI_Finalize, as often as you like' "$errors" ||
  fail 'a run after MPI_Finalize is not refused in words'
