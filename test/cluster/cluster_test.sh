#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Jobs on three pretend hosts, one of which crashes or is cut off: cluster_test.sh SOURCE_FOLDER RANKRUN JOURNALED [TIMES]
# Status 77 where this machine gives no such hosts.
# shellcheck source=test/cli/support.sh disable=SC2154
source "$1/test/cli/support.sh" "$1" "$2"
readonly journaled=$3 times=${4:-1} hosts=$1/test/cluster/hosts.sh
export RANKWISE_SSH="$hosts agent"

if ! "$hosts" up 3 2> why || ! "$hosts" agent 10.77.0.1 true 2>> why; then
  echo "cluster_test.sh: left out, since no pretend hosts can be made here: $(tail -n 1 why)"
  exit 77
fi
trap '"$hosts" down; rm -rf "$scratch"' EXIT

# start OPTION_OF_RANKRUN... -- OPTION_OF_JOURNALED...: a job of 3 x 600 tasks of 10 ms on the hosts -> $job; waits until tasks run.
start() {
  local options=()
  while [[ $1 != -- ]]; do
    options+=("$1")
    shift
  done
  shift
  rm -f log
  setsid "$hosts" agent 10.77.0.1 cd "$PWD" '&&' RANKWISE_TEST_LOG=log RANKWISE_SSH="'$RANKWISE_SSH'" \
    OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 "$rankrun" -H 10.77.0.1,10.77.0.2,10.77.0.3 -n 3 \
    --mca plm_rsh_agent "'$hosts agent'" -wdir "$PWD" -x RANKWISE_TEST_LOG "${options[@]}" "$journaled" \
    --items 600 --pause-us 10000 --heartbeat-timeout 3 "$@" > "$scratch/out" 2> "$scratch/err" < /dev/null &
  job=$!
  wait_until is_under_way
}

is_under_way() {
  [[ -s log ]] || ! kill -0 "$job" 2> /dev/null
}

# ended: -> $status, and $seconds since $struck
ended() {
  status=0
  wait "$job" || status=$?
  seconds=$(((${EPOCHREALTIME/./} - struck) / 1000000))
}

nothing_left() {
  local address
  for address in 10.77.0.1 10.77.0.2 10.77.0.3; do
    same "processes left on $address: $1" "$("$hosts" processes "$address" "$journaled")" 0
  done
}

run "$journaled" --items 600 --quiet
readonly right=$out

start --
struck=${EPOCHREALTIME/./}
ended
same 'status on three hosts' "$status" 0
same 'results on three hosts' "$(cat "$scratch/out")" "$right"
holds 'ranks on three hosts' test "$(sort log | uniq -c | awk '$1 == 1' | wc -l)" = 1800

# Where a host crashes, mpirun sometimes ends the job: then rankrun starts it again, without that host.
for ((n = 1; n <= times; ++n)); do
  for what in crash cut; do
    "$hosts" up 3
    rm -f run.db*
    start --restarts 2 -- --journal run.db
    read -rt "0.$((RANDOM % 10))" -u "$idle" || true
    struck=${EPOCHREALTIME/./}
    "$hosts" "$what" 10.77.0.3
    ended
    same "status: $what" "$status" 0
    same "results: $what" "$(cat "$scratch/out")" "$right"
    if grep -q '^rankrun: in [12] s the job is started again' "$scratch/err"; then
      how='started again'
      holds "the lost host is named: $what" grep -q '^rankrun: without 10\.77\.0\.3$' "$scratch/err"
    else
      how='gone on'
      holds "the lost rank is named: $what" grep -q '^lost: rank 2 on .* after .*: silent for 3 s; [0-9]* items\? run again$' "$scratch/err"
    fi
    # What is left takes two ranks 9 s at most, and some seconds more to see what is lost: on a busy machine, more of them.
    holds "the job ends soon, after $seconds s: $what" test "$seconds" -le 100
    echo "cluster_test.sh: $what: the job has $how, and ended $seconds s later"
    nothing_left "$what"
  done
done
# mpirun could not remove them on hosts that are no more.
rm -rf "$TMPDIR"/ompi.*

finish
