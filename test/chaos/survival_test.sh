#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Jobs that lose ranks, as they are typed: survival_test.sh SOURCE_FOLDER RANKRUN SURVIVOR
# shellcheck source=test/cli/support.sh disable=SC2154
source "$1/test/cli/support.sh" "$1" "$2"
readonly survivor=$3

# job RANKS OPTION...: each item of --strike has its effect once. Where no silence is to be seen, none is taken for a loss.
job() {
  local -r n_ranks=$1
  local silence=30
  shift
  [[ " $* " != *' stop '* ]] || silence=1
  rm -rf marks
  mkdir marks
  run "$rankrun" --oversubscribe -n "$n_ranks" "$survivor" --no-root-work --heartbeat-timeout "$silence" --marks marks "$@"
}

# loses N WHY WHAT: the job that was run has lost so many ranks for that reason, and has its results all the same.
loses() {
  same "status: $3" "$status" 0
  same "sum: $3" "$out" 328350
  same "ranks lost: $3" "$(grep -c "^rankwise: rank [1-9] on .* is lost: $2; [0-9]* items\? \(is\|are\) run again$" "$scratch/err")" "$1"
  same "in the summary: $3" "$(grep -c '^lost: rank [1-9] on ' "$scratch/err")" "$1"
  nothing_left "$3"
}

nothing_left() {
  local left=''
  left=$(pgrep -f "^$survivor" || true)
  same "processes left: $1" "$left" ''
}

job 4 --what kill --strike 10 --strike 50 --strike 90
loses 3 'its process has ended' 'all workers are killed, and the root finishes alone'
job 4 --call reduce --what kill --strike 10 --strike 50
loses 2 'its process has ended' 'two workers are killed in a reduce'
job 4 --call search --what kill --strike 30
loses 1 'its process has ended' 'the worker is killed that has offered the least cost'
job 4 --call parts --what kill --strike 10 --strike 90
loses 2 'its process has ended' 'two workers are killed while they change parts in place'
job 3 --what crash --strike 30
loses 1 'its process has ended' 'a worker crashes'
job 3 --what exit --strike 30
loses 1 'its process has ended' 'a worker ends'
job 4 --what stop --strike 30 --strike 60
loses 2 'silent for 1 s' 'two workers are stopped, and ended when the job is over'
job 4 --speculate --what kill --strike 10 --strike 50
loses 2 'its process has ended' 'two workers are killed with --speculate'

# The whole job is suspended, twice: nobody was silent while the others listened, and no task took its time.
suspended() {
  "$rankrun" --oversubscribe -n 3 "$survivor" --heartbeat-timeout 1 --pause-ms 80 --progress plain "$@" \
    < /dev/null > "$scratch/out" 2> "$scratch/err" &
  local -r job=$!
  local pid
  wait_until grep -q ' items ' "$scratch/err"
  for _ in 1 2; do
    for pid in $(pgrep -f "^$survivor"); do kill -STOP "$pid"; done
    sleep 2
    for pid in $(pgrep -f "^$survivor"); do kill -CONT "$pid"; done
    sleep 0.2
  done
  status=0
  wait "$job" || status=$?
  same "status of a suspended job $*" "$status" 0
  same "sum of a suspended job $*" "$(cat "$scratch/out")" 328350
  same "ranks lost by a suspended job $*" "$(grep -c ' is lost: ' "$scratch/err")" 0
  nothing_left "a suspended job $*"
}

suspended --call each
suspended --task-limit 0.5

# An item that ends its rank each time.
run "$rankrun" --oversubscribe -n 6 "$survivor" --no-root-work --what kill --strike 50
same 'status of a fatal item' "$status" 1
holds 'the fatal item is named' grep -q '^survivor: task 50 failed on rank [1-5] (.*): given up: 3 ranks were lost while they ran it' "$scratch/err"
same 'ranks that it costs' "$(grep -c ' is lost: ' "$scratch/err")" 3
nothing_left 'a fatal item'

# A task that does not end.
run "$rankrun" --oversubscribe -n 3 "$survivor" --task-limit 0.5 --on-error collect --what sleep --strike 50
same 'status of an endless task' "$status" 1
holds 'the endless task is named' grep -q '^survivor: task 50 failed on rank [12] (.*): it took longer than 0.5 s (--task-limit)$' "$scratch/err"
same 'ranks that it costs' "$(grep -c ' is lost: ' "$scratch/err")" 0
nothing_left 'an endless task'
run "$survivor" --task-limit 0.5
same 'status of a limit that nobody can keep' "$status" 2

# A call that needs all ranks.
job 4 --call each --what kill --strike 50
same 'status of a call that needs all ranks' "$status" 3
holds 'the lost rank is named' grep -q '^survivor: rank [123] on .* was lost before pool::on_each_rank, which needs all ranks' "$scratch/err"
nothing_left 'a call that needs all ranks'

# The root is lost: the others leave.
run "$rankrun" --oversubscribe -n 3 "$survivor" --what kill --strike 0 --strike 1 --strike 2 --strike 3 --strike 4
same 'status of a lost root' "$status" 3
holds 'the lost root is named' grep -q '^rankrun: the root (rank 0) was lost: nobody knows how the job has ended$' "$scratch/err"
nothing_left 'a lost root'

# A rank that dies before it has joined: the others would wait for ever. The job is tried once more without it.
run env RANKWISE_TEST_DIES_EARLY=2/4 "$rankrun" --start-timeout 10 -H localhost:4 -n 4 "$survivor" --quiet
same 'status of a second try' "$status" 0
same 'sum of a second try' "$out" 328350
same 'the rank that never joins' "$err" 'rankrun: after 10 s (--start-timeout) the others still wait for rank 2 on localhost (never started): the job is ended
rankrun: in 1 s the job is started again on 3 ranks, from the beginning (no --journal)'
nothing_left 'a second try'
run env RANKWISE_TEST_DIES_EARLY='1/3 1/2' "$rankrun" --start-timeout 10 --oversubscribe -n 3 "$survivor"
same 'status of ranks that never join twice' "$status" 3
same 'tries' "$(grep -c 'never started): the job is ended$' "$scratch/err")" 2
nothing_left 'ranks that never join twice'

# Ranks that do something else first, for longer than that, are not waited for by others.
run env RANKWISE_TEST_STARTS_AFTER_MS=7500 "$rankrun" --start-timeout 5 --oversubscribe -n 2 "$survivor" --quiet
same 'status of a late start' "$status" 0
same 'sum of a late start' "$out" 328350
same 'what is said of a late start' "$err" ''

# A wrong option is said once, and at once, though ranks wait for the root that has gone: the job takes less than the 3 s
# for which they would be waited for, but for what a job takes anyway. On a busy machine it is tried more than once.
took_us() {
  local -r started=$EPOCHREALTIME
  run "$rankrun" --oversubscribe -n 4 "$survivor" "$@"
  took=$((${EPOCHREALTIME/./} - ${started/./}))
}
for _ in 1 2 3 4 5; do
  took_us --quiet
  usual=$took
  took_us --wrong
  same 'status of a wrong option' "$status" 2
  same 'message of a wrong option' "$err" 'survivor: unknown option --wrong; see --help'
  ((took > usual + 2500000)) || break
done
holds 'a wrong option is said at once' test "$took" -le "$((usual + 2500000))"
nothing_left 'a wrong option'

# Ctrl-C in the middle.
"$rankrun" --oversubscribe -n 3 "$survivor" --what sleep --strike 50 < /dev/null > "$scratch/out" 2> "$scratch/err" &
job=$!
wait_until grep -q ' items ' "$scratch/err"
kill -INT "$job"
status=0
wait "$job" || status=$?
same 'status after SIGINT' "$status" 130
holds 'how far it was is said' grep -q '^rankwise: ended by SIGINT during pool::map: [0-9]* of 100 items were done' "$scratch/err"
nothing_left 'SIGINT'

# Without recovery a rank that dies ends the job, as everywhere.
rm -rf marks
mkdir marks
run "$rankrun" --no-recovery --oversubscribe -n 3 "$survivor" --no-root-work --what kill --strike 50 --marks marks
same 'status without recovery' "$status" 137
nothing_left 'no recovery'

finish
