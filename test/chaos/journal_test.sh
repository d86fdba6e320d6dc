#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Jobs with a journal, as they are typed: journal_test.sh SOURCE_FOLDER RANKRUN JOURNALED [KILLS [SEED]]
# shellcheck source=test/cli/support.sh disable=SC2154
source "$1/test/cli/support.sh" "$1" "$2"
readonly journaled=$3 kills=${4:-6}
RANDOM=${5:-$$}

# held: the items that the journal holds, as "CALL ITEM" lines.
held() {
  "$rankrun" jobs --csv run.db | awk -F, '$1 == "done" { for (i = $3; i < $3 + $4; ++i) print $2, i }' | sort
}

# started LOG COMMAND...: starts a job in the background -> $job, and waits until tasks run or it is over.
started() {
  rm -f "$1"
  RANKWISE_TEST_LOG=$1 "${@:2}" > "$scratch/out" 2> "$scratch/err" < /dev/null &
  job=$!
  wait_until under_way_or_over "$1"
}

under_way_or_over() {
  [[ -s $1 ]] || ! kill -0 "$job" 2> /dev/null
}

# kill_root: whether there was one.
kill_root() {
  local pid
  for pid in $(pgrep -f "^$journaled" || true); do
    if grep -qzx OMPI_COMM_WORLD_RANK=0 "/proc/$pid/environ" 2> /dev/null && kill -KILL "$pid" 2> /dev/null; then
      return 0
    fi
  done
  return 1
}

# ended: -> $status
ended() {
  status=0
  wait "$job" || status=$?
}

# A job without a journal says what is right.
run "$journaled" --items 400
same 'status alone' "$status" 0
readonly right=$out

run env RANKWISE_TEST_LOG=log "$rankrun" --oversubscribe -n 3 "$journaled" --journal run.db
same 'status with a journal' "$status" 0
same 'results with a journal' "$out" "$right"
same 'items that were run' "$(sort log | uniq -c | awk '$1 == 1' | wc -l)" 1200
same 'items that the journal holds' "$(held | wc -l)" 1200
run env RANKWISE_TEST_LOG=log2 "$rankrun" --oversubscribe -n 2 "$journaled" --journal run.db --resume
same 'status of a job that is done' "$status" 0
same 'results of a job that is done' "$out" "$right"
holds 'nothing is run again' test ! -e log2
holds 'the summary says so' grep -q '^1200 items (1200 from the journal) in .*: 0/s' "$scratch/err"
run "$rankrun" jobs run.db
same 'status of jobs' "$status" 0
same 'calls in the list' "$(grep -c '^call [123]: pool::[a-z_]* of .*: 400 of 400 items done, 0 failed, 0 left' <<< "$out")" 3

# What does not fit is refused, and the journal stays as it was.
run "$journaled" --journal run.db
same 'status where the journal is there' "$status" 2
same 'message where the journal is there' "$err" \
  'journaled: run.db: found a journal that holds 1200 results and 0 failures already, accepted: --resume to go on from there, or a new file'
run "$journaled" --journal run.db --resume --items 399
same 'status of another number of items' "$status" 2
same 'message of another number of items' "$err" \
  'journaled: run.db: call 1 of the body does not fit: found --items 399, and the journal has no --items; accepted: the same program with the same options and input, or a new journal'
run "$journaled" --journal run.db --resume --seed 5
same 'status of another seed' "$status" 2
holds 'another seed is named' grep -q 'call 1 of the body does not fit: found --seed 5, and the journal has --seed 0;' <<< "$err"
ln -s "$journaled" other
run ./other --journal run.db --resume
same 'status of another program' "$status" 2
same 'message of another program' "$err" 'journaled: run.db: found the journal of journaled, accepted: one of other, or a new file'
run "$journaled" --resume
same 'message without a journal' "$err" 'journaled: --resume: found no --journal, accepted: --journal FILE as well'
run "$journaled" --journal each.db --each
same 'status of a call that can not be journaled' "$status" 2
same 'message of a call that can not be journaled' "$err" \
  'journaled: --journal: found pool::on_each_rank, accepted: map, for_each and reduce, whose items are independent'
same 'the journal is untouched' "$(held | wc -l)" 1200

# The root is killed at random moments, and the job resumed each time until it is done; then the next job.
n_killed=0
n_done=0
while ((n_killed < kills || n_done == 0)); do
  rm -f run.db* log
  for ((try = 1; try <= kills + 5; ++try)); do
    if [[ -e run.db ]]; then held > before; else : > before; fi
    started log "$rankrun" --oversubscribe -n 3 "$journaled" --pause-us 2000 --journal run.db --resume
    if ((n_killed < kills)); then
      sleep "0.$((RANDOM % 6))$((RANDOM % 10))"
      if kill_root; then n_killed=$((n_killed + 1)); fi
    fi
    ended
    same "items that were run although the journal held them, kill $n_killed" "$(if [[ -e log ]]; then sort -u log; fi | comm -12 - before | head -n 3)" ''
    [[ $status != 0 ]] || break
    same "status where the root is killed, kill $n_killed" "$status" 3
  done
  n_done=$((n_done + 1))
  same "status in the end, job $n_done" "$status" 0
  same "results in the end, job $n_done" "$(cat "$scratch/out")" "$right"
done
echo "journal_test.sh: the root was killed $n_killed times in $n_done jobs"

# What became of each item comes from the journal too, failures included.
run "$journaled" --journal try.db --fail-below 2 --items 4 --try
same 'status of a call that hands out failures' "$status" 0
same 'what became of each item' "$out" $'item 0 is bad\nitem 1 is bad\n1:4\n1:9'
run "$journaled" --journal try.db --fail-below 2 --items 4 --try --resume
same 'status of a call that hands out failures, resumed' "$status" 0
same 'what became of each item, resumed' "$out" \
  $'item 0 is bad (in an earlier run; --retry-failed tries it again)\nitem 1 is bad (in an earlier run; --retry-failed tries it again)\n1:4\n1:9'

# Failures are kept, and tried again when asked.
run "$journaled" --journal bad.db --fail-below 3 --on-error collect --items 20
same 'status with failed items' "$status" 1
run env RANKWISE_TEST_LOG=log3 "$journaled" --journal bad.db --resume --fail-below 3 --on-error collect --items 20
same 'status of failures that are held' "$status" 1
holds 'held failures are said' grep -q 'task 2 failed on rank 0 (.*): item 2 is bad (in an earlier run; --retry-failed tries it again)' <<< "$err"
holds 'failures are not run again' test ! -e log3
run env RANKWISE_TEST_LOG=log3 "$journaled" --journal bad.db --retry-failed --fail-below 3 --on-error collect --items 20
same 'status of failures that are tried again' "$status" 1
same 'failures that are tried again' "$(wc -l < log3)" 3
run "$rankrun" jobs bad.db
same 'failures in the list' "$(grep -c '^failed: call 1, item [012], run [13], rank 0 on .*: item [012] is bad$' <<< "$out")" 6
holds 'counts in the list' grep -q '^call 1: .*: 17 of 20 items done, 3 failed, 0 left; 6 attempts failed$' <<< "$out"
run "$rankrun" jobs --json bad.db
same 'the list as JSON' "$(python3 -c '
import json, sys
held = json.load(sys.stdin)
print(held["program"], len(held["runs"]), held["calls"][0]["done"], sum(one["count"] for one in held["reports"]))
for one in held["failures"]: print(one["item"], one["run"], one["text"], one["is_final"], one["is_done_since"])
' <<< "$out")" "journaled 3 17 17
$(for item in 0 1 2; do for run in 1 3; do echo "$item $run item $item is bad True False"; done; done)"
run "$rankrun" jobs --csv bad.db
same 'head of the list as CSV' "$(head -n 1 <<< "$out")" outcome,call,first,count,run,rank,host,at,task_s,text
same 'failures in the list as CSV' "$(grep -c '^failed,1,[012],1,[13],0,.*,,item [012] is bad$' <<< "$out")" 6

# A disk that is full: the journal stays good.
if mkdir small && mount -t tmpfs -o size=400k tmpfs small 2> /dev/null; then
  trap 'umount small 2> /dev/null || true; rm -rf "$scratch"' EXIT
  run "$rankrun" --oversubscribe -n 2 "$journaled" --items 20000 --journal small/run.db
  same 'status of a full disk' "$status" 3
  holds 'a full disk is said' grep -q '^journaled: small/run.db: database or disk is full; what it holds is whole: --resume goes on from there once there is room$' <<< "$err"
  run "$rankrun" jobs small/run.db
  same 'a journal on a full disk can be read' "$status" 0
  mount -o remount,size=64m small
  run "$rankrun" --oversubscribe -n 2 "$journaled" --items 20000 --journal small/run.db --resume
  same 'status once there is room' "$status" 0
  full=$out
  run "$journaled" --items 20000
  same 'results once there is room' "$full" "$out"
  umount small
else
  echo 'journal_test.sh: no tmpfs can be mounted here: the full disk was not tried'
fi

# rankrun does it by itself.
rm -f run.db*
started log "$rankrun" --restarts 3 --oversubscribe -n 3 "$journaled" --pause-us 8000 --journal run.db
holds 'there is a root to be killed' kill_root
ended
same 'status with --restarts' "$status" 0
same 'results with --restarts' "$(cat "$scratch/out")" "$right"
holds 'the restart is said' grep -q '^rankrun: in 1 s the job is started again on 3 ranks, from what the journal holds (restart 1 of 3)$' "$scratch/err"

finish
