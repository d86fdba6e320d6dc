#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Standard input and output of jobs: streams_test.sh SOURCE_FOLDER RANKRUN LAUNCHED
# shellcheck disable=SC2016  # variables in single quotes are for the ranks
# shellcheck source=test/cli/support.sh
source "$(dirname "$0")/support.sh" "$1" "$2"
readonly launched=$3
printf 'one\ntwo\nthree\n' > lines
readonly all=$'one\ntwo\nthree' done='100 results'

job() { "$rankrun" --oversubscribe -n 2 "$launched" --quiet "$@"; }

# Whichever way the program reads, it gets the input.
for way in cin unsynced stdio read poll thread child; do
  same "read by $way" "$(fed_by lines job --read "$way")" "$all"$'\n'"$done"
done
select='import select, sys; select.select([0], [], []); sys.stdout.write(sys.stdin.read())'
for command in 'cat /dev/stdin' "python3 -c '$select'"; do
  same "read by a child, $command" "$(fed_by lines job --run "$command")" "$all"$'\n'"$done"
done
job_behind_a_pipe() { tee | job --read cin; }
same 'read from a pipe' "$(fed_by lines job_behind_a_pipe)" "$all"$'\n'"$done"
same 'read before run' "$(RANKWISE_TEST_READ=cin fed_by lines job)" "$all"$'\n'"$done"

# A job that reads nothing leaves the input to the loop around it; so does any that is told to.
same 'a loop around a job' "$(while read -r line; do echo "$line" && job; done < lines 2>&1)" \
  "one"$'\n'"$done"$'\ntwo\n'"$done"$'\nthree\n'"$done"
same 'a loop around any program' "$(while read -r line; do echo "$line" && "$rankrun" --stdin none -n 1 cat; done < lines 2>&1)" "$all"
same 'an empty line is input too' "$(fed_by lines "$rankrun" -n 1 cat)" "$all"

# Closed descriptors.
same 'input closed' "$( (exec <&- && job --read read) 2>&1)" "$done"
same 'input closed, another program' "$( (exec <&- && "$rankrun" -n 1 cat) 2>&1)" ''
same 'errors closed' "$( (exec 2>&-; job --read read < lines))" "$all"$'\n'"$done"
for program in job "$launched --quiet" "$rankrun --version" "$rankrun -n 1 echo word"; do
  status=0
  # shellcheck disable=SC2086  # words
  (exec >&-; $program < /dev/null 2> "$scratch/err") || status=$?
  same "status of $program with its output closed" "$status" 2
  same "message of $program with its output closed" "$(sed 's/^[a-z]*: //' "$scratch/err")" \
    "standard output can't be written: Bad file descriptor"
done

# A full device: one line, status 2, and no new start.
for program in job "job --lines 100000" "job --json" "job --help" "job --version" "$launched --quiet" "$launched --lines 100000" \
  "$launched --json" "$launched --help" "$rankrun --help" "$rankrun --version" "$rankrun -n 1 --dry-run true" \
  "$rankrun -n 1 echo word" "$rankrun --restarts 2 -n 1 echo word" "$rankrun --restarts 2 -n 1 $launched --quiet"; do
  status=0
  # shellcheck disable=SC2086  # words
  $program > /dev/full 2> "$scratch/err" < /dev/null || status=$?
  same "status of $program on a full device" "$status" 2
  same "message of $program on a full device" "$(sed 's/^[a-z]*: //' "$scratch/err")" \
    "standard output can't be written: No space left on device"
done
status=0
"$rankrun" -n 1 sh -c 'echo word; exit 7' > /dev/full 2> "$scratch/err" || status=$?
same 'status of a job that fails, too' "$status" 7

# Nobody reads: quiet, and soon.
for program in "job --lines 1000000" "$rankrun -n 2 yes" "$rankrun --restarts 2 -n 1 yes" "$launched --lines 1000000"; do
  started=$EPOCHREALTIME
  set +o pipefail
  # shellcheck disable=SC2086  # words
  $program 2> "$scratch/err" < /dev/null | head -n 1 > "$scratch/out"
  same "status of $program | head" "${PIPESTATUS[0]}" 141
  set -o pipefail
  same "stderr of $program | head" "$(cat "$scratch/err")" ''
  holds "$program ends soon" soon "$started"
done

# Who reads slowly gets all.
same 'lines for a slow reader' "$(job --lines 200000 | (sleep 4 && wc -l))" 200001

# Standard error that nobody reads holds the job up, and no signal.
mkfifo "$scratch/unread"
exec {unread}<> "$scratch/unread"
status=0
started=$EPOCHREALTIME
timeout --kill-after 60 3 "$rankrun" -n 1 sh -c "echo \$\$ > '$scratch/pid'; exec yes >&2" 2> "$scratch/unread" < /dev/null || status=$?
same 'status of a job whose stderr nobody reads' "$status" 124
holds 'SIGTERM ends it soon' soon "$started"
holds 'it leaves no process' is_gone "$(< "$scratch/pid")"
exec {unread}<&-

# Who reads standard error late gets all, last words too, also where others have made it non-blocking.
same 'errors for a slow reader' "$("$rankrun" -n 1 sh -c 'seq 100000 >&2' 2>&1 > /dev/null | (sleep 2 && wc -l))" 100000
nonblocking='import fcntl, os, sys; fcntl.fcntl(2, fcntl.F_SETFL, os.O_WRONLY | os.O_NONBLOCK); os.execv(sys.argv[1], sys.argv[1:])'
same 'errors through a non-blocking pipe' \
  "$(python3 -c "$nonblocking" "$rankrun" -n 1 sh -c 'seq 100000 >&2' 2>&1 > /dev/null | (sleep 2 && wc -l))" 100000

finish
