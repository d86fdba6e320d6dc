#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Programs that a job starts are no part of it: nested_test.sh SOURCE_FOLDER RANKRUN LAUNCHED
# shellcheck disable=SC2016  # variables in single quotes are for the ranks
# shellcheck source=test/cli/support.sh
source "$(dirname "$0")/support.sh" "$1" "$2"
readonly launched=$3

# is_whole EXPECTED WHAT COMMAND...: the job ends well with all its results, whatever it starts.
is_whole() {
  local -r expected=$1 what=$2
  shift 2
  run "$@"
  same "status: $what" "$status" 0
  same "stdout: $what" "$out" "$expected"
  same "stderr: $what" "$err" ''
}

rankrun_2() { "$rankrun" --oversubscribe -n 2 "$launched" --quiet "$@"; }
plain_2() { "$mpirun" --oversubscribe -n 2 "$launched" --quiet "$@"; }
mpirun=$(type -P mpirun)
readonly version='launched 0.1.0' whole='100 results'

# Longer than ranks have once the root has said how the job ends.
is_whole "$version"$'\n'"$whole" 'a job goes on after a program has ended' rankrun_2 --task-ms 90 --run "$launched --version"
for job in rankrun_2 plain_2; do
  is_whole "$version"$'\n'"$whole" "$job: the body asks a program for its version" "$job" --run "$launched --version"
  is_whole "$whole"$'\n'"$whole" "$job: the body runs a program" "$job" --run "$launched --quiet"
  is_whole "$whole"$'\n'"$whole" "$job: a task on the root runs one" "$job" --run-in-task "$launched --quiet" --schedule static
  is_whole "$whole"$'\n'"$whole" "$job: a task on another rank runs one" "$job" --run-in-task "$launched --quiet" --schedule static --item 99
  is_whole "$whole"$'\n'"$whole" "$job: the body runs a job" "$job" --run "$rankrun --oversubscribe -n 2 $launched --quiet"
  is_whole "$whole"$'\n'"$whole" "$job: a task on another rank runs a job" \
    "$job" --run-in-task "$rankrun --oversubscribe -n 2 $launched --quiet" --schedule static --item 99
done
is_whole "$whole"$'\n'"$whole" 'the body runs a job under the real mpirun' \
  rankrun_2 --run "$mpirun --oversubscribe -n 2 $launched --quiet"

# One that fails is no reason to end.
run rankrun_2 --run "$launched --wrong"
same 'status where a program is started wrongly' "$status" 0
same 'stdout where a program is started wrongly' "$out" $'the body\'s command failed\n'"$whole"
same 'stderr where a program is started wrongly' "$err" 'launched: unknown option --wrong; see --help'

# What rankrun tells a rank is not for its children; what MPI says of the rank is there to be read.
# (The two write each by itself: in any order.)
run rankrun_2 --schedule static --item 99 \
  --run-in-task 'echo "$OMPI_COMM_WORLD_RANK [$RANKWISE_LAUNCHER$RANKWISE_RESUME$RANKWISE_TERMINAL$PMIX_RANK]"'
same 'status of what a child sees' "$status" 0
same 'stderr of what a child sees' "$err" ''
same 'what a child sees' "$(LC_ALL=C sort <<< "$out")" $'1 []\n'"$whole"

# The same from a shell that is a rank.
succeeds "$whole" "$rankrun" -n 1 sh -c "$rankrun --oversubscribe -n 2 $launched --quiet"

finish
